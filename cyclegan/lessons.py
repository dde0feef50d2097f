"""A teacher's student sees crops of pictures beside the same crops of the teacher's translations.

A teacher with norms looks at whole pictures, as in the app: what it makes of a place may depend on
all of one. So what it answers can be kept for few versions of each picture, and which these are is
a function of the pictures, the seed and the budget alone. A teacher whose card says that it may be
tiled exactly is quick, and is asked about each crop by itself: no two are alike, and none is kept.
Like every stream of `dataset.py` this one has no state.
"""

import logging
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyclegan.config import TrainConfig
from cyclegan.contract.directions import DIRECTIONS
from cyclegan.contract.errors import ConfigError
from cyclegan.contract.pixels import from_network, to_network
from cyclegan.dataset import (
    STRIP,
    Batch,
    DomainStream,
    Translate,
    UnpairedDataset,
    cut_strip,
    order_of,
    scale,
)
from cyclegan.doctor.survey import Header, skim
from cyclegan.domains import MIN_PICTURES
from cyclegan.teacher import Teacher

logger = logging.getLogger(__name__)

SCALES = 4  # short sides from load_size_min to load_size_max, both among them


class LessonStream(DomainStream):
    """The source domain of a teacher: besides samples, crops with the teacher's translations.

    Args:
        paths, config, salt: as a `DomainStream` takes them. Of the pictures, those that the budget
            has room for.
        teacher: translates a picture; asked about the same ones again and again.

    Raises:
        ConfigError: the budget has no room for as many pictures as are needed.
    """

    def __init__(
        self, paths: list[Path], config: TrainConfig, salt: int, teacher: Translate
    ) -> None:
        self._versions = _versions(config)
        chosen, self._kept = plan(paths, config, len(self._versions))
        super().__init__(chosen, config, salt)
        self._crop_size = config.crop_size
        self._teacher = teacher

    def lesson(self, index: int) -> tuple[Tensor, Tensor, dict[str, str]]:
        """Return a crop, the same crop of the translated picture, and by path what is unreadable.

        Shape: both float32 [3, crop_size, crop_size] in [-1, 1].
        """
        number, rgb, rng, unreadable = self.load(index)
        of_picture = np.random.default_rng([self.seed, self.salt, 2, number])
        rgb = cut_strip(rgb, of_picture)
        kept = of_picture.permutation(len(self._versions))[: self._kept]
        short_side, is_mirrored = self._versions[kept[rng.integers(self._kept)]]
        rgb = scale(rgb, short_side)
        rgb = np.ascontiguousarray(rgb[:, ::-1]) if is_mirrored else rgb
        height, width = rgb.shape[:2]
        top = rng.integers(height - self._crop_size + 1)
        left = rng.integers(width - self._crop_size + 1)

        def crop(picture: NDArray[np.uint8]) -> Tensor:
            square = picture[top : top + self._crop_size, left : left + self._crop_size]
            return torch.from_numpy(to_network(square)[0])

        return crop(rgb), crop(self._teacher(rgb)), unreadable


class _CropLessons(DomainStream):
    """The source domain of a teacher that is asked about crops: samples and their translations."""

    def __init__(
        self, paths: list[Path], config: TrainConfig, salt: int, teacher: Translate
    ) -> None:
        super().__init__(paths, config, salt)
        self._teacher = teacher

    def lesson(self, index: int) -> tuple[Tensor, Tensor, dict[str, str]]:
        """As that of a `LessonStream`."""
        real, unreadable = self[index]
        taught = to_network(self._teacher(from_network(real[None].numpy())))
        return real, torch.from_numpy(taught[0]), unreadable


def _versions(config: TrainConfig) -> list[tuple[int, bool]]:
    """All versions of a picture that a teacher may be asked about: short side, mirrored or not."""
    sides = np.linspace(config.load_size_min, config.load_size_max, SCALES).round().astype(int)
    return [
        (int(side), is_mirrored)
        for side in np.unique(sides)
        for is_mirrored in ([False, True] if config.flip else [False])
    ]


def plan(paths: list[Path], config: TrainConfig, versions: int) -> tuple[list[Path], int]:
    """Choose the pictures that a teacher translates, and in how many versions each.

    As many versions of all of them as the budget has room for, counted in pixels at the largest
    size; where there is room for less than one of each, one of some that the seed draws.

    Raises ConfigError: there is not even room for a batch.
    """
    budget = config.teacher_cache_mb * 10**6
    order = order_of(config.seed, 2, 0, len(paths))
    chosen, total = [], 0
    for number, header in zip(order, skim(paths[number] for number in order), strict=True):
        if isinstance(header, Header):
            total += _answer_bytes(header, config.load_size_max)
        if total > budget:
            break
        chosen.append(number)
    needed = max(MIN_PICTURES, config.batch_size)
    if len(chosen) < needed:
        raise ConfigError(
            f"teacher_cache_mb: expected room for the translations of {needed} pictures or more, "
            f"got {config.teacher_cache_mb}, which has room for {len(chosen)}; raise it"
        )
    if len(chosen) == len(paths):
        return paths, min(versions, budget // max(total, 1))
    logger.warning(
        "teacher_cache_mb=%d has room for the translations of %d of %d pictures; the others are "
        "not learned from",
        config.teacher_cache_mb,
        len(chosen),
        len(paths),
    )
    return [paths[number] for number in sorted(chosen)], 1


def _answer_bytes(header: Header, short_side: int) -> int:
    aspect = max(header.aspect, 1 / header.aspect)
    return 3 * short_side * (int(short_side * aspect) + 1 if aspect <= STRIP else short_side)


class LessonDataset(UnpairedDataset):
    """Lessons of the source domain and, unrelated, samples of the target and of neither."""

    def __init__(self, config: TrainConfig, teacher: Teacher) -> None:
        """List both domains, and plan what the teacher is asked, unless it is about crops.

        Raises DatasetError: no folder, or too few pictures in it. ConfigError: see `LessonStream`.
        """
        super().__init__(config)
        self.teacher = teacher.answer
        self._source, self._target = DIRECTIONS[config.direction]
        streams = {"A": self.domain_a, "B": self.domain_b}
        source = streams[self._source]
        self._lessons: LessonStream | _CropLessons = (
            _CropLessons(source.paths, config, source.salt, teacher.translate)
            if teacher.card.tiling == "exact"
            else LessonStream(source.paths, config, source.salt, teacher.answer)
        )
        self.domain_a, self.domain_b = (streams | {self._source: self._lessons}).values()
        self._targets = streams[self._target]

    def __getitem__(self, index: int) -> Batch:
        real, taught, unreadable = self._lessons.lesson(index)
        samples = {self._source: (real, unreadable), self._target: self._targets[index]}
        if self.neither:
            samples["neither"] = self.neither[index]
        reals = {name: each for name, (each, _) in samples.items()}
        met = {name: each for name, (_, each) in samples.items()}
        return Batch(reals["A"], reals["B"], met, taught, reals.get("neither"))
