"""Files in, files out: one picture or many, with one result each.

Which picture becomes which file is in plan.py, what was done before in manifest.py, what a model
does to a picture in translator.py.
"""

import errno
import io
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from app import heap
from app.devices import count_cpus
from app.manifest import IS_DONE, IS_THERE, Manifest
from app.places import Address, Place, Stamp, copy, read, stamp_of, write
from app.plan import PIPE, Job
from cyclegan.contract.errors import CycleGANError, InputError, StorageError
from cyclegan.contract.files import map_storage_errors
from cyclegan.contract.images import Animation, Picture, open_picture
from cyclegan.contract.saving import DEFAULT_QUALITY, save_picture, write_picture

Translate = Callable[[Picture], Picture]

SIDECARS = (".txt", ".json", ".xml")  # of labels, which stay true: nothing moves in a picture
MOST_WORKERS = 9  # each holds a picture before and after, up to 600 MB


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
        pages = found.pages if isinstance(found, Picture) else 1
        translated = found.map(translate) if isinstance(found, Animation) else translate(found)
        del found  # 300 MB of 100 megapixels; to encode the translation takes 400
        if sidecars:
            _copy_sidecars(job)
        height, width = _write(translated, job, quality)
    seconds = time.perf_counter() - started
    there = _stamp_of_written(job.output)  # here: a store takes its time
    return Result(
        job.source,
        job.output,
        "done",
        f"only the first of its {pages} pages" if pages > 1 else None,
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
        return _failed(job, f"{job.source} needs more memory than there is; make it smaller")
    except CycleGANError as error:
        if isinstance(error, StorageError) and _is_gone(error.__cause__):
            raise
        return _failed(job, str(error))


def convert_all(
    translate: Translate,
    jobs: Iterable[Job],
    manifest: Manifest,
    *,
    overwrite: bool = False,
    sidecars: bool = False,
    quality: int = DEFAULT_QUALITY,
    stop: Callable[[], object] | None = None,
) -> Generator[Result, None, None]:
    """Do all jobs that are not done yet, and yield the results of all in order.

    A file that fails does not stop the others. Where the iterator is closed early, nothing more is
    begun and what is under way is finished; `stop` is called first, so that `translate` may give up
    with a StoppedError.

    Raises: StorageError if the storage is full or read-only, for all others would fail too.
    """
    # While one worker has the network, the others read and write: as many as there are CPUs, for
    # beside a fast network a picture takes longer to read and write than to translate.
    count = min(count_cpus() + 1, MOST_WORKERS)
    workers = ThreadPoolExecutor(count)
    run = partial(attempt, translate, overwrite=True, sidecars=sidecars, quality=quality)
    under_way: deque[_UnderWay] = deque()
    try:
        for job in jobs:
            begun = begin(job, manifest, overwrite=overwrite, sidecars=sidecars)
            if isinstance(begun, Result):
                future = Future[Result]()
                future.set_result(begun)
                under_way.append(_UnderWay(None, future))
            else:
                under_way.append(_UnderWay(begun, workers.submit(run, job)))
            # One large picture does not hold up the others.
            while under_way and (under_way[0].future.done() or len(under_way) > 2 * count):
                yield _next_result(under_way, manifest)
        while under_way:
            yield _next_result(under_way, manifest)
    except BaseException:  # closed early, Ctrl-C, a full disk
        if stop:
            stop()
        raise
    finally:
        workers.shutdown(cancel_futures=True)
        for each in under_way:
            if not each.future.cancelled() and each.future.exception() is None:
                each.settle(manifest)
        heap.give_back()  # --watch may wait for hours now


class Begun(NamedTuple):
    """A job that the manifest knows to be under way."""

    job: Job
    source: Stamp | None  # from before it was read

    def settle(self, result: Result, manifest: Manifest) -> Result:
        """Tell the manifest what became of it; the result with the sizes of the files."""
        if result.status == "failed":
            manifest.give_up(self.job)
        if result.status != "done":
            return result
        size, mtime_ns = result.output_bytes, result.output_mtime_ns
        if self.source is None or size is None or mtime_ns is None:  # gone already
            return result
        manifest.finish(self.job, self.source, Stamp(size, mtime_ns))
        return replace(result, source_bytes=self.source.bytes)


def begin(job: Job, manifest: Manifest, *, overwrite: bool, sidecars: bool) -> Begun | Result:
    """Tell the manifest that a job is under way; its result where it is not to be done."""
    if job.problem:
        return _failed(job, job.problem)
    try:
        source = manifest.stamp_of(job.source)
        reason = None if overwrite else manifest.reason_to_skip(job, source)
    except InputError as error:
        return _failed(job, str(error))
    if reason:
        return _skip(job, reason, sidecars)
    manifest.begin(job)
    return Begun(job, source)


class _UnderWay(NamedTuple):
    """What is waited for."""

    begun: Begun | None  # None where there was nothing to do
    future: Future[Result]

    def settle(self, manifest: Manifest) -> Result:
        """Wait for the result, and tell the manifest."""
        result = self.future.result()
        return self.begun.settle(result, manifest) if self.begun else result


def _next_result(under_way: deque[_UnderWay], manifest: Manifest) -> Result:
    result = under_way[0].settle(manifest)
    under_way.popleft()  # not before: Ctrl-C while it is waited for must not lose it
    return result


def _skip(job: Job, reason: str, sidecars: bool) -> Result:
    """The result of a job that is not to be done."""
    try:
        if sidecars and reason == IS_DONE:
            _copy_sidecars(job)
    except (InputError, StorageError) as error:
        return _failed(job, str(error))
    return Result(job.source, job.output, "skipped", reason)


def _failed(job: Job, reason: str) -> Result:
    return Result(job.source, job.output, "failed", reason)


def _copy_sidecars(job: Job) -> None:
    """Copy the label files of a picture beside its translation, and under the name of that, where
    they are not there yet, or older.
    """
    for suffix in SIDECARS:
        labels = job.source.with_suffix(suffix)
        copied = job.output.with_suffix(suffix)
        source, there = stamp_of(labels), stamp_of(copied)
        if source and (there is None or there.mtime_ns < source.mtime_ns):
            copy(labels, copied)


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


def _write(translated: Picture | Animation, job: Job, quality: int) -> tuple[int, int]:
    """Write a translation; its height and width in pixels."""
    is_pipe = job.output == PIPE
    if isinstance(job.output, Path) and not is_pipe:
        return save_picture(translated, job.output, quality=quality)
    encoded = io.BytesIO()
    suffix = job.pipe_suffix if is_pipe else job.output.suffix
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
