"""A lock on a run's folder, which a training's process inherits.

The kernel gives it up however the process ends: whether one lives is whether somebody has it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cyclegan.contract.errors import InputError, brief

LOCK = "server.lock"  # in a run folder


@contextmanager
def locked(run: Path) -> Iterator[int]:
    """Hold a run's lock, for a process to inherit. Raises: InputError: somebody has it."""
    try:
        lock = os.open(run / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield lock
        finally:
            os.close(lock)
    except OSError as error:
        raise InputError(f"{run.name} cannot be trained now: {brief(error)}") from error


def is_locked(run: Path) -> bool:
    """Whether a process of this run lives; of one that is deleted none does."""
    try:
        with locked(run):
            return False
    except InputError as error:
        return not isinstance(error.__cause__, FileNotFoundError)
