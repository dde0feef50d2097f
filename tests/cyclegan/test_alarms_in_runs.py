"""Runs that are sick in earnest ring, and are told of where people look."""

import html
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor, nn

from cyclegan.checkpoint import find_nonfinite, load_checkpoint, save_checkpoint
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import TrainingError
from cyclegan.networks import build_generator
from cyclegan.plain import PlainGenerator
from cyclegan.terminal import training_progress
from cyclegan.train import Progress, train


@pytest.fixture
def faint(tmp_path: Path, config: TrainConfig) -> TrainConfig:
    """A run of four readings on grey pictures, so faint that tanh hardly bends them.

    Its generators can pass every pixel on, and learn too slowly to change. The domains are alike,
    so that the discriminators cannot tell them.
    """
    random = np.random.default_rng(0)
    for name in ("A", "B"):
        (tmp_path / name).mkdir()
        for index in range(8):
            rgb = random.integers(100, 156, (8, 8, 3), dtype=np.uint8)
            picture = Image.fromarray(rgb).resize((36, 36), Image.Resampling.NEAREST)
            picture.save(tmp_path / name / f"{index}.png")
    return config.replace(
        domain_a=str(tmp_path / "A"),
        domain_b=str(tmp_path / "B"),
        generator_width=48,  # 4 * 4 pixels of 3 channels
        learning_rate=1e-9,
        max_images=5,
        alarm_every=1,
        ema_decay=0.0,
    )


def paint(gain: float, bias: Tensor) -> nn.Module:
    """A generator that answers tanh(gain * x + bias), bias of each pixel of a 4 by 4 cell."""
    generator = build_generator("plain", 48, 1)
    assert isinstance(generator, PlainGenerator)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.zero_()
        head, tail = generator.head[1], generator.tail[0]
        head.weight[:, :, 1, 1] = torch.eye(48)
        tail.weight[:, :, 1, 1] = gain * torch.eye(48)
        tail.bias.copy_(bias.expand(3, 4, 4).flatten())
    return generator


def sabotage(run: Path, **networks: nn.Module) -> None:
    """Put networks into a run's checkpoint, in place of its own."""
    checkpoint = load_checkpoint(run / "latest.pt")
    checkpoint["step"] |= {name: network.state_dict() for name, network in networks.items()}
    save_checkpoint(run / "latest.pt", checkpoint)


def rows_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def alarms_of(run: Path) -> list[tuple[Any, ...]]:
    keys = ("images_seen", "alarm", "direction", "state")
    return [tuple(row[key] for key in keys) for row in rows_of(run) if "alarm" in row]


GREY = torch.zeros(1, 4, 4)
GRID = 0.2 * torch.tensor([[1.0, -1], [-1, 1]]).repeat(1, 2, 2)


@pytest.mark.parametrize(
    ("codes", "gain", "bias"),
    [
        ({"copying"}, 1.0, GREY),
        ({"colours-inverted"}, -1.0, GREY),
        ({"mode-collapse"}, 0.0, GREY + 0.4),
        ({"checkerboard"}, 1.0, GRID),
        ({"blobs"}, 20.0, GREY),
    ],
)
def test_a_sick_generator_rings_in_a_run(
    tmp_path: Path, faint: TrainConfig, codes: set[str], gain: float, bias: Tensor
) -> None:
    run = tmp_path / "run"
    train(faint.replace(max_images=1, alarm_every=9), run)
    sabotage(run, G_AB=paint(gain, bias))
    train(faint, run)
    # What the untrained way back does is not the matter here.
    rung = [alarm for alarm in alarms_of(run) if alarm[2] == "AtoB"]
    assert rung == [(3, code, "AtoB", "on") for code in codes]


def test_a_discriminator_trained_alone_saturates_unless_that_is_its_head_start(
    tmp_path: Path, config: TrainConfig
) -> None:
    # Red noise and blue noise, and the generators get a turn at the very end.
    alone = config.replace(learning_rate=2e-3, max_images=40, alarm_every=4, sheet_every=100)
    for name, settings in {"alone": {"d_steps": 40}, "ahead": {"head_start_images": 39}}.items():
        train(alone.replace(**settings), tmp_path / name)
        readings = [row["told_apart_AB"] for row in rows_of(tmp_path / name) if "change_AB" in row]
        assert readings[-2] == 1
    assert "discriminator-saturated" in {alarm[1] for alarm in alarms_of(tmp_path / "alone")}
    assert alarms_of(tmp_path / "ahead") == []


def test_generators_are_judged_soon_after_a_head_start(tmp_path: Path, config: TrainConfig) -> None:
    # Too slow to learn anything, they stay as sick as they were drawn.
    ahead = config.replace(head_start_images=10, max_images=20, alarm_every=1, learning_rate=1e-9)
    train(ahead.replace(checkpoint_every=100), tmp_path)
    # A twentieth of 20 images after the tenth, and the reading after that
    assert alarms_of(tmp_path)[0][0] == pytest.approx(12, abs=1)


