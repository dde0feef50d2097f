"""What a training run is made of: settings that make sense together.

What they are is in `fields.py`, how people set them in `settings.py`. No torch here, so that
`--dry-run` and usage errors answer at once.
"""

import dataclasses
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclegan.coherence import check
from cyclegan.contract.errors import ConfigError, brief, nearest
from cyclegan.contract.standing import share_done
from cyclegan.fields import Fields


@dataclass(frozen=True)
class TrainConfig(Fields):
    """The settings of a run. Raises ConfigError: one is of the wrong kind, or does not fit."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # JSON knows one kind of number
            if field.type is float and type(getattr(self, field.name)) is int:
                with suppress(OverflowError):  # then it is refused as what it is
                    object.__setattr__(self, field.name, float(getattr(self, field.name)))
        check(self)

    def replace(self, **changes: Any) -> "TrainConfig":
        """Return a copy with some fields changed. Raises ConfigError: an unknown key."""
        require_keys(changes)
        return dataclasses.replace(self, **changes)

    def share_done(self, images_seen: int, elapsed_s: float) -> float:
        """Say how much of a run is behind us: the further of its two limits, at most 1."""
        return share_done(vars(self), images_seen, elapsed_s)

    def is_out_of_patience(self, stale: int) -> bool:
        """Whether `stale` measurements in a row without a new best end a run."""
        return 0 < self.patience <= stale

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """Return the fields as indented JSON."""
        return json.dumps(self.to_dict(), indent=2) + "\n"


def require_keys(keys: Iterable[str]) -> None:
    """Raise ConfigError where a config has no such key; names the nearest."""
    names = [field.name for field in dataclasses.fields(TrainConfig)]
    for key in keys:
        if key not in names:
            raise ConfigError(
                f"unknown config key {key!r}{nearest(key, names) or ';'} "
                "`cyclegan train --dry-run` prints every key"
            )


def read_config(path: Path) -> TrainConfig:
    """Read a config that a run saved. Raises ConfigError: not one of ours."""
    try:
        return TrainConfig().replace(**json.loads(path.read_text()))
    except ConfigError as error:
        raise ConfigError(
            f"{path}: of another version of cyclegan, or edited ({error}); use the one that "
            "wrote it"
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: expected the config of a run: {brief(error)}") from error
