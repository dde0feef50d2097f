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

from cyclegan.alarms import GRACE, PATIENCE, RULES, judge
from cyclegan.checkpoint import find_nonfinite, load_checkpoint, save_checkpoint
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import TrainingError
from cyclegan.networks import build_generator
from cyclegan.plain import PlainGenerator
from cyclegan.terminal import training_progress
from cyclegan.train import Progress, train

HEALTHY = {
    "change": 0.04,
    "colour_correlation": 0.98,
    "diversity": 1.1,
    "checkerboard": 1.0,
    "blobs": 0.0,
    "told_apart": 0.9,
    "adv_gradient": 30.0,
    "astray": 0.05,
}
# By alarm, a reading in which it holds; in the order of RULES.
SICK = {
    "discriminator-saturated": {"told_apart": 1.0},
    "copying": {"change": 0.01},
    "colours-inverted": {"colour_correlation": -0.9},
    "mode-collapse": {"diversity": 0.1},
    "checkerboard": {"checkerboard": 10.0},
    "blobs": {"blobs": 0.1},
    "diverging": {"astray": 0.4},
}


def of_both(**changes: float) -> dict[str, float]:
    """Readings of both directions, from A to B with changes."""
    reading = HEALTHY | changes
    return {f"{name}_AB": value for name, value in reading.items()} | {
        f"{name}_BA": value for name, value in HEALTHY.items()
    }


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_an_alarm_rings_once_with_its_remedy_and_is_over_once(
    config: TrainConfig, code: str
) -> None:
    held: dict[str, int] = {}
    said = [
        judge(readings, held, config, share=0.5)
        for readings in [of_both(**SICK[code])] * (PATIENCE + 2) + [of_both()] * 2
    ]
    assert [len(alarms) for alarms in said] == [0] * (PATIENCE - 1) + [1, 0, 0, 1, 0]
    (begins,), (ends,) = said[PATIENCE - 1], said[PATIENCE + 2]
    assert (begins.code, begins.direction, begins.is_on) == (code, "AtoB", True)
    assert "from red to blue" in begins.text
    assert begins.remedy
    assert "{" not in begins.text + begins.remedy
    assert (ends.code, ends.direction, ends.is_on) == (code, "AtoB", False)
    assert held == {}


@pytest.mark.parametrize(
    ("code", "settings", "advice"),
    [
        ("discriminator-saturated", {"diffaugment": "on"}, "diffaugment=on"),
        ("discriminator-saturated", {"discriminator_norm": "spectral"}, "spectral"),
        ("discriminator-saturated", {"discriminator": "projected"}, "spectral"),
        ("mode-collapse", {"diffaugment": "on"}, "diffaugment=on"),
        (
            "checkerboard",
            {"generator": "resnet9", "generator_upsample": "resize"},
            "generator_upsample=resize",
        ),
        ("blobs", {"generator": "plain"}, "generator=plain"),
    ],
)
def test_a_remedy_does_not_advise_what_a_run_has_or_cannot_have(
    config: TrainConfig, code: str, settings: dict[str, str], advice: str
) -> None:
    lacking = config.replace(generator="resnet9")
    for run, is_told in ((lacking, True), (lacking.replace(**settings), False)):
        held = {f"{code}_AB": PATIENCE - 1}
        (alarm,) = judge(of_both(**SICK[code]), held, run, share=0.5)
        assert (advice in alarm.remedy) == is_told
        assert alarm.remedy


def test_health_is_silence(config: TrainConfig) -> None:
    held: dict[str, int] = {}
    assert [judge(of_both(), held, config, share=0.5) for _ in range(5)] == [()] * 5


def test_a_single_sick_reading_is_no_alarm(config: TrainConfig) -> None:
    held: dict[str, int] = {}
    for readings in [of_both(change=0.0), of_both()] * 3:
        assert judge(readings, held, config, share=0.5) == ()


def test_the_start_of_a_run_is_not_judged(config: TrainConfig) -> None:
    held: dict[str, int] = {}
    for _ in range(PATIENCE + 1):
        assert judge(of_both(change=0.0), held, config, share=GRACE / 2) == ()
    assert held == {}


def test_a_critic_may_tell_all_apart_while_its_gradient_lives(config: TrainConfig) -> None:
    critic = config.replace(objective="wgan-gp")
    for changes, codes in (
        ({"told_apart": 1.0}, []),
        ({"adv_gradient": 0.1}, ["discriminator-saturated"]),
    ):
        held = {"discriminator-saturated_AB": PATIENCE - 1}
        alarms = judge(of_both(**changes), held, critic, share=0.5)
        assert [alarm.code for alarm in alarms] == codes


# Runs that are sick in earnest


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
