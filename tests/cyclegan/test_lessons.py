from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from cyclegan.config import TrainConfig
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import ConfigError
from cyclegan.dataset import iterate_batches
from cyclegan.lessons import SCALES, LessonDataset, LessonStream, plan
from cyclegan.teacher import Teacher


class Negative:
    """A teacher that remembers the pictures it was asked about."""

    def __init__(self) -> None:
        self.asked: dict[bytes, tuple[int, ...]] = {}

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        self.asked[rgb.tobytes()] = rgb.shape
        return 255 - rgb


@pytest.fixture
def large(tmp_path: Path) -> list[Path]:
    """Five pictures of 300 x 400 pixels: 0.36 MB each."""
    paths = [tmp_path / f"{index}.png" for index in range(5)]
    rng = np.random.default_rng(0)
    for path in paths:
        colours = Image.fromarray(rng.integers(0, 256, (3, 4, 3), dtype=np.uint8))
        colours.resize((400, 300)).save(path)
    return paths


@pytest.fixture
def at_300(student: TrainConfig) -> TrainConfig:
    return student.replace(load_size_min=100, load_size_max=300, teacher_cache_mb=1)


def test_a_lesson_is_a_crop_and_the_same_crop_of_the_whole_translated_picture(
    config: TrainConfig,
) -> None:
    teacher = Negative()
    paths = sorted(Path(config.domain_a).iterdir())
    stream = LessonStream(paths, config, 0, teacher)
    for index in range(40):
        real, taught, _ = stream.lesson(index)
        assert real.shape == (3, 32, 32)
        assert torch.allclose(taught, -real, atol=1e-6)
    # At four scales from 34 to 40, never the crop of 32
    assert {min(height, width) for height, width, _ in teacher.asked.values()} == {34, 36, 38, 40}


def test_versions_are_scales_and_their_mirror_images(config: TrainConfig, tmp_path: Path) -> None:
    ramp = np.broadcast_to(np.arange(0, 160, 4, dtype=np.uint8)[:, None], (40, 40, 3))
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    for path in paths:
        Image.fromarray(ramp).save(path)

    def rises(settings: TrainConfig) -> set[bool]:
        stream = LessonStream(paths, settings, 0, Negative())
        return {bool((stream.lesson(i)[0][0, 0].diff() > 0).all()) for i in range(40)}

    assert rises(config) == {True, False}
    assert rises(config.replace(flip=False)) == {True}


@pytest.mark.parametrize(
    ("megabytes", "pictures", "versions"),
    [
        (1, 2, 1),  # 300 x 401 x 3 bytes fit twice: one of some
        (2, 5, 1),  # 1.8 MB: one of all
        (4, 5, 2),
        (1000, 5, 8),  # all that there are
    ],
)
def test_the_budget_decides_how_many_pictures_and_versions_are_taught(
    at_300: TrainConfig, large: list[Path], megabytes: int, pictures: int, versions: int
) -> None:
    config = at_300.replace(teacher_cache_mb=megabytes)
    chosen, kept = plan(large, config, 2 * SCALES)
    assert (len(chosen), kept) == (pictures, versions)
    teacher = Negative()
    stream = LessonStream(large, config, 0, teacher)
    for index in range(5 * versions * pictures):  # each picture in each version, by all chances
        stream.lesson(index)
    assert len(teacher.asked) == pictures * versions
    assert sum(map(int, map(np.prod, teacher.asked.values()))) <= megabytes * 10**6


def test_a_strip_is_taught_by_few_squares(config: TrainConfig, tmp_path: Path) -> None:
    strip = np.random.default_rng(0).integers(0, 256, (40, 4000, 3), dtype=np.uint8)
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    for path in paths:
        Image.fromarray(strip).save(path)
    teacher = Negative()
    stream = LessonStream(paths, config, 0, teacher)
    for index in range(100):
        stream.lesson(index)
    assert len(teacher.asked) == 2 * 2 * SCALES


def test_a_budget_without_room_for_a_batch_is_refused(
    at_300: TrainConfig, large: list[Path]
) -> None:
    with pytest.raises(ConfigError, match="of 3 pictures or more, got 1, which has room for 2"):
        plan(large, at_300.replace(batch_size=3), 8)


def test_a_teacher_that_may_be_tiled_exactly_is_asked_about_crops(
    student: TrainConfig, taught_run: Path, add_model: Callable[..., ModelCard]
) -> None:
    add_model(taught_run / "teacher", "negate", tiling="exact", receptive_field=4, border=0)
    config = student.replace(load_size_min=33, load_size_max=40, teacher_cache_mb=1, batch_size=2)
    dataset = LessonDataset(config, Teacher(taught_run, "negate"))
    seen = {}
    for index, lesson in enumerate(islice(iterate_batches(dataset, config, 0), 10)):
        assert lesson.real_A.shape == lesson.taught.shape == (2, 3, 32, 32)
        assert torch.allclose(lesson.taught, -lesson.real_A, atol=1e-6)
        seen[index] = lesson.real_A.numpy().tobytes()
    assert len(set(seen.values())) == 10
    assert not (taught_run / "teacher" / "answers").exists()  # nothing is kept
    (again,) = islice(iterate_batches(dataset, config, 14), 1)
    assert again.real_A.numpy().tobytes() == seen[7]


@pytest.mark.parametrize(("direction", "num_workers"), [("AtoB", 0), ("BtoA", 1)])
def test_a_lesson_depends_on_its_place_alone(
    student: TrainConfig, taught_run: Path, direction: str, num_workers: int
) -> None:
    config = student.replace(direction=direction)
    dataset = LessonDataset(config, Teacher(taught_run, "negate"))
    whole = list(islice(iterate_batches(dataset, config, 0), 5))
    config = config.replace(num_workers=num_workers)
    resumed = list(islice(iterate_batches(dataset, config, 2), 3))
    source = 0 if direction == "AtoB" else 1
    for ours, theirs in zip(whole[2:], resumed, strict=True):
        assert torch.equal(ours.real_A, theirs.real_A)
        assert torch.equal(ours.real_B, theirs.real_B)
        assert ours.taught is not None
        assert theirs.taught is not None
        assert torch.equal(ours.taught, theirs.taught)
        assert torch.allclose(ours.taught, -ours[source], atol=1e-6)
