"""The checkpoints that a run has, and what they make of pictures."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app import verbs
from app.trainings.checkpoints import MODELS, choose_checkpoint, find_checkpoints
from app.trainings.comparison import compare
from app.trainings.orders import Lesson, Order, Record
from app.trainings.runs import Trainings
from app.trainings.standing import Training
from cyclegan.config import TrainConfig
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import InputError
from cyclegan.contract.images import Picture
from cyclegan.contract.standing import Measured


def test_the_best_and_the_latest_are_told_apart_with_their_figures(
    measured: Callable[..., Training],
) -> None:
    training = measured({20: 8.0, 40: 6.0, 60: 7.0})
    found = find_checkpoints(training, "AtoB")
    assert [(each.name, each.measured) for each in found] == [
        ("best", Measured(40, {"SWD": 6.0}, is_best=True)),
        ("latest", Measured(60, {"SWD": 7.0}, is_best=False)),
    ]
    (back,) = find_checkpoints(training, "BtoA")
    order = training.record.order
    assert (back.name, back.source, found[0].source) == ("latest", order.domain_b, order.domain_a)
    assert choose_checkpoint(training, "AtoB", "best") == found[0]
    with pytest.raises(InputError, match="horse2zebra has no such checkpoint yet"):
        choose_checkpoint(training, "BtoA", "best")


def test_a_run_that_ends_with_its_best_has_one_checkpoint(
    measured: Callable[..., Training],
) -> None:
    for figures in ({50: 8.0, 99: 6.0}, {50: 6.0, 100: 8.0}):  # not over, and not its best
        assert len(find_checkpoints(measured(figures), "AtoB")) == 2
    (latest,) = find_checkpoints(measured({50: 8.0, 100: 6.0}), "AtoB")
    assert (latest.name, latest.measured) == ("latest", Measured(100, {"SWD": 6.0}, True))


def test_only_directions_that_are_learned_have_checkpoints(
    measured: Callable[..., Training],
) -> None:
    training = measured({20: 8.0}, method="simgan", direction="AtoB")
    assert training.directions == ("AtoB",)
    assert find_checkpoints(training, "BtoA") == []


def test_checkpoints_teach_and_translate_held_out_pictures_and_a_visitors_own(
    measured: Callable[..., Training], add_model: Callable[..., Any], tmp_path: Path
) -> None:
    training = measured({20: 6.0, 40: 8.0}, test_a=str(tmp_path / "testA"), domain_a="/none")
    models = training.run / MODELS
    (tmp_path / "testA").mkdir()
    models.mkdir()
    colours = [(10 * place, 0, 0) for place in range(9)]
    for place, colour in enumerate(colours):
        Image.new("RGB", (8, 8), colour).save(tmp_path / "testA" / f"{place}.png")
    (tmp_path / "testA" / "broken.png").write_bytes(b"x")
    own = Picture(np.full((10, 1000, 3), 7, np.uint8))
    for name, operator in (("best", "Neg"), ("latest", "Identity")):
        add_model(models, f"horse2zebra-AtoB-{name}", operator)

    settings = {"load_size_min": 40, "load_size_max": 50, "crop_size": 32, "compile": False}
    lesson = choose_checkpoint(replace(training, config=settings), "AtoB", "best").teach("tiny", 5)
    assert lesson.lesson == Lesson(str(models / "horse2zebra-AtoB-best.onnx"), "AtoB", "tiny")
    assert (lesson.domain_a, lesson.max_minutes) == (training.record.order.domain_a, 5)
    assert lesson.settings[-2:] == ("crop_size=32", "compile=false")

    comparison = compare(training, "AtoB", own)
    small, *examples = comparison.pictures
    assert small.rgb.shape == (5, 512, 3)
    assert [tuple(each.rgb[0, 0]) for each in examples] == [colours[0], colours[4]]  # and broken
    best, latest = comparison.candidates
    assert (best.checkpoint.name, latest.checkpoint.name) == ("best", "latest")
    for before, negated, same in zip(
        comparison.pictures, best.translations, latest.translations, strict=True
    ):
        assert np.array_equal(negated.rgb, 255 - before.rgb)
        assert np.array_equal(same.rgb, before.rgb)


def test_a_model_has_no_letters_of_its_run_that_a_card_may_not_have(
    measured: Callable[..., Training], add_model: Callable[..., Any]
) -> None:
    training = measured({20: 6.0, 40: 8.0})
    run = training.run.rename(training.run.with_name("犬2猫"))
    (run / MODELS).mkdir()
    add_model(run / MODELS, "AtoB-best")
    best = choose_checkpoint(replace(training, run=run), "AtoB", "best")
    assert best.to_model() == run / MODELS / "AtoB-best.onnx"


def test_a_checkpoint_that_is_written_during_an_export_is_exported_next(
    measured: Callable[..., Training],
    add_model: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training = measured({20: 6.0})
    latest = choose_checkpoint(training, "AtoB", "latest")
    (training.run / MODELS).mkdir()
    exported = []

    def export(*_arguments: object, **_options: object) -> str:
        if not exported:
            later_ns = latest.file.stat().st_mtime_ns + 10**6
            os.utime(latest.file, ns=(later_ns, later_ns))
        exported.append(add_model(training.run / MODELS, "horse2zebra-AtoB-latest"))
        return ""

    monkeypatch.setattr(verbs, "run", export)
    for _ in range(3):
        latest.to_model()
    assert len(exported) == 2


def test_a_model_that_int8_would_spoil_is_refused_and_an_older_one_is_made_anew(
    tmp_path: Path, order: Order, add_model: Callable[..., Any]
) -> None:
    torch = pytest.importorskip("torch", reason="training needs torch (extra: train)")
    from cyclegan.methods import STEPS
    from cyclegan.run_claim import claim_run
    from cyclegan.run_folder import RunState, write_checkpoint

    random = np.random.default_rng(0)
    for place in range(16):
        rgb = random.integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(rgb).save(tmp_path / f"{place}.png")
    config = TrainConfig(
        domain_a=str(tmp_path),
        domain_b=str(tmp_path),
        generator="plain",
        generator_width=8,
        generator_blocks=1,
        discriminator_width=8,
        load_size_min=32,
        load_size_max=32,
        crop_size=32,
    )
    step = STEPS[config.method](config, torch.device("cpu"))
    for weight in step.averages["G_AB"].parameters():
        if weight.ndim == 4:  # few are large, and take all steps of 8 bits: about 15 dB
            weight.data = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)) ** 5
    run = tmp_path / "runs" / "horse2zebra"
    run.mkdir(parents=True)
    Record(replace(order, domain_a=str(tmp_path)), pid=0).write(run)
    with claim_run(config, run):
        write_checkpoint(run, config, step, RunState(images_seen=1), (16, 16))
    latest = choose_checkpoint(Trainings(tmp_path).look(run.name), "AtoB", "latest")
    with pytest.raises(InputError, match="dB from the fp32 one, at least 35 are expected"):
        latest.export("small", tmp_path / "weights", as_int8=True)
    assert not (tmp_path / "weights").exists()
    (run / MODELS).mkdir()
    add_model(run / MODELS, "horse2zebra-AtoB-latest")  # of an earlier checkpoint
    before = latest.file.stat().st_mtime - 1
    os.utime(run / MODELS / "horse2zebra-AtoB-latest.json", (before, before))
    assert ModelCard.read(latest.to_model().with_suffix(".json")).training.images_seen == 1
