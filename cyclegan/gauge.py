"""How good a run's generators are while it trains, measured on pictures held out from it.

The pictures and the way they are measured stay the same through a run, so that its figures can be
compared with each other. How finished models are measured is in `evaluate.py`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn

from cyclegan.config import TrainConfig
from cyclegan.contract.directions import DIRECTIONS, Direction
from cyclegan.contract.errors import DatasetError
from cyclegan.contract.pixels import RGB, from_network, to_network
from cyclegan.dataset import Translate
from cyclegan.domains import GENERATOR_OF, MIN_PICTURES, list_domain
from cyclegan.features import UNITS, Points, load_yardstick
from cyclegan.squares import load_squares

# Of the target's training pictures, at the most. With 1000 every start takes twice as long, and
# the smaller of both sets, the held-out one, decides how much KID varies.
REFERENCE_PICTURES = 500


@dataclass(frozen=True)
class Record:
    """What the generator of a direction was measured at."""

    metric: str  # "KID" or, without a feature network, "SWD"
    value: float  # in that metric's unit; lower is better
    images_seen: int  # by the weights that were measured
    protocol: str  # how, in words; figures of another protocol cannot be compared

    def __post_init__(self) -> None:
        is_read = isinstance(self.value, int | float) and isinstance(self.images_seen, int)
        if self.metric not in list(UNITS) or not is_read:  # from a checkpoint that was changed
            raise TypeError(f"no measurement: {self!r:.100}")

    def is_better_than(self, best: "Record | None") -> bool:
        """Whether it takes the place of the best so far; it does if that was measured otherwise."""
        return best is None or self.protocol != best.protocol or self.value < best.value

    def __str__(self) -> str:
        return f"{self.metric} {UNITS[self.metric]} {self.value:.2f} at {self.images_seen:,} images"


@dataclass
class Measurement:
    """What a measurement found, for each direction."""

    figures: dict[Direction, dict[str, float]]  # by metric, the one to go by first
    records: dict[Direction, Record]
    best: Sequence[Direction] = ()  # those whose record is the best of the run so far

    @property
    def row(self) -> dict[str, float]:
        """The figures as they stand in the log: "KID_AtoB", ..."""
        return {
            f"{metric}_{direction}": value
            for direction, values in self.figures.items()
            for metric, value in values.items()
        }


def make_gauge(
    config: TrainConfig, training: Mapping[str, list[Path]], teacher: Translate | None
) -> "Gauge | None":
    """Make the gauge of a run, see `Gauge`; None where it has nothing to measure on."""
    return Gauge(config, training, teacher) if config.is_measured else None


class Gauge:
    """Measures the generators of a run, always on the same pictures and in the same way.

    At most `evaluate_pictures` held-out pictures of the source are translated and compared with
    training pictures of the target: of all the middle square, scaled to the largest size that the
    run learns from, which is the nearest to what a model will be given. Where there is a teacher,
    its translations of the same pictures are compared with as well, pixel by pixel.
    """

    def __init__(
        self,
        config: TrainConfig,
        training: Mapping[str, list[Path]],
        teacher: Translate | None = None,
    ) -> None:
        """Load the feature network and the held-out pictures, so that neither is missing later.

        Args:
            training: the training pictures of "A" and of "B"; read when first needed.
            teacher: what the generator is to do; asked when first needed.

        Raises:
            ModelError: the feature network cannot be loaded.
            DatasetError: a folder of held-out pictures has too few that can be read.
        """
        multiple = config.size_multiple
        self._size = config.load_size_max // multiple * multiple
        self._yardstick = load_yardstick(Path(config.features) if config.features else None)
        self._training = training
        self._teacher = teacher
        folders = {"A": config.test_a, "B": config.test_b}
        self._held_out: dict[Direction, list[RGB]] = {}
        for direction in config.directions:
            source, _ = DIRECTIONS[direction]
            if folders[source]:
                paths = list_domain(Path(folders[source]))
                self._held_out[direction] = self._load(paths, config.evaluate_pictures)

    @property
    def directions(self) -> list[Direction]:
        """Those that are measured: learned ones whose source has held-out pictures."""
        return list(self._held_out)

    def measure(self, generators: Mapping[str, nn.Module], images_seen: int) -> Measurement:
        """Measure every direction; the figures are no numbers where a generator answers none."""
        figures = {
            direction: self._measure(direction, generators[GENERATOR_OF[direction]])
            for direction in self.directions
        }
        records = {
            direction: Record(*next(iter(values.items())), images_seen, self._protocol(direction))
            for direction, values in figures.items()
        }
        return Measurement(figures, records)

    @torch.no_grad()
    def _measure(self, direction: Direction, generator: nn.Module) -> dict[str, float]:
        device = next(generator.parameters()).device
        answers = [
            generator(torch.from_numpy(to_network(square)).to(device)).cpu().numpy()
            for square in self._held_out[direction]
        ]
        reference = self._references[direction]
        if not all(np.isfinite(answer).all() for answer in answers):
            return dict.fromkeys(self._yardstick.metrics, math.nan)
        translated = [from_network(answer) for answer in answers]
        found, _ = self._yardstick.describe(translated)
        figures = self._yardstick.compare(found, reference)
        if self._teacher:
            taught = map(self._teacher, self._held_out[direction])
            pairs = zip(translated, taught, strict=True)
            squares = [np.square(ours - theirs.astype(float)).mean() for ours, theirs in pairs]
            figures["teacher_RMSE"] = float(np.sqrt(np.mean(squares)))  # of 255
        return figures

    def _protocol(self, direction: Direction) -> str:
        source, target = DIRECTIONS[direction]
        return (
            f"while training: {len(self._held_out[direction])} held-out pictures of {source} "
            f"translated, against {len(self._references[direction])} training pictures of "
            f"{target}, middle squares of {self._size} pixels; {self._yardstick.protocol}"
        )

    @cached_property
    def _references(self) -> dict[Direction, Points]:
        """The targets as the yardstick sees them: half a minute of work, so not before its time."""
        references = {}
        for direction in self.directions:
            _, target = DIRECTIONS[direction]
            squares = self._load(self._training[target], REFERENCE_PICTURES)
            references[direction], _ = self._yardstick.describe(squares)
        return references

    def _load(self, paths: list[Path], count: int) -> list[RGB]:
        """Load the middle squares of `count` pictures, less what cannot be read.

        Raises DatasetError: too few are left.
        """
        squares = load_squares(paths, count, self._size, "measuring")
        if len(squares) < MIN_PICTURES:
            raise DatasetError(
                f"{paths[0].parent}: {len(squares)} of {min(count, len(paths))} pictures can be "
                f"read, expected at least {MIN_PICTURES}; mend them, or measure nothing with "
                "evaluate_every=0"
            )
        return squares
