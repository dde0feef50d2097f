"""Where a run stands, as its folder tells: config, log and what the process printed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.trainings.orders import Direction, Record, Wish
from cyclegan.contract.log import Row, read_log

OUTPUT = "output.txt"  # of ours, in a run folder: what the process prints

State = Literal["training", "pausing", "stopping", "paused", "stopped", "finished", "ended"]

_ALIVE: dict[Wish, State] = {"": "training", "pause": "pausing", "stop": "stopping"}
_OVER: dict[Wish, State] = {"": "ended", "pause": "paused", "stop": "stopped"}

_ENOUGH = 0.999  # of a run; minutes in the log are rounded


@dataclass(frozen=True)
class Training:
    """One run as its folder tells of it now."""

    run: Path
    state: State
    record: Record
    config: Mapping[str, Any]  # as it was resolved; empty before it begins
    rows: Sequence[Row]  # of the log
    minutes: float  # of training that are logged
    share: float  # of the run, in [0, 1]
    remaining_s: float | None  # seconds; None before there is a pace
    said: str  # the last line that the process printed

    @property
    def is_alive(self) -> bool:
        return self.state in ("training", "pausing", "stopping")

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Those that it learns."""
        if self.config.get("method", "cyclegan") == "cyclegan":
            return ("AtoB", "BtoA")
        return (self.config["direction"],)


def read_training(run: Path, is_alive: bool) -> Training:
    """Read a run's folder. Raises: InputError: it was not started here."""
    record, config = Record.read(run), _read_config(run)
    rows = read_log(run)
    minutes = next((row["minutes"] for row in reversed(rows) if "minutes" in row), 0.0)
    share = _share(config, rows[-1]["images_seen"] if rows else 0, minutes)
    if is_alive and share >= _ENOUGH:
        # It goes on for longer, and has not read yet how long.
        share = min(share, minutes / record.order.max_minutes)
    remaining_s = 60 * minutes * (1 - share) / share if share else None
    state = _state(record, is_alive, share)
    said = _last_line(run / OUTPUT)
    return Training(run, state, record, config, rows, minutes, share, remaining_s, said)


def _state(record: Record, is_alive: bool, share: float) -> State:
    if is_alive:
        return _ALIVE[record.wish]
    return "finished" if share >= _ENOUGH else _OVER[record.wish]


def _read_config(run: Path) -> dict[str, Any]:
    """What a run was begun with; nothing if it has only just begun."""
    try:
        config: dict[str, Any] = json.loads((run / "config.json").read_text())
    except (OSError, ValueError):
        return {}
    return config


def _share(config: Mapping[str, Any], images: int, minutes: float) -> float:
    """How much of a run is behind it, by the limits in its config."""
    limits = (images, config.get("max_images")), (minutes, config.get("max_minutes"))
    return min(1.0, max((done / limit for done, limit in limits if limit), default=0.0))


def _last_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
