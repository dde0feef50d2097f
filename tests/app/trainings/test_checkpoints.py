"""The checkpoints that a run has, and what they make of pictures."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.trainings.checkpoints import MODELS, choose_checkpoint, find_checkpoints
from app.trainings.comparison import compare
from app.trainings.orders import Lesson
from app.trainings.standing import Training
from cyclegan.contract.errors import InputError


def test_the_best_and_the_latest_are_told_apart_with_their_figures(
    measured: Callable[..., Training],
) -> None:
    training = measured({20: 8.0, 40: 6.0, 60: 7.0})
    found = find_checkpoints(training, "AtoB")
    assert [(each.name, each.figures, each.measured_at) for each in found] == [
        ("best", {"SWD": 6.0}, 40),
        ("latest", {"SWD": 7.0}, 60),
    ]
    assert [each.name for each in find_checkpoints(training, "BtoA")] == ["latest"]
    assert choose_checkpoint(training, "AtoB", "best") == found[0]
    with pytest.raises(InputError, match="horse2zebra has no such checkpoint yet"):
        choose_checkpoint(training, "BtoA", "best")


def test_a_run_that_ends_with_its_best_has_one_checkpoint(
    measured: Callable[..., Training],
) -> None:
    assert len(find_checkpoints(measured({50: 8.0, 99: 6.0}), "AtoB")) == 2
    (latest,) = find_checkpoints(measured({50: 8.0, 100: 6.0}), "AtoB")
    assert (latest.name, latest.figures) == ("latest", {"SWD": 6.0})


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
    Image.new("RGB", (1000, 10), (1, 2, 3)).save(tmp_path / "own.png")
    for name, operator in (("best", "Neg"), ("latest", "Identity")):
        add_model(models, f"horse2zebra-AtoB-{name}", operator)

    settings = {"load_size_min": 40, "load_size_max": 50, "crop_size": 32, "compile": False}
    lesson = choose_checkpoint(replace(training, config=settings), "AtoB", "best").teach("tiny", 5)
    assert lesson.lesson == Lesson(str(models / "horse2zebra-AtoB-best.onnx"), "AtoB", "tiny")
    assert (lesson.domain_a, lesson.max_minutes) == (training.record.order.domain_a, 5)
    assert lesson.settings[-2:] == ("crop_size=32", "compile=false")

    comparison = compare(training, "AtoB", tmp_path / "own.png")
    own, *examples = comparison.pictures
    assert own.rgb.shape == (5, 512, 3)
    assert [tuple(each.rgb[0, 0]) for each in examples] == [colours[0], colours[4]]  # and broken
    best, latest = comparison.candidates
    assert (best.checkpoint.name, latest.checkpoint.name) == ("best", "latest")
    for before, negated, same in zip(
        comparison.pictures, best.translations, latest.translations, strict=True
    ):
        assert np.array_equal(negated.rgb, 255 - before.rgb)
        assert np.array_equal(same.rgb, before.rgb)
