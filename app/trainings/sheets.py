"""The sample sheets that a run keeps, and what was measured nearest to each.

What is on a sheet is in cyclegan/report.py; checkpoints as models are in comparison.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.trainings.checkpoints import figures_of, measurements
from app.trainings.orders import Direction
from app.trainings.standing import Training


@dataclass(frozen=True)
class Measured:
    """What was measured of one direction at some time."""

    figures: Mapping[str, float]  # by metric
    images_seen: int


def find_sheets(run: Path) -> dict[int, Path]:
    """The sheets in a run's folder by the images seen, the oldest first."""
    paths = (path for path in run.glob("sheets/*.jpg") if path.stem.isdecimal())
    return {int(path.stem): path for path in sorted(paths)}


def measured_near(training: Training, direction: Direction, images_seen: int) -> Measured | None:
    """What was measured nearest to so many images seen; None if nothing is measured."""
    rows = measurements(training, direction)
    row = min(rows, key=lambda each: abs(each["images_seen"] - images_seen), default=None)
    return Measured(figures_of(row, direction), row["images_seen"]) if row else None
