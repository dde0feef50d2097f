"""What is no checkpoint is refused in a sentence. Resuming is in `test_train.py`."""

import pickle
import random
from pathlib import Path
from typing import Any

import pytest
import torch

from cyclegan.checkpoint import fill, load_checkpoint, load_weights, save_checkpoint
from cyclegan.contract.errors import CheckpointError
from tests.cyclegan.runs import assert_same


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_bare_pickle_with_code_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    path = tmp_path / "net.pth"
    path.write_bytes(pickle.dumps({"model.1.weight": Trap()}, protocol))
    with pytest.raises(CheckpointError, match=r"net\.pth: .* nothing of *it was run") as refusal:
        load_weights(path)
    assert "weights_only" not in str(refusal.value), "tells how to run it"
    assert not (tmp_path / "sprung").exists()


def test_damage_anywhere_is_a_sentence(tmp_path: Path) -> None:
    path, rng = tmp_path / "latest.pt", random.Random(0)
    save_checkpoint(path, {"step": {"weight": torch.zeros(3), "norms": [1.0, None, "instance"]}})
    whole = [path.read_bytes(), pickle.dumps({"a": [1, 2.5, "b"], "c": (None, True)}, 2)]
    told = []
    for number in range(400):
        content = bytearray(whole[number % 2])
        for _ in range(4):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content)
        try:
            load_checkpoint(path)
        except CheckpointError as error:
            told.append(str(error))
    assert len(told) > 200
    assert all(text.startswith(f"{path}: ") for text in told)


WEIGHTS = {"head.weight": torch.ones(2), "model": torch.zeros(1)}  # a layer may be called so


@pytest.mark.parametrize(
    "content",
    [
        WEIGHTS,
        {"state_dict": WEIGHTS, "epoch": 3},
        {"model": WEIGHTS, "optimizer": {}},
        {"state_dict": {"head.weight": torch.zeros(2)}, "state_dict_ema": WEIGHTS},
        {f"module.{name}": weight for name, weight in WEIGHTS.items()},
        {"model": {f"module._orig_mod.{name}": weight for name, weight in WEIGHTS.items()}},
    ],
)
def test_weights_are_found_however_they_were_wrapped(
    tmp_path: Path, content: dict[str, Any]
) -> None:
    torch.save(content, tmp_path / "net.pth")
    assert_same(load_weights(tmp_path / "net.pth"), WEIGHTS)


def test_a_file_may_lack_what_batch_norms_counted_and_nothing_else(tmp_path: Path) -> None:
    theirs = torch.nn.BatchNorm2d(2)
    theirs(torch.rand(3, 2, 4, 4))
    weights = theirs.state_dict()
    del weights["num_batches_tracked"]  # files of PyTorch before 0.4.1 have none
    torch.save(weights, tmp_path / "old.pth")
    ours = torch.nn.BatchNorm2d(2)
    fill(ours, tmp_path / "old.pth", "a norm")
    assert_same({name: ours.state_dict()[name] for name in weights}, dict(weights))
    del weights["running_mean"]
    torch.save(weights, tmp_path / "less.pth")
    with pytest.raises(
        CheckpointError, match=r"expected running_mean of shape \[2\], found nothing"
    ):
        fill(ours, tmp_path / "less.pth", "a norm")
