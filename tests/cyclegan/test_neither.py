"""Pictures of neither kind: a third folder, which the generators learn to leave alone."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cyclegan.checkpoint import load_checkpoint
from cyclegan.config import TrainConfig, read_config
from cyclegan.contract.errors import DatasetError
from cyclegan.dataset import UnpairedDataset, iterate_batches
from cyclegan.one_way import DistillStep, SimGANStep
from cyclegan.provenance import describe_data
from cyclegan.step import Step
from cyclegan.train import train
from cyclegan.two_way import CycleGANStep
from tests.cyclegan.runs import DISTILL, batch, command, losses_of

COUNT = 100


@pytest.fixture
def config(config: TrainConfig, tmp_path: Path) -> TrainConfig:
    folder = tmp_path / "neither"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(COUNT):
        grey = rng.integers(0, 256, (40, 34), dtype=np.uint8)
        Image.fromarray(grey).save(folder / f"{index}.png")
    return config.replace(neither=str(folder))


def test_a_batch_has_crops_of_them_wherever_it_is_taken_up(config: TrainConfig) -> None:
    config = config.replace(batch_size=2)
    dataset = UnpairedDataset(config)
    assert dataset.pictures == (5, 5, COUNT)
    batches = list(islice(iterate_batches(dataset, config, 0), 4))
    with_workers = config.replace(num_workers=1)
    again = list(islice(iterate_batches(dataset, with_workers, 4), 2))
    for ours, theirs in zip(batches[2:], again, strict=True):
        assert ours.neither is not None
        assert ours.neither.shape == (2, 3, 32, 32)
        assert torch.equal(ours.neither, theirs.neither)
        assert torch.equal(ours.neither[:, 0], ours.neither[:, 2])  # grey


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (CycleGANStep, {}),
        (SimGANStep, {"method": "simgan", "lambda_cycle": 0.0}),
        (DistillStep, DISTILL),
    ],
)
def test_what_changes_in_them_is_a_loss(
    config: TrainConfig, kind: type[Step], settings: dict[str, object]
) -> None:
    step = kind(config.replace(lambda_neither=100.0, **settings))
    neither, _ = batch(1)
    names = {"G_AB": "neither_AB", "G_BA": "neither_BA"}
    wanted = {}
    with torch.no_grad():
        for name in step.generator_names:
            wanted[names[name]] = (step.networks[name](neither) - neither).abs().mean()
    given = {"neither": neither} | ({"taught": neither} if kind is DistillStep else {})
    found = [step(*batch(seed), learning_rate=1e-2, **given) for seed in range(20)]
    for name, value in wanted.items():
        torch.testing.assert_close(found[0][name], value)
        assert float(found[-1][name]) < 0.9 * float(value)  # it is learned
    without = kind(config.replace(lambda_neither=0.0, **settings))
    left_out = without(*batch(), learning_rate=1e-3, **given)
    assert not wanted.keys() & left_out.keys()  # as any term of no weight


def test_a_run_logs_them_and_its_models_say_so(tmp_path: Path, config: TrainConfig) -> None:
    run = tmp_path / "run"
    train(config, run)
    assert all({"neither_AB", "neither_BA"} <= row.keys() for row in losses_of(run))
    told = describe_data(config, load_checkpoint(run / "latest.pt"))
    assert told == f"5 pictures of red, 5 pictures of blue, {COUNT} pictures of neither kind"


def test_those_that_cannot_be_read_are_counted_for_themselves(
    tmp_path: Path, config: TrainConfig, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = sorted(Path(config.neither).iterdir())
    pictures[0].write_bytes(pictures[0].read_bytes()[:100])
    state = train(config.replace(max_images=COUNT, checkpoint_every=50), tmp_path / "run")
    assert [*state.unreadable["neither"]] == [str(pictures[0])]
    assert "training goes on without it" in caplog.text
    pictures[1].write_bytes(b"")
    with pytest.raises(DatasetError, match=f"2 of the {COUNT} pictures of neither kind cannot"):
        train(config.replace(max_images=2 * COUNT + 1), tmp_path / "run")


def test_a_run_that_is_given_some_later_says_so(
    tmp_path: Path, config: TrainConfig, caplog: pytest.LogCaptureFixture
) -> None:
    train(config.replace(neither=""), tmp_path / "run")
    train(config.replace(max_images=8), tmp_path / "run")
    assert f"neither kind has {COUNT} pictures now, 0 before: the run goes on, but" in caplog.text


def test_the_command_takes_a_folder_of_them_and_remembers_it(
    tmp_path: Path, config: TrainConfig, data_dir: Path
) -> None:
    run = tmp_path / "run"
    small = ["--set", "crop_size=32", "--set", "load_size_min=34", "--set", "load_size_max=40"]
    arguments = ["train", "--data", data_dir, "--out", run, "--no-compile", *small]
    command(*arguments, "--neither", config.neither, "--max-images", 1)
    assert read_config(run / "config.json").neither == config.neither
    command(*arguments, "--max-images", 2)
    assert load_checkpoint(run / "latest.pt")["run"]["images_seen"] == 2
    for folder, sentence in (
        (tmp_path / "nowhere", "nowhere: no such folder"),
        (data_dir, "trainA and .*: expected two folders of different pictures"),
    ):
        with pytest.raises(DatasetError, match=sentence):
            command(*arguments[:4], tmp_path / "other", "--neither", folder)
    assert not (tmp_path / "other").exists()
