"""The one exception tree. What reaches a person is one sentence: what was expected, what came,
where, and what to do. No layout for a terminal lives here, and no exit codes.
"""

import difflib
import re
from collections.abc import Iterable

# Control characters, those of the direction of writing among them, and halves of characters.
_STEERING = re.compile(r"[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class CycleGANError(Exception):
    """Everything this project raises on purpose; its text is fit for a person.

    CycleGANError
    ├── InputError             something the user gave cannot be used
    │   ├── PictureError       a picture: not one, truncated, too large, ...
    │   ├── CardError          a card: malformed, or its model has other bytes
    │   ├── ModelError         a model: unknown, unloadable, or it answers nonsense
    │   ├── ConfigError        a setting: unknown key, bad value, contradicts the run
    │   ├── DatasetError       a folder of training pictures: missing, empty, too small
    │   └── CheckpointError    a checkpoint: missing, damaged, of another configuration
    ├── TrainingError          a training cannot go on: its losses are no numbers any more
    ├── ExportError            a model that does not match its checkpoint was refused
    ├── DependencyError        an optional package is missing
    ├── StorageError           a file could not be written or read: full disk, no permission
    └── StoppedError           work that somebody stopped before it was done
    """


class InputError(CycleGANError):
    """Something the user gave cannot be used."""


class PictureError(InputError):
    """A file that cannot be read, or written, as a picture."""


class CardError(InputError):
    """A model card that breaks its schema, or whose model has other bytes than it says."""


class ModelError(InputError):
    """A model that is unknown, cannot be loaded, or does not answer as its card says."""


class ConfigError(InputError):
    """A setting that is unknown, has a bad value, or contradicts the run it is for."""


class DatasetError(InputError):
    """A folder of training pictures that is missing, empty, or too small."""


class CheckpointError(InputError):
    """A checkpoint that is missing, damaged, or made with another configuration."""


class TrainingError(CycleGANError):
    """A training that cannot go on."""


class ExportError(CycleGANError):
    """An exported model that does not match the checkpoint it came from."""


class DependencyError(CycleGANError):
    """An optional package is missing; the text names the feature and the command to install it."""


class StorageError(CycleGANError):
    """A file could not be written or read: full disk, no permission, ..."""


class StoppedError(CycleGANError):
    """Work that somebody stopped before it was done."""


def brief(error: BaseException) -> str:
    """What a foreign error says, in one line, without the path that an OSError repeats."""
    text = isinstance(error, OSError) and error.strerror and error.strerror.lower()
    return text or " ".join(str(error).split()) or type(error).__name__


def on_one_line(text: str) -> str:
    r"""A text in which names may be anybody's: what would break its line, steer a terminal or turn
    its letters round is written as Python writes it, `\n`, `\x1b` or `\u202e`.
    """
    return _STEERING.sub(lambda found: repr(found[0])[1:-1], text)


def nearest(name: str, choices: Iterable[str]) -> str:
    """The hint `; did you mean "horse2zebra"?` for a misspelt name, or "" if nothing is near."""
    by_lower_case = {choice.lower(): choice for choice in choices}
    matches = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
    return f'; did you mean "{by_lower_case[matches[0]]}"?' if matches else ""
