import shutil
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from cyclegan.checkpoint import averaged_weights, load_checkpoint, save_checkpoint
from cyclegan.config import TrainConfig
from cyclegan.contract.card import ModelCard, Part
from cyclegan.contract.errors import CheckpointError, InputError
from cyclegan.export import export
from cyclegan.networks import generator_from
from cyclegan.origin import find_origin
from cyclegan.train import train


@pytest.fixture
def short(config: TrainConfig) -> TrainConfig:
    """A run of two steps that go far."""
    return config.replace(max_images=2, learning_rate=0.01)


@pytest.fixture
def run(short: TrainConfig, tmp_path: Path) -> Path:
    train(short, tmp_path / "run")
    return tmp_path / "run"


def test_a_model_of_several_runs_has_the_mean_of_their_weights(
    short: TrainConfig, run: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    train(short.replace(seed=1, domain_a=short.domain_a.replace("trainA", "testA")), other)
    told: list[str] = []
    card = export(run, "BtoA", "mean", tmp_path, average=[other], on_choice=told.append)
    assert told == [f"{run}: latest: 2 images", f"{other}: latest: 2 images"]
    assert card.training
    assert card.training.mean_of == (
        Part("run", "latest", images_seen=2, seed=0, counts=1),
        Part("other", "latest", images_seen=2, seed=1, counts=1),
    )
    assert (card.training.seed, card.training.images_seen) == (0, 4)
    assert card.training.data == (
        "5 pictures of red, 5 pictures of blue; and 4 pictures of red, 5 pictures of blue"
    )
    states = [load_checkpoint(each / "latest.pt") for each in (run, other)]
    ours, theirs = (averaged_weights(state["step"], "G_BA") for state in states)
    network = generator_from(short)
    network.load_state_dict({key: (ours[key] + theirs[key]) / 2 for key in ours})
    picture = np.random.default_rng(1).uniform(-1, 1, (1, 3, 44, 64)).astype(np.float32)
    session = ort.InferenceSession(tmp_path / card.file, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {card.input_name: picture})
    with torch.no_grad():
        wanted = network(torch.from_numpy(picture)).numpy()
        network.load_state_dict(ours)
        without = network(torch.from_numpy(picture)).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert np.abs(found - without).max() > 1e-3


def test_checkpoints_of_one_run_are_averaged_and_their_pictures_counted_once(
    short: TrainConfig, run: Path, tmp_path: Path
) -> None:
    early = tmp_path / "early"
    train(short.replace(max_images=1), early)
    shutil.copy(early / "latest.pt", run / "early.pt")
    told: list[str] = []
    twice = [run / "early.pt"] * 2
    card = export(run, "AtoB", "mean", tmp_path, average=twice, on_choice=told.append)
    assert told[1:] == [f"{run / 'early.pt'}: latest: 1 images"] * 2
    assert card.training
    assert card.training.mean_of == (
        Part("run", "latest", images_seen=2, seed=0, counts=1),
        Part("run", "latest", images_seen=1, seed=0, counts=2),
    )
    assert card.training.images_seen == 2
    assert ModelCard.read(tmp_path / "mean.json") == card
    late, before = (
        averaged_weights(load_checkpoint(run / f"{name}.pt")["step"], "G_AB")
        for name in ("latest", "early")
    )
    network = find_origin([run, *twice], "AtoB", None, told.append).network
    for key, found in network.state_dict().items():
        torch.testing.assert_close(found, (late[key] + 2 * before[key]) / 3)
        assert not torch.equal(late[key], before[key])


def test_a_checkpoint_is_told_apart_from_a_folder_and_from_the_other_directions_best(
    config: TrainConfig, data_dir: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run.pt"
    held_out = {f"test_{kind}": str(data_dir / f"test{kind.upper()}") for kind in "ab"}
    train(config.replace(**held_out, evaluate_every=2, evaluate_pictures=2), run)
    best = run / "best_AtoB.pt"
    for path in (run, best):
        assert find_origin([path], "AtoB", None, lambda _: None).runs[0][0] == run
    refusal = r"holds no generator BtoA; give best_BtoA\.pt, .*, or --direction AtoB\Z"
    with pytest.raises(CheckpointError, match=refusal):
        find_origin([best], "BtoA", None, lambda _: None)
    with pytest.raises(InputError, match=r"best_AtoB\.pt is a checkpoint itself; leave out"):
        find_origin([best, best], "AtoB", "latest", lambda _: None)


def test_weights_that_do_not_fit_their_config_are_told_in_one_line(run: Path) -> None:
    checkpoint = load_checkpoint(run / "latest.pt")
    for name in checkpoint["step"]["G_AB_ema"]:
        checkpoint["step"]["G_AB_ema"][name] = torch.zeros(2)
    save_checkpoint(run / "latest.pt", checkpoint)
    with pytest.raises(CheckpointError) as caught:
        find_origin([run], "AtoB", None, lambda _: None)
    assert "the weights do not fit a plain as the run's config describes it" in str(caught.value)
    assert str(caught.value).endswith("; put back what `cyclegan train` wrote")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_checkpoint_is_named_as_it_was_given(run: Path, tmp_path: Path) -> None:
    model = tmp_path / "horse2zebra.onnx"
    model.touch()
    for paths in ([model], [run, model]):
        with pytest.raises(CheckpointError) as caught:
            find_origin(paths, "AtoB", None, lambda _: None)
        assert str(caught.value) == (
            f"{model} is a file; expected a run folder made by `cyclegan train`, or a checkpoint "
            "(.pt) in one, such as latest.pt"
        )


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("generator", "resnet6", "generator is 'resnet6', not 'plain'"),
        ("generator_blocks", 2, "blocks is 2, not 1"),
        ("name_b", "green", r"domains is \('red', 'green'\), not \('red', 'blue'\)"),
    ],
)
def test_runs_of_other_generators_or_domains_have_no_mean(
    short: TrainConfig, run: Path, tmp_path: Path, setting: str, value: object, named: str
) -> None:
    train(short.replace(**{setting: value}), tmp_path / "other")
    with pytest.raises(CheckpointError, match=f"other has no mean with the first run: {named}"):
        export(run, "AtoB", "mean", tmp_path / "models", average=[tmp_path / "other"])
    assert not (tmp_path / "models").exists()
