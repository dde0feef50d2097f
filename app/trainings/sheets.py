"""The sample sheets that a run keeps, and what was measured nearest to each.

What is on a sheet is in cyclegan/report.py; checkpoints as models are in comparison.py.
"""

from pathlib import Path

from app.trainings.standing import Training
from cyclegan.contract.directions import Direction
from cyclegan.contract.standing import Measured, read_measurements


def find_sheets(run: Path) -> dict[int, Path]:
    """The sheets in a run's folder by the images seen, the oldest first."""
    paths = (path for path in run.glob("sheets/*.jpg") if path.stem.isdecimal())
    return {int(path.stem): path for path in sorted(paths)}


def measured_near(training: Training, direction: Direction, images_seen: int) -> Measured | None:
    """What was measured nearest to so many images seen; None if nothing is measured."""
    measured = read_measurements(training.rows, direction)
    return min(measured, key=lambda each: abs(each.images_seen - images_seen), default=None)
