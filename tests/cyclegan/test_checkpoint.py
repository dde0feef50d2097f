"""What is no checkpoint is refused in a sentence. Resuming is in `test_train.py`."""

import pickle
import random
from pathlib import Path
from typing import Any

import pytest
import torch

from cyclegan.checkpoint import load_checkpoint, load_weights, save_checkpoint
from cyclegan.contract.errors import CheckpointError


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
