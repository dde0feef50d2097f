"""Where a run stands and what was measured of it, as its config and its log tell.

The report of a run and the page of the app both read it here, and each shows it in its own words.
Configs are as in `config.json`, those of older runs too; rows are those of log.py.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from cyclegan.contract.log import Row

ENDINGS = ("A", "B", "AB", "BA", "AtoB", "BtoA")  # of a quantity's name: `cycle_A`, `KID_AtoB`


@dataclass(frozen=True)
class Standing:
    """Where a run stands."""

    images_seen: int  # pictures of each domain
    minutes: float  # of training that are logged, stops excluded
    images_per_s: float  # pictures of each domain; 0 before they are logged
    share: float  # of its limits, in [0, 1]
    stale: int  # measurements in a row without a new best
    is_out_of_patience: bool  # these have ended it, and would at once again

    @property
    def remaining_s(self) -> float | None:
        """Seconds, at the pace so far; None before there is one."""
        if not (self.minutes and self.share):
            return None
        return 60 * self.minutes * (1 - self.share) / self.share


@dataclass(frozen=True)
class Measured:
    """What was measured of one direction at some time."""

    images_seen: int
    figures: Mapping[str, float]  # by metric, lower is better
    is_best: bool  # so far, as the run marked it; runs of old marked none


def share_done(config: Mapping[str, Any], images_seen: int, elapsed_s: float) -> float:
    """Say how much of a run is behind it: the further of its two limits, at most 1."""
    images, minutes = config.get("max_images", 0), config.get("max_minutes", 0.0)
    by_images = images_seen / images if images else 0.0
    by_time = elapsed_s / (60 * minutes) if minutes else 0.0
    return float(min(max(by_images, by_time), 1.0))


def read_standing(config: Mapping[str, Any], rows: Sequence[Row]) -> Standing:
    """Read where a run stands."""
    images_seen = rows[-1]["images_seen"] if rows else 0
    timed = next((row for row in reversed(rows) if "minutes" in row), {})
    minutes = timed.get("minutes", 0.0)
    stale = next((row["without_best"] for row in reversed(rows) if "without_best" in row), 0)
    return Standing(
        images_seen,
        minutes,
        timed.get("images_per_s", 0.0),
        share_done(config, images_seen, 60 * minutes),
        stale,
        is_out_of_patience=0 < config.get("patience", 0) <= stale,
    )


def read_measurements(rows: Sequence[Row], direction: str) -> list[Measured]:
    """Read what was measured of a direction ("AtoB"), in the order of the log."""
    ending = f"_{direction}"
    measured = []
    for row in rows:
        figures = {
            name.removesuffix(ending): value
            for name, value in row.items()
            if name.endswith(ending) and is_number(value)
        }
        if figures:
            is_best = bool(row.get(f"is_best_{direction}"))
            measured.append(Measured(row["images_seen"], figures, is_best))
    return measured


def alarms_in_force(rows: Sequence[Row]) -> list[Row]:
    """The lines of the alarms that are on at the end of a log."""
    latest = {(row["alarm"], row.get("direction")): row for row in rows if "alarm" in row}
    return [row for row in latest.values() if row.get("state") == "on"]


def label_endings(a: str, b: str, there: str, back: str) -> dict[str, str]:
    """What the endings of quantities' names are called, where domains and directions are so."""
    return dict(zip(ENDINGS, (a, b, there, back, there, back), strict=True))


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value of a log can be drawn; marks cannot."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
