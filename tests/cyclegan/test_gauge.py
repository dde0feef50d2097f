import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from PIL import Image
from torch import Tensor, nn
from typer.testing import CliRunner

from cyclegan.checkpoint import load_checkpoint, save_checkpoint
from cyclegan.cli.command import register
from cyclegan.config import TrainConfig
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import (
    CheckpointError,
    ConfigError,
    DatasetError,
    ModelError,
    TrainingError,
)
from cyclegan.export import export
from cyclegan.gauge import Gauge
from cyclegan.origin import choose_checkpoint
from cyclegan.train import train
from cyclegan.two_way import CycleGANStep
from tests.cyclegan.runs import DISTILL, KilledError, assert_same, kill_at, losses_of, timeless


class Painter(nn.Module):
    """A generator whose every answer is one colour."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))

    def forward(self, real: Tensor) -> Tensor:
        return self.value.expand_as(real)


@pytest.fixture
def judged(config: TrainConfig, data_dir: Path, features: Path) -> TrainConfig:
    """The run of six steps, measured at every second one."""
    return config.replace(
        test_a=str(data_dir / "testA"),
        test_b=str(data_dir / "testB"),
        features=str(features),
        evaluate_every=2,
    )


@pytest.fixture
def still(judged: TrainConfig) -> TrainConfig:
    """A run that learns nothing, so that every measurement says the same."""
    return judged.replace(learning_rate=1e-15, evaluate_every=1)


def white(folder: Path) -> list[Path]:
    paths = [folder / f"{index}.png" for index in range(3)]
    for path in paths:
        Image.new("RGB", (50, 40), "white").save(path)
    return paths


def test_the_figures_of_plain_colours_are_those_by_hand(
    judged: TrainConfig, tmp_path: Path
) -> None:
    gauge = Gauge(judged.replace(test_b=""), {"B": white(tmp_path)})
    measurement = gauge.measure({"G_AB": Painter(-0.6)}, images_seen=7)
    # Mean colours (-0.6, -0.6, -0.6) and (1, 1, 1): with k = (x.y / 3 + 1)^3, KID is
    # 1.36^3 + 2^3 - 2 * 0.4^3, and FID without any spread 3 * 1.6^2.
    assert measurement.row == pytest.approx({"KID_AtoB": 1038.7456, "FID_AtoB": 7.68}, rel=1e-5)
    record = measurement.records["AtoB"]
    assert str(record) == "KID x100 1038.75 at 7 images"
    for words in ("4 held-out pictures of A", "3 training pictures of B", "colour.onnx", "40 pix"):
        assert words in record.protocol


def test_without_a_network_thumbnails_are_compared(judged: TrainConfig, tmp_path: Path) -> None:
    gauge = Gauge(judged.replace(features="", test_b=""), {"B": white(tmp_path)})
    assert gauge.measure({"G_AB": Painter(1.0)}, 7).row == {"SWD_AtoB": pytest.approx(0)}
    assert gauge.measure({"G_AB": Painter(0.0)}, 7).row["SWD_AtoB"] > 1


@pytest.mark.parametrize(
    ("settings", "directions"),
    [
        ({}, ["AtoB", "BtoA"]),
        ({"test_b": ""}, ["AtoB"]),
        ({"method": "simgan", "lambda_cycle": 0}, ["AtoB"]),
        (DISTILL | {"direction": "BtoA"}, ["BtoA"]),
    ],
)
def test_directions_must_be_learned_and_have_held_out_pictures(
    judged: TrainConfig, settings: dict[str, Any], directions: list[str]
) -> None:
    assert Gauge(judged.replace(**settings), {}).directions == directions


def test_a_student_is_held_against_its_teacher_pixel_by_pixel(
    judged: TrainConfig, tmp_path: Path
) -> None:
    gauge = Gauge(judged.replace(**DISTILL), {"B": white(tmp_path)}, np.zeros_like)
    # Black pictures against 51 of 255, which is -0.6 in [-1, 1]
    row = gauge.measure({"G_AB": Painter(-0.6)}, 7).row
    assert row["teacher_RMSE_AtoB"] == pytest.approx(51)


def test_held_out_pictures_that_cannot_be_read_are_left_out_and_named(
    judged: TrainConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(judged.test_a, tmp_path / "held_out")
    (tmp_path / "held_out" / "1.png").write_bytes(b"no picture")
    judged = judged.replace(test_a=str(tmp_path / "held_out"), test_b="")
    gauge = Gauge(judged, {"B": white(tmp_path)})
    assert "measuring without it: " in caplog.text
    assert "1.png" in caplog.text
    record = gauge.measure({"G_AB": Painter(0.0)}, 7).records["AtoB"]
    assert "3 held-out pictures" in record.protocol
    for name in ("0.png", "2.png"):
        (tmp_path / "held_out" / name).write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"held_out: 1 of 4 pictures can be read"):
        Gauge(judged, {})


def test_a_run_keeps_the_best_of_each_direction(tmp_path: Path, judged: TrainConfig) -> None:
    state = train(judged, tmp_path)
    rows = [row for row in losses_of(tmp_path) if "KID_AtoB" in row]
    assert [row["images_seen"] for row in rows] == [2, 4, 6]
    for direction, name in (("AtoB", "G_AB_ema"), ("BtoA", "G_BA_ema")):
        values = [row[f"KID_{direction}"] for row in rows]
        lowest = [min(values[: i + 1]) for i in range(3)]
        marks = [row[f"is_best_{direction}"] for row in rows]
        assert marks == [True, lowest[1] < lowest[0], lowest[2] < lowest[1]]
        kept = load_checkpoint(tmp_path / f"best_{direction}.pt")
        assert kept["record"]["value"] == min(values)
        assert kept["record"]["images_seen"] == rows[values.index(min(values))]["images_seen"]
        assert kept["record"]["images_seen"] == kept["run"]["images_seen"]
        assert list(kept["step"]) == [name]
        assert vars(state.best[direction]) == kept["record"]


def test_measuring_changes_nothing_of_what_is_learned(tmp_path: Path, judged: TrainConfig) -> None:
    train(judged, tmp_path / "judged")
    train(judged.replace(evaluate_every=0), tmp_path / "not")
    ours, theirs = (load_checkpoint(tmp_path / name / "latest.pt") for name in ("judged", "not"))
    assert_same(ours["step"], theirs["step"])


@pytest.mark.parametrize("killed_at", [4, 5])  # between a measurement and its checkpoint; after
def test_resume_measures_as_an_uninterrupted_run(
    tmp_path: Path, judged: TrainConfig, killed_at: int
) -> None:
    train(judged, tmp_path / "whole")
    with pytest.raises(KilledError):
        train(judged, tmp_path / "cut", on_progress=kill_at(killed_at))
    train(judged, tmp_path / "cut")
    for name in ("latest.pt", "best_AtoB.pt", "best_BtoA.pt"):
        whole, cut = (load_checkpoint(tmp_path / run / name) for run in ("whole", "cut"))
        assert_same(timeless(cut), timeless(whole), name)
    assert losses_of(tmp_path / "cut") == losses_of(tmp_path / "whole")


def test_a_best_of_a_future_that_did_not_come_is_forgotten(
    tmp_path: Path, still: TrainConfig
) -> None:
    train(still.replace(max_images=3), tmp_path)
    path = tmp_path / "best_AtoB.pt"
    ahead = load_checkpoint(path)  # as of a process that was killed before its next checkpoint
    ahead["record"] |= {"value": -1.0, "images_seen": 4}
    save_checkpoint(path, {key: ahead[key] for key in ahead if key != "format_version"})
    state = train(still, tmp_path)
    assert state.best["AtoB"].images_seen == 4
    assert load_checkpoint(path)["record"] == asdict(state.best["AtoB"])


def test_patience_ends_a_run_for_good_and_more_of_it_goes_on(
    tmp_path: Path, still: TrainConfig
) -> None:
    config = still.replace(patience=2)
    for _ in range(2):  # the same command again does not go on
        state = train(config, tmp_path)
        assert state.images_seen == 3  # the first is the best, and two are no better
        assert config.is_out_of_patience(state.stale)
        page = (tmp_path / "report.html").read_text()
        assert "Ended early at 50 %" in page
        assert "ended early: 2 measurements brought nothing better" in page
        assert "data-next-s" not in page.partition("<script")[0]  # no news is to come
        assert "cyclegan train" not in page
    assert [row.get("without_best") for row in losses_of(tmp_path)] == [0, 1, None, 2, None]
    assert load_checkpoint(tmp_path / "latest.pt")["run"]["images_seen"] == 3
    assert (tmp_path / "sheets" / "000000003.jpg").is_file()
    state = train(config.replace(patience=4), tmp_path)
    assert state.images_seen == 5
    assert "ended early: 4 measurements" in (tmp_path / "report.html").read_text()


def test_a_network_may_be_given_later_and_the_best_starts_anew(
    tmp_path: Path, still: TrainConfig
) -> None:
    state = train(still.replace(features="", max_images=2), tmp_path)
    assert (state.best["AtoB"].metric, state.best["AtoB"].images_seen) == ("SWD", 1)
    state = train(still.replace(max_images=4), tmp_path)
    assert (state.best["AtoB"].metric, state.best["AtoB"].images_seen) == ("KID", 3)
    with pytest.raises(ConfigError, match=r"features is '.*colour.onnx' there and '' here"):
        train(still.replace(features=""), tmp_path)


def test_a_generator_that_answers_no_numbers_stops_the_run(
    tmp_path: Path, judged: TrainConfig
) -> None:
    diverging = judged.replace(learning_rate=1e30, ema_decay=0.0, log_every=100)
    with pytest.raises(TrainingError, match=r"KID_AtoB.* no number before 2 images"):
        train(diverging, tmp_path)
    assert not list(tmp_path.glob("*.pt"))


def test_the_command_says_what_it_measures_and_why_it_ends(
    still: TrainConfig, data_dir: Path, tmp_path: Path
) -> None:
    command = typer.Typer()
    register(command)
    differing = {
        key: value
        for key, value in still.replace(patience=1).to_dict().items()
        if value != getattr(TrainConfig(), key) and not key.startswith(("domain", "test"))
    }
    settings = [f"--set={key}={value}" for key, value in differing.items()]
    arguments = ["train", "--preset=paper", *settings, f"--features={still.features}"]
    arguments += [f"--out={tmp_path / 'run'}", f"--data={data_dir}"]
    for is_over in (False, True):  # the same command again does not go on
        result = CliRunner().invoke(command, arguments, catch_exceptions=False)
        measured = re.findall(
            r"measured at (\d) images: AtoB KID \S+ FID \S+( \(best\))?,", result.stderr
        )
        assert measured == ([] if is_over else [("1", " (best)"), ("2", "")])
        assert f"{tmp_path / 'run' / 'report.html'} shows how it went\n" in result.stdout
        assert re.search(r"\nbest AtoB: KID x100 \S+ at 1 images\n", result.stdout)
        assert "ended early: no new best in a row of 1 measurements" in result.stdout
    for other, found in ((data_dir / "trainB", str(data_dir / "testA")), (data_dir / "testB", "")):
        alone = [f"--domain-a={still.domain_a}", f"--domain-b={other}", "--max-images=1"]
        alone += [f"--out={tmp_path / 'other'}", "--dry-run"]
        result = CliRunner().invoke(command, ["train", *alone], catch_exceptions=False)
        assert json.loads(result.stdout)["test_a"] == found


def test_an_unloadable_network_is_found_before_a_run_is_made(
    tmp_path: Path, judged: TrainConfig
) -> None:
    with pytest.raises(ModelError, match="no such feature network"):
        train(judged.replace(features=str(tmp_path / "none.onnx")), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_export_takes_the_best_by_kid_and_says_so(tmp_path: Path, still: TrainConfig) -> None:
    run = tmp_path / "run"
    train(still.replace(max_images=2), run)
    said: list[str] = []
    card = export(run, "AtoB", "model", tmp_path, on_choice=said.append)
    best = load_checkpoint(run / "best_AtoB.pt")
    assert said == [f"best: KID x100 {best['record']['value']:.2f} at 1 of 2 images"]
    assert (card.training.checkpoint, card.training.images_seen) == ("best", 1)
    assert card.training.config["features"] == "colour.onnx"  # no path of this machine
    assert ModelCard.read(tmp_path / "model.json") == card
    name, latest, sentence = choose_checkpoint(run, "AtoB", "latest")
    assert (name, latest["run"]["images_seen"], sentence) == ("latest", 2, "latest: 2 images")
    (run / "best_AtoB.pt").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"damaged.*; --checkpoint latest exports the latest"):
        choose_checkpoint(run, "AtoB", None)
    (run / "best_AtoB.pt").unlink()
    assert choose_checkpoint(run, "AtoB", None)[0] == "latest"
    with pytest.raises(CheckpointError, match=r"best_AtoB.pt: no such checkpoint.*latest"):
        choose_checkpoint(run, "AtoB", "best")


def test_export_takes_the_best_of_thumbnails_only_when_told(
    tmp_path: Path, still: TrainConfig
) -> None:
    train(still.replace(max_images=2, features=""), tmp_path)
    name, latest, sentence = choose_checkpoint(tmp_path, "AtoB", None)
    assert (name, latest["run"]["images_seen"]) == ("latest", 2)
    assert sentence.startswith("latest: 2 images (the best was chosen by thumbnails, SWD x100 ")
    name, best, sentence = choose_checkpoint(tmp_path, "AtoB", "best")
    assert (name, best["run"]["images_seen"]) == ("best", 1)
    assert sentence.startswith("best: SWD x100 ")


def test_a_best_that_is_newer_than_the_latest_claims_what_it_is(
    tmp_path: Path, still: TrainConfig
) -> None:
    train(still.replace(max_images=1, test_a=""), tmp_path)
    with pytest.raises(KilledError):
        train(still, tmp_path, on_progress=kill_at(2))
    assert load_checkpoint(tmp_path / "latest.pt")["run"]["images_seen"] == 1
    _, best, sentence = choose_checkpoint(tmp_path, "AtoB", None)
    assert sentence.endswith(" at 2 of 2 images")
    assert best["run"]["images_seen"] == 2


def test_the_exported_best_has_the_weights_that_were_measured(
    tmp_path: Path, judged: TrainConfig
) -> None:
    train(judged, tmp_path / "run")
    record = load_checkpoint(tmp_path / "run" / "best_BtoA.pt")["record"]
    step = CycleGANStep(judged)
    step.averages["G_BA"].load_state_dict(
        load_checkpoint(tmp_path / "run" / "best_BtoA.pt")["step"]["G_BA_ema"]
    )
    paths = sorted(Path(judged.domain_a).iterdir())
    gauge = Gauge(judged.replace(test_a=""), {"A": paths})
    measurement = gauge.measure(step.averages, record["images_seen"])
    assert vars(measurement.records["BtoA"]) == record
    assert np.isfinite(record["value"])
