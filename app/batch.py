"""Many pictures in, one result each: side by side, in order, and known to the manifest.

What is done with one is in conversion.py, which picture becomes which file in plan.py, what was
done before in manifest.py.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from app import heap
from app.conversion import Result, Translate, attempt, failed, find_sidecars
from app.devices import count_cpus
from app.manifest import IS_DONE, Manifest
from app.places import Stamp, copy
from app.plan import Job
from cyclegan.contract.errors import InputError, StorageError
from cyclegan.contract.saving import DEFAULT_QUALITY

MOST_WORKERS = 9  # each holds a picture before and after, up to 600 MB


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
            elif each.begun:
                manifest.give_up(each.begun.job)  # or it would not be trusted, and done again
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
        return failed(job, job.problem)
    try:
        source = manifest.stamp_of(job.source)
        reason = None if overwrite else manifest.reason_to_skip(job, source)
    except InputError as error:
        return failed(job, str(error))
    if reason:
        return _skip(job, reason, manifest, sidecars=sidecars)
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


def _skip(job: Job, reason: str, manifest: Manifest, *, sidecars: bool) -> Result:
    """The result of a job that is not to be done, but for its labels."""
    result = Result(job.source, job.output, "skipped", reason)
    if not sidecars or reason != IS_DONE:
        return result
    try:
        for labels, copied in find_sidecars(job):
            manifest.begin(job)  # or nobody would look for what a kill leaves here
            copy(labels, copied)
    except (InputError, StorageError) as error:
        result = failed(job, str(error))
    manifest.give_up(job)
    return result
