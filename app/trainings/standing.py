"""Where a run stands, as its folder tells: config, log and what the process printed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from app.trainings.orders import Record, Wish
from cyclegan.contract.card import model_name
from cyclegan.contract.directions import DIRECTIONS, Direction
from cyclegan.contract.log import CONFIG, Row, read_log
from cyclegan.contract.standing import Standing, read_standing

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
    standing: Standing  # whose share is 1 where patience has ended it
    said: str  # the last line that the process printed

    @property
    def is_alive(self) -> bool:
        return self.state in ("training", "pausing", "stopping")

    @property
    def can_resume(self) -> bool:
        """Whether a process would train on, and not end at once."""
        return not self.is_alive and not self.standing.is_out_of_patience

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Those that it learns."""
        if self.config.get("method", "cyclegan") == "cyclegan":
            return ("AtoB", "BtoA")
        return (self.config["direction"],)

    def model_name(self, direction: Direction) -> str:
        """What a model of it is called unless told otherwise; "" where nothing is offered."""
        names = self.record.order.names
        source, target = (names[domain.lower()] for domain in DIRECTIONS[direction])
        return model_name(source, target)


def read_training(run: Path, is_alive: bool) -> Training:
    """Read a run's folder. Raises: InputError: it was not started here."""
    record, config = Record.read(run), _read_config(run)
    rows = read_log(run)
    standing = read_standing(config, rows)
    share = standing.share
    if standing.is_out_of_patience:
        share = 1.0
    elif is_alive and share >= _ENOUGH:
        # It goes on for longer, and has not read yet how long.
        share = min(share, standing.minutes / record.order.max_minutes)
    standing = replace(standing, share=share)
    state = _state(record, is_alive, share)
    return Training(run, state, record, config, rows, standing, _last_line(run / OUTPUT))


def _state(record: Record, is_alive: bool, share: float) -> State:
    if is_alive:
        return _ALIVE[record.wish]
    return "finished" if share >= _ENOUGH else _OVER[record.wish]


def _read_config(run: Path) -> dict[str, Any]:
    """What a run was begun with; nothing if it has only just begun."""
    try:
        config: dict[str, Any] = json.loads((run / CONFIG).read_text())
    except (OSError, ValueError):
        return {}
    return config


def _last_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
