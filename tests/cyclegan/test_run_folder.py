import json
import shutil
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import torch

from cyclegan.checkpoint import load_checkpoint, save_checkpoint
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import CheckpointError, ConfigError
from cyclegan.importer import read_start
from cyclegan.origin import find_origin
from cyclegan.run_folder import describe_hardware
from cyclegan.train import train


def test_a_best_that_is_damaged_is_measured_anew(
    tmp_path: Path, config: TrainConfig, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = config.replace(test_a=str(data_dir / "testA"), evaluate_every=2)
    train(config, tmp_path)
    best = tmp_path / "best_AtoB.pt"
    best.write_bytes(best.read_bytes()[:1000])
    assert train(config.replace(max_images=8), tmp_path).images_seen == 8
    assert "best_AtoB.pt: damaged" in caplog.text
    assert load_checkpoint(best)["run"]["images_seen"] == 8


def test_a_best_is_not_replaced_where_the_checkpoint_is_gone(
    tmp_path: Path, config: TrainConfig, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = config.replace(test_a=str(data_dir / "testA"), evaluate_every=2)
    train(config, tmp_path)
    (tmp_path / "latest.pt").unlink()
    best, log = tmp_path / "best_AtoB.pt", tmp_path / "log.jsonl"
    before = best.read_bytes(), log.read_bytes()
    with pytest.raises(
        CheckpointError, match=r"has best_AtoB\.pt, which .* no latest\.pt to go on"
    ):
        train(config, tmp_path)
    assert (best.read_bytes(), log.read_bytes()) == before
    best.unlink()
    assert train(config, tmp_path).images_seen == 6
    assert "has no latest.pt to go on from, so the run begins anew" in caplog.text


def test_other_pictures_than_before_are_said(
    tmp_path: Path, config: TrainConfig, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(config.domain_a, tmp_path / "A")
    config = config.replace(domain_a=str(tmp_path / "A"))
    train(config, tmp_path / "run")
    next((tmp_path / "A").iterdir()).unlink()
    train(config.replace(max_images=8), tmp_path / "run")
    assert "domain A has 4 pictures now, 5 before: the run goes on, but" in caplog.text


def test_as_many_others_are_said_and_the_same_elsewhere_are_not(
    tmp_path: Path, config: TrainConfig, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(config.domain_a, tmp_path / "A")
    config = config.replace(domain_a=str(tmp_path / "A"))
    train(config, tmp_path / "run")
    (tmp_path / "A").rename(tmp_path / "moved")
    config = config.replace(domain_a=str(tmp_path / "moved"))
    train(config.replace(max_images=8), tmp_path / "run")
    assert not caplog.messages
    shutil.copyfile(Path(config.domain_b, "0.png"), tmp_path / "moved" / "0.png")
    for length in (10, 12):
        train(config.replace(max_images=length), tmp_path / "run")
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "the pictures of domain A are others than before"
    ]


def test_a_damaged_checkpoint_is_named(tmp_path: Path, config: TrainConfig) -> None:
    train(config, tmp_path)
    path = tmp_path / "latest.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"latest.pt: damaged"):
        train(config, tmp_path)


def test_a_newer_checkpoint_asks_for_an_update(
    tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cyclegan.checkpoint.FORMAT_VERSION", 99)
    train(config, tmp_path)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=r"version 99.*update"):
        train(config, tmp_path)


@pytest.mark.parametrize(
    ("part", "key", "named"),
    [
        ("config", "lambda_hue", "unknown config key 'lambda_hue'.*use the one that wrote it"),
        ("run", "mood", "keeps other things .*'mood'.*go on with the one that wrote it"),
        ("step", "G_AB", "keeps other things .*Missing key.*go on with the one that wrote it"),
    ],
)
def test_a_checkpoint_of_another_version_is_told(
    tmp_path: Path, config: TrainConfig, part: str, key: str, named: str
) -> None:
    train(config, tmp_path)
    checkpoint = load_checkpoint(tmp_path / "latest.pt")
    checkpoint[part][key] = {}
    save_checkpoint(tmp_path / "latest.pt", checkpoint)
    with pytest.raises(CheckpointError, match=rf"latest\.pt: of another version of cyc.*{named}"):
        train(config, tmp_path)
    if part == "config":
        with pytest.raises(CheckpointError, match=rf"{tmp_path}: of another version.*{named}"):
            find_origin([tmp_path], "AtoB", None, lambda _: None)
        settings = tmp_path / "config.json"
        settings.write_text(json.dumps(checkpoint["config"]))
        with pytest.raises(ConfigError, match=rf"config\.json: of another version.*{named}"):
            train(config, tmp_path)


@pytest.mark.parametrize("lost", ["config", "pictures", "hardware", "run", "step", "images_seen"])
def test_a_checkpoint_that_lacks_a_part_is_told(
    tmp_path: Path, config: TrainConfig, lost: str
) -> None:
    train(config, tmp_path)
    checkpoint = load_checkpoint(tmp_path / "latest.pt")
    del (checkpoint if lost in checkpoint else checkpoint["run"])[lost]
    save_checkpoint(tmp_path / "latest.pt", checkpoint)
    for use in (
        lambda: train(config, tmp_path),
        lambda: find_origin([tmp_path], "AtoB", None, print),
        lambda: read_start(tmp_path, {}),
    ):
        with pytest.raises(
            CheckpointError, match=rf"latest\.pt: was changed .* no {lost} as a che"
        ):
            use()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("config", ["a"]),
        ("config", {1: 2}),
        ("config/border", torch.zeros(3)),
        ("pictures", [5, "5"]),
        ("step", "a"),
        ("step/G_AB_ema", None),
        ("step/G_AB_ema", {1: torch.zeros(3)}),
        ("step/D_A", torch.zeros(3)),
        ("step/G_BA/head", "a"),
        ("step/pool_A/images", ["a"]),
        ("step/optimizer_G/state", {0: []}),
        ("step/calls", "1"),
        ("run/images_seen", "6"),
        ("run/sums/disc_A", None),
        ("run/counts", None),
        ("run/unreadable", {"A": "a.png"}),
        ("run/fingerprints", None),
        ("run/anew", 1),
        ("run/best", {"AtoB": 1}),
    ],
)
def test_a_checkpoint_with_a_part_of_another_kind_is_told(
    tmp_path: Path, config: TrainConfig, path: str, value: object
) -> None:
    train(config, tmp_path)
    checkpoint = load_checkpoint(tmp_path / "latest.pt")
    *outer, key = path.split("/")
    reduce(getitem, outer, checkpoint)[key] = value
    save_checkpoint(tmp_path / "latest.pt", checkpoint)
    for use in (
        lambda: train(config, tmp_path),
        lambda: find_origin([tmp_path], "AtoB", None, print),
        lambda: read_start(tmp_path, {}),
    ):
        with pytest.raises(CheckpointError, match=r"latest\.pt: was changed .* has no "):
            use()


def test_a_latest_in_place_of_a_best_is_told_and_measured_anew(
    tmp_path: Path, config: TrainConfig, data_dir: Path
) -> None:
    config = config.replace(test_a=str(data_dir / "testA"), evaluate_every=2)
    train(config, tmp_path)
    shutil.copyfile(tmp_path / "latest.pt", tmp_path / "best_AtoB.pt")
    with pytest.raises(CheckpointError, match=r"best_AtoB\.pt: does not say what it was measured"):
        find_origin([tmp_path], "AtoB", None, print)
    train(config.replace(max_images=8), tmp_path)
    assert load_checkpoint(tmp_path / "best_AtoB.pt")["record"]["images_seen"] == 8


@pytest.mark.parametrize(
    "changes", [{"value": "a"}, {"images_seen": None}, {"metric": "LPIPS"}, {"metric": ["KID"]}]
)
def test_a_best_that_was_measured_at_nothing_is_told(
    tmp_path: Path, config: TrainConfig, data_dir: Path, changes: dict[str, Any]
) -> None:
    config = config.replace(test_a=str(data_dir / "testA"), evaluate_every=2)
    train(config, tmp_path)
    best = load_checkpoint(tmp_path / "best_AtoB.pt")
    best["record"] |= changes
    save_checkpoint(tmp_path / "best_AtoB.pt", best)
    with pytest.raises(CheckpointError, match=r"best_AtoB\.pt: does not say what it was measured"):
        find_origin([tmp_path], "AtoB", None, print)
    latest = load_checkpoint(tmp_path / "latest.pt")
    latest["run"]["best"]["AtoB"] |= changes
    save_checkpoint(tmp_path / "latest.pt", latest)
    with pytest.raises(CheckpointError, match=r"latest\.pt: .*no measurement: Record"):
        train(config.replace(max_images=8), tmp_path)


def test_a_checkpoint_with_code_in_it_is_refused_and_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    torch.save({"format_version": 1, "trap": Trap()}, tmp_path / "latest.pt")
    with pytest.raises(CheckpointError, match=r"holds code \(.*refused"):
        load_checkpoint(tmp_path / "latest.pt")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(("threads", "told"), [(1, ", 1 thread"), (2, ", 2 threads")])
def test_a_card_counts_threads_in_english(
    monkeypatch: pytest.MonkeyPatch, threads: int, told: str
) -> None:
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    assert describe_hardware(torch.device("cpu")).endswith(told)
