"""Files that are whole or not there: written beside their place and renamed into it.

What is inside a file is not known here.
"""

import errno
import hashlib
import io
import math
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cyclegan.contract.errors import StorageError, brief

_TEMPORARY = re.compile(r"\.tmp-[0-9a-f]{12}(\.|$)")


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it becomes `path` when the block ends without error.

    The temporary name is hidden and has the same suffix. Missing parent folders are made. After an
    error, Ctrl-C included, the temporary file is gone and an earlier file at `path` is untouched.

    Raises: StorageError for any OSError in the block. A writer that reports a full disk otherwise
    (torch.save does when given a path), or not at all (see PlainFile), should be given an open
    Python file instead.
    """
    path = Path(os.path.realpath(path))  # a link keeps pointing to the file that it points to
    temporary = path.with_name(f".tmp-{secrets.token_hex(6)}{path.suffix}")  # see `sweep`
    try:
        if path.exists() and not path.is_file():
            raise StorageError(f"{path} is not a regular file; give the path of a file to write")
        if path.parent.is_file():
            raise StorageError(f"{path.parent} is a file, so nothing can be written in it")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.touch(exist_ok=False)  # permissions by umask, as open() gives them
            yield temporary
            _flush(temporary)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        if os.name == "posix":  # the rename itself lasts only once its folder is on disk
            _flush_folder(path.parent)
    except OSError as error:
        raise StorageError(f"{path} could not be written: {brief(error)}") from error


class PlainFile(io.BufferedWriter):
    """A file to write whose descriptor nobody gets: all of it is written, or an error raised.

    Pillow, given a descriptor, takes a part for written of which a full disk took only the half:
    JPEG, BMP and TIFF came out short without a word.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("wb", buffering=0))

    def fileno(self) -> int:
        raise io.UnsupportedOperation


@contextmanager
def map_storage_errors(target: Path | str) -> Iterator[None]:
    """Map what a full disk or a missing permission raises where `target` is written.

    Raises: StorageError.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(f"{target} could not be written: {brief(error)}") from error


def sweep(folder: Path, *, older_than_s: float | None = None) -> None:
    """Remove what writers that were killed left in a folder.

    None may be writing there now, unless only what is older than some seconds is meant.

    Raises: StorageError.
    """
    before = math.inf if older_than_s is None else time.time() - older_than_s
    try:
        for path in folder.glob(".tmp-*"):
            if _TEMPORARY.match(path.name) and path.stat().st_mtime < before:
                path.unlink()
    except OSError as error:
        raise StorageError(f"{folder} could not be tidied up: {brief(error)}") from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes as 64 hexadecimal digits. Raises: StorageError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageError(f"{path} could not be read: {brief(error)}") from error


def _flush_folder(folder: Path) -> None:
    """As `_flush`, as far as it can be; what is in the folder is there all the same.

    Some file systems flush no folders, as Linux has it of those that VirtualBox shares
    (vboxsf_dir_fops), and a folder may be there to be written alone.
    """
    try:
        _flush(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EACCES):
            raise


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
