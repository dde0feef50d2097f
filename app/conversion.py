"""One picture in, one picture out: read, translated, written, with its label files.

Which picture becomes which file is in plan.py, many of them are in batch.py, what a model does to a
picture is in translator.py.
"""

import errno
import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.manifest import IS_THERE
from app.places import Address, Place, Stamp, copy, read, stamp_of, write
from app.plan import PIPE, SIDECARS, Job
from cyclegan.contract.errors import CycleGANError, InputError, StorageError
from cyclegan.contract.files import map_storage_errors
from cyclegan.contract.formats import format_to_write
from cyclegan.contract.images import Animation, Picture, open_picture
from cyclegan.contract.saving import DEFAULT_QUALITY, save_picture, write_picture

Translate = Callable[[Picture], Picture]


@dataclass(frozen=True)
class Result:
    """What became of a job."""

    source: Place
    output: Place
    status: Literal["done", "skipped", "failed"]
    reason: str | None = None  # why it was skipped or failed, or what is missing though it is done
    seconds: float = 0.0  # from before reading until after writing
    width: int | None = None  # pixels; None unless it is done, as all that follow
    height: int | None = None
    source_bytes: int | None = None
    output_bytes: int | None = None  # None for a pipe, as what follows
    output_mtime_ns: int | None = None  # when it was written, as its folder says


def convert_one(
    translate: Translate,
    job: Job,
    *,
    overwrite: bool = False,
    sidecars: bool = False,
    quality: int = DEFAULT_QUALITY,
    content: bytes | None = None,
) -> Result:
    """Read, translate and write one picture; with `sidecars`, the label files beside it too.

    `content` is that of the picture's file, where it was read already.

    Raises: CycleGANError, and then no picture is written.
    """
    if _is_same_file(job.source, job.output):
        raise InputError(f"{job.source} would be replaced by its translation; name another output")
    if not overwrite and job.output != PIPE and stamp_of(job.output):
        return Result(job.source, job.output, "skipped", IS_THERE)
    started = time.perf_counter()
    content = _fetch(job.source) if content is None else content
    source_bytes = _count_bytes(job.source) if content is None else len(content)
    with _open(job.source, content) as found:
        missing = _what_is_missing(found, job)
        translated = found.map(translate) if isinstance(found, Animation) else translate(found)
        del found  # 300 MB of 100 megapixels; to encode the translation takes 400
        for labels, copied in find_sidecars(job) if sidecars else ():
            copy(labels, copied)
        height, width = _write(translated, job, quality)
    seconds = time.perf_counter() - started
    there = _stamp_of_written(job.output)  # here: a store takes its time
    return Result(
        job.source,
        job.output,
        "done",
        missing,
        seconds,
        width,
        height,
        source_bytes,
        output_bytes=there and there.bytes,
        output_mtime_ns=there and there.mtime_ns,
    )


def attempt(
    translate: Translate,
    job: Job,
    *,
    overwrite: bool = False,
    sidecars: bool = False,
    quality: int = DEFAULT_QUALITY,
    content: bytes | None = None,
) -> Result:
    """As `convert_one`, but a failure is a result too.

    Raises: StorageError if the storage is full or read-only, for any other job would fail too.
    """
    try:
        return convert_one(
            translate,
            job,
            overwrite=overwrite,
            sidecars=sidecars,
            quality=quality,
            content=content,
        )
    except MemoryError:
        return failed(job, f"{job.source} needs more memory than there is; make it smaller")
    except CycleGANError as error:
        if isinstance(error, StorageError) and _is_gone(error.__cause__):
            raise
        return failed(job, str(error))


def failed(job: Job, reason: str) -> Result:
    """The result of a job that could not be done."""
    return Result(job.source, job.output, "failed", reason)


def find_sidecars(job: Job) -> Iterator[tuple[Place, Place]]:
    """The label files of a picture that are not beside its translation yet, or older there, each
    with its place there, which has the name of the translation.
    """
    for suffix in SIDECARS:
        labels = job.source.with_suffix(suffix)
        copied = job.output.with_suffix(suffix)
        source, there = stamp_of(labels), stamp_of(copied)
        if source and (there is None or there.mtime_ns < source.mtime_ns):
            yield labels, copied


def _fetch(source: Place) -> bytes | None:
    """The content of what is no file of this machine, and so must be read as a whole first."""
    if source != PIPE:
        return None if isinstance(source, Path) else read(source)
    content = sys.stdin.buffer.read()
    if not content:
        raise InputError("standard input is empty; the command before the pipe gave no picture")
    return content


def _count_bytes(source: Place) -> int | None:
    there = stamp_of(source)
    return there and there.bytes


def _open(source: Place, content: bytes | None) -> AbstractContextManager[Picture | Animation]:
    name = "standard input" if source == PIPE else str(source)
    if content is not None:
        return open_picture(content, name=name)
    assert isinstance(source, Path), "what is elsewhere was fetched"
    return open_picture(source, name=name)


def _what_is_missing(found: Picture | Animation, job: Job) -> str | None:
    """What of a file's pictures its translation does not have, in words."""
    if isinstance(found, Picture):
        return f"only the first of its {found.pages} pages" if found.pages > 1 else None
    name = str(job.output)
    is_still = not format_to_write(_suffix_of_output(job), name).is_animated
    return f"only the first of its {found.count} frames" if is_still else None


def _suffix_of_output(job: Job) -> str:
    return job.pipe_suffix if job.output == PIPE else job.output.suffix


def _write(translated: Picture | Animation, job: Job, quality: int) -> tuple[int, int]:
    """Write a translation; its height and width in pixels."""
    is_pipe = job.output == PIPE
    if isinstance(job.output, Path) and not is_pipe:
        return save_picture(translated, job.output, quality=quality)
    encoded = io.BytesIO()
    suffix = _suffix_of_output(job)
    size = write_picture(translated, encoded, suffix, name=str(job.output), quality=quality)
    if isinstance(job.output, Address):
        write(job.output, encoded.getvalue())
        return size
    with map_storage_errors("standard output"):
        sys.stdout.buffer.write(encoded.getvalue())
        sys.stdout.buffer.flush()
    return size


def _stamp_of_written(output: Place) -> Stamp | None:
    """The stamp of what was written, or None where it cannot be had: it is written all the same."""
    try:
        return None if output == PIPE else stamp_of(output)
    except InputError:
        return None


def _is_gone(cause: BaseException | None) -> bool:
    """Whether no other file can be written either: the disk is full, or read-only."""
    gone = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    return isinstance(cause, OSError) and cause.errno in gone


def _is_same_file(source: Place, output: Place) -> bool:
    if not (isinstance(source, Path) and isinstance(output, Path)):
        return source == output
    try:
        return output.samefile(source)  # by a link, or by another spelling
    except OSError:  # one of them is not there
        return False
