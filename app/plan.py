"""Which picture becomes which file.

How it is done is in conversion.py and batch.py, whether it was done before in manifest.py.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

from app.naming import Naming, Neighbours
from app.places import Place, kind_of, real, walk
from cyclegan.contract.errors import InputError
from cyclegan.contract.formats import PICTURE_SUFFIXES, WRITABLE_SUFFIXES

PIPE = Path("-")  # standard input, or standard output
SIDECARS = (".txt", ".json", ".xml")  # of labels, which stay true: nothing moves in a picture

_AS_IT_IS = Naming()


@dataclass(frozen=True)
class Job:
    """A picture to translate, and where to."""

    source: Place
    output: Place
    problem: str | None = None  # why it cannot be done; None if it can
    pipe_suffix: str = ".png"  # of the format that goes to a pipe


def plan_file(source: Place, output: Place, naming: Naming = _AS_IT_IS) -> Job:
    """The job for one picture; `output` is a file to write, an existing folder, or PIPE.

    Only in a folder `naming` makes the name; a file must be of the format that it asks for.

    Raises: InputError if the output is none of these.
    """
    if output == PIPE:
        return Job(source, output, pipe_suffix=naming.suffix(source))
    is_folder = kind_of(output) == "folder"
    if is_folder and source == PIPE:
        raise InputError(f"{output} is a folder; name the file for the picture from standard input")
    job = Job(source, output / naming.name(source) if is_folder else output)
    suffix = job.output.suffix
    if suffix.lower() in PICTURE_SUFFIXES - WRITABLE_SUFFIXES:
        raise InputError(f"{job.output}: HEIC is only read; name the output .jpg or .png instead")
    if suffix.lower() not in WRITABLE_SUFFIXES:
        raise InputError(
            f"{job.output} is neither an existing folder nor a file name that ends in one of "
            f"{' '.join(sorted(WRITABLE_SUFFIXES))}; make the folder first, or name a file"
        )
    if naming.suffix(job.output) != suffix:
        raise InputError(
            f"{job.output} is not named as a picture of the format {naming.format}; name it "
            f"{job.output.stem}.{naming.format}, or leave out --format"
        )
    return job


@dataclass(frozen=True)
class FolderPlan:
    """One job for each picture of a folder, in order: each iteration looks at the folder anew.

    Folders inside the folder keep their names, pictures are called as `naming` says. An output
    folder inside the input folder is not read, and nothing is written among the input's pictures.

    Raises: InputError if it cannot be: the output is a file, or named as one, or the same folder.
    """

    source: Place
    output: Place
    recursive: bool = False  # whether folders inside the folder are translated too
    glob: str = "*"  # what paths inside the folder must match; * matches / as well
    limit: int | None = None  # pictures; the first ones
    naming: Naming = _AS_IT_IS

    def __post_init__(self) -> None:
        there = kind_of(self.output)
        if there == "file":
            raise InputError(
                f"{self.output} is a file; name a folder for the pictures of {self.source}"
            )
        if there is None and self.output.suffix.lower() in PICTURE_SUFFIXES:
            raise InputError(
                f"{self.output} is named as a picture, but {self.source} is a folder; name a "
                f"folder for its pictures, or make {self.output} first if it is to be one"
            )
        if real(self.source) == real(self.output):
            raise InputError(
                f"{self.source} is both input and output; name another folder for the output"
            )

    def __iter__(self) -> Iterator[Job]:
        return islice(self._jobs(), self.limit)

    def count(self, others: Counter[str] | None = None) -> int:
        """How many jobs there are. Files beside them that are neither pictures nor labels are
        counted by their suffixes in `others`.

        Raises: InputError if there are none.
        """
        unreadable: list[Job] = []
        pictures = islice(self._pictures(unreadable, others), self.limit)
        count = sum(1 for _ in pictures) + len(unreadable)
        if not count:
            like = "" if self.glob == "*" else f" like {self.glob}"
            deeper = "" if self.recursive else "; -r looks into its folders too"
            expected = " ".join(sorted(PICTURE_SUFFIXES))
            raise InputError(f"{self.source} has no pictures{like} ({expected}){deeper}")
        return count

    def _jobs(self) -> Iterator[Job]:
        resolve = lru_cache(maxsize=16)(real)  # pictures of one folder come together
        origin, target = resolve(self.source), resolve(self.output)
        neighbours = lru_cache(maxsize=16)(Neighbours)
        is_inner = _is_inside(target, origin)
        unreadable: list[Job] = []
        for path in self._pictures(unreadable):
            try:
                name = self.naming.name(path, neighbours)
            except InputError as error:  # its neighbours in a store are not known
                yield Job(path, self._beside(path), str(error))
                continue
            output, problem = self._beside(path).with_name(name), None
            # Links in the output folder may lead anywhere.
            is_link = os.path.islink(output)  # noqa: PTH114 (Path's raises for a name too long)
            at = resolve(output) if is_link else f"{resolve(output.parent)}/{output.name}"
            if _is_inside(at, origin) and not (is_inner and _is_inside(at, target)):
                problem = (
                    f"{output} would be written among the pictures of {self.source}; "
                    "name another folder for the output"
                )
            yield Job(path, output, problem)
        yield from unreadable

    def _pictures(
        self, unreadable: list[Job], others: Counter[str] | None = None
    ) -> Iterator[Place]:
        """The pictures that are wanted; folders that cannot be listed are added to `unreadable`,
        `others` are as in `count`.
        """

        def is_wanted(path: Place) -> bool:
            return fnmatchcase(path.relative_to(self.source).as_posix(), self.glob)

        def note(folder: Place, error: InputError) -> None:
            unreadable.append(Job(folder, self._beside(folder), str(error)))

        def count(counts: Counter[str], path: Place) -> None:
            if (suffix := path.suffix.lower()) not in SIDECARS and is_wanted(path):
                counts[suffix] += 1

        inner = self.source / os.path.relpath(real(self.output), real(self.source))
        on_other = None if others is None else partial(count, others)
        found = walk(self.source, self.recursive, but=inner, on_error=note, on_other=on_other)
        yield from filter(is_wanted, found)

    def _beside(self, source: Place) -> Place:
        return self.output / source.relative_to(self.source)


def _is_inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)