def test_a_dead_discriminator_leaves_no_gradient(tmp_path: Path, faint: TrainConfig) -> None:
    train(faint.replace(max_images=1, alarm_every=9), tmp_path / "run")
    checkpoint = load_checkpoint(tmp_path / "run" / "latest.pt")
    for weight in checkpoint["step"]["D_B"].values():
        weight.zero_()
    save_checkpoint(tmp_path / "run" / "latest.pt", checkpoint)
    train(faint, tmp_path / "run")
    assert (3, "discriminator-saturated", "AtoB", "on") in alarms_of(tmp_path / "run")


def test_an_alarm_is_in_the_terminal_the_log_tensorboard_and_the_report(
    tmp_path: Path, faint: TrainConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    train(faint.replace(max_images=1, alarm_every=9), run)
    sabotage(run, G_AB=paint(1.0, GREY))
    with training_progress() as on_progress:
        train(faint, run, on_progress=on_progress)
    (row,) = [row for row in rows_of(run) if row.get("alarm") == "copying"]
    assert list(row) == ["images_seen", "alarm", "state", "direction", "text", "remedy"]
    assert "lambda_identity" in row["remedy"]
    assert f"alarm: copying  {row['text']} {row['remedy']}\n" in capsys.readouterr().err
    board = EventAccumulator(str(run / "tensorboard")).Reload()
    shown = [
        event.tensor_proto.string_val[0].decode() for event in board.Tensors("alarm/text_summary")
    ]
    assert any(row["text"] in words and row["remedy"] in words for words in shown)
    page = html.unescape((run / "report.html").read_text())
    assert row["text"] in page
    assert row["remedy"] in page
    assert [event.step for event in board.Scalars("change_AB")] == [2, 3, 4, 5]


def test_an_alarm_is_told_once_however_often_a_run_is_cut(
    tmp_path: Path, faint: TrainConfig
) -> None:
    logs = []
    for name, stops in (("whole", (5,)), ("cut", (2, 3, 4, 5))):
        run = tmp_path / name
        train(faint.replace(max_images=1, alarm_every=9, schedule="constant"), run)
        sabotage(run, G_AB=paint(1.0, GREY))
        for stop in stops:
            train(faint.replace(max_images=stop, schedule="constant"), run)
        logs.append(alarms_of(run))
    assert logs[0] == logs[1]
    assert logs[0]


def test_readings_change_no_training(tmp_path: Path, config: TrainConfig) -> None:
    settings = config.replace(
        discriminator_norm="spectral", objective="hinge", diffaugment="on", lambda_self=1.0
    )
    weights = []
    for every in (1, 4, 100):
        train(settings.replace(alarm_every=every), tmp_path / str(every))
        step = load_checkpoint(tmp_path / str(every) / "latest.pt")["step"]
        weights.append(
            {f"{name}/{k}": v for name in ("G_AB", "D_B") for k, v in step[name].items()}
        )
    for others in weights[1:]:
        assert weights[0].keys() == others.keys()
        assert all(torch.equal(value, others[key]) for key, value in weights[0].items())


@pytest.mark.parametrize("settings", [{}, {"log_every": 100, "checkpoint_every": 1}])
def test_numbers_that_are_none_stop_the_run_and_spare_the_checkpoint(
    tmp_path: Path, config: TrainConfig, settings: dict[str, Any]
) -> None:
    train(config.replace(max_images=3), tmp_path)
    checkpoint = load_checkpoint(tmp_path / "latest.pt")
    next(iter(checkpoint["step"]["G_AB"].values()))[0] = float("nan")
    save_checkpoint(tmp_path / "latest.pt", checkpoint)
    before = (tmp_path / "latest.pt").read_bytes()
    with pytest.raises(TrainingError, match="lower learning_rate"):
        train(config.replace(**settings), tmp_path)
    assert (tmp_path / "latest.pt").read_bytes() == before
    assert [alarm[1:] for alarm in alarms_of(tmp_path)] == [("non-finite", "", "on")]
    assert "NaN" not in (tmp_path / "log.jsonl").read_text()


def test_a_stopped_run_writes_no_weight_that_is_no_number(
    tmp_path: Path, config: TrainConfig
) -> None:
    # Between two lines of the log, and with finite losses: the update alone overflows.
    bursting = config.replace(learning_rate=3e38, log_every=100, max_images=100)
    with pytest.raises(TrainingError, match=r"G_AB"):
        train(bursting.replace(checkpoint_every=1), tmp_path)
    assert not (tmp_path / "latest.pt").exists()
    assert alarms_of(tmp_path) == [(1, "non-finite", "", "on")]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), torch.tensor([1.0, -float("inf")])])
def test_what_is_not_finite_is_named_by_its_part(value: Any) -> None:
    state = {"fine": {"a": torch.ones(3), "b": [1, None, "inf"]}, "broken": {"deep": [{0: value}]}}
    assert find_nonfinite(state) == ["broken"]


def test_the_terminal_is_told_of_alarms_between_two_lines(
    tmp_path: Path, faint: TrainConfig
) -> None:
    told: list[Progress] = []
    train(faint.replace(max_images=1, alarm_every=9), tmp_path / "run")
    sabotage(tmp_path / "run", G_AB=paint(-1.0, GREY))
    train(faint.replace(log_every=5), tmp_path / "run", on_progress=told.append)
    (ringing,) = [
        progress
        for progress in told
        if "colours-inverted" in [alarm.code for alarm in progress.alarms]
    ]
    assert (ringing.images_seen, ringing.losses) == (3, None)
