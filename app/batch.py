"""Files in, files out: one picture or a folder of them, with one result a file.

What a model does to a picture is in translator.py; what is shown of the results, in cli.py.
"""

import errno
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cyclegan.contract.errors import CycleGANError, InputError, StorageError
from cyclegan.contract.images import (
    PICTURE_SUFFIXES,
    WRITABLE_SUFFIXES,
    Picture,
    find_pictures,
    load_picture,
    save_picture,
)

Translate = Callable[[Picture], Picture]


@dataclass(frozen=True)
class Job:
    """A picture to translate, and where to."""

    source: Path
    output: Path


@dataclass(frozen=True)
class Result:
    """What became of a job."""

    source: Path
    output: Path
    status: Literal["done", "skipped", "failed"]
    reason: str | None = None  # why it was skipped or failed
    seconds: float = 0.0  # from before reading until after writing
    width: int | None = None  # pixels; None unless it is done
    height: int | None = None


def plan_file(source: Path, output: Path) -> Job:
    """The job for one picture; `output` is a file to write or an existing folder.

    Raises: InputError if the output is neither.
    """
    job = Job(source, output / _result_name(source) if output.is_dir() else output)
    if job.output.suffix.lower() not in WRITABLE_SUFFIXES:
        raise InputError(
            f"{job.output} is neither an existing folder nor a file name that ends in one of "
            f"{' '.join(sorted(WRITABLE_SUFFIXES))}"
        )
    return job


def plan_folder(source: Path, output: Path, recursive: bool = False) -> list[Job]:
    """One job for each picture of a folder, in order; the tree is mirrored where it is recursive.

    Pictures keep their names. Where we do not write the format, ".png" is added: `a.gif` becomes
    `a.gif.png`, whatever stands beside it. An output folder inside the input folder is not read.

    Raises: InputError if there are no pictures, or one would be overwritten.
    """
    if output.exists() and not output.is_dir():
        raise InputError(f"{output} is a file; name a folder for the pictures of {source}")
    origin, target = source.resolve(), output.resolve()
    if origin == target:
        raise InputError(f"{source} is both input and output; name another folder for the output")
    found = [path.relative_to(source) for path in find_pictures(source, recursive)]
    if target.is_relative_to(origin):
        found = [path for path in found if target not in (origin / path).parents]
    if not found:
        deeper = "" if recursive else "; -r looks into its folders too"
        expected = " ".join(sorted(PICTURE_SUFFIXES))
        raise InputError(f"{source} has no pictures ({expected}){deeper}")
    originals = {origin / path for path in found}
    results: dict[Path, Path] = {}
    taken: set[Path] = set()
    # Names that stay come first, so that no name that grows takes one of theirs.
    for path in sorted(found, key=lambda path: _result_name(path) != path.name):
        result = path.with_name(_result_name(path))
        while result in taken:
            result = result.with_name(f"{result.name}.png")
        if target / result in originals:
            raise InputError(f"{output / result} is one of the pictures to translate; move it")
        taken.add(result)
        results[path] = result
    return [Job(source / path, output / results[path]) for path in found]


def convert_one(translate: Translate, job: Job, *, overwrite: bool = False) -> Result:
    """Read, translate and write one picture. Raises: CycleGANError, and then nothing is written."""
    if _is_same_file(job.source, job.output):
        raise InputError(f"{job.source} would be replaced by its translation; name another output")
    if job.output.exists() and not overwrite:
        return Result(job.source, job.output, "skipped", "it is there; --overwrite replaces it")
    started = time.perf_counter()
    picture = translate(load_picture(job.source))
    save_picture(picture, job.output)
    height, width = picture.rgb.shape[:2]
    seconds = time.perf_counter() - started
    return Result(job.source, job.output, "done", None, seconds, width, height)


def convert_all(
    translate: Translate, jobs: Iterable[Job], *, overwrite: bool = False
) -> Iterator[Result]:
    """Do all jobs and yield their results in order. A file that fails does not stop the others.

    Raises: StorageError if the storage is full or read-only, for all others would fail too.
    """
    network = threading.Lock()

    def one_at_a_time(picture: Picture) -> Picture:
        with network:  # it uses every CPU, and memory for one picture
            return translate(picture)

    def run(job: Job) -> Result:
        try:
            return convert_one(one_at_a_time, job, overwrite=overwrite)
        except CycleGANError as error:
            if isinstance(error, StorageError) and _is_gone(error.__cause__):
                raise
            return Result(job.source, job.output, "failed", str(error))

    # Two workers: one reads or writes while the other has the network. More would not be faster,
    # only hold more pictures in memory.
    workers = ThreadPoolExecutor(max_workers=2)
    under_way: deque[Future[Result]] = deque()
    try:
        for job in jobs:
            under_way.append(workers.submit(run, job))
            if len(under_way) > 2:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:  # after Ctrl-C: what is being written is finished, the rest is not begun
        workers.shutdown(cancel_futures=True)


def _is_gone(cause: BaseException | None) -> bool:
    """Whether no other file can be written either: the disk is full, or read-only."""
    gone = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    return isinstance(cause, OSError) and cause.errno in gone


def _is_same_file(source: Path, output: Path) -> bool:
    try:
        return output.samefile(source)  # by a link, or by another spelling
    except OSError:  # one of them is not there
        return False


def _result_name(picture: Path) -> str:
    """The name of its translation: its own, if that is of a format that we write."""
    writable = picture.suffix.lower() in WRITABLE_SUFFIXES
    return picture.name if writable else f"{picture.name}.png"
