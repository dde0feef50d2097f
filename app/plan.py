"""Which picture becomes which file.

How it is done is in conversion.py and batch.py, whether it was done before in manifest.py.
"""

import os
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path, PurePath

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


def plan_file(
    source: Place, output: Place, naming: Naming = _AS_IT_IS, *, into_folder: bool = False
) -> Job:
    """The job for one picture; `output` is a file to write, a folder, or PIPE.

    It is a folder if there is one, or one is to be made (`into_folder`). Only there `naming` makes
    the name; a file must be of the format that it asks for.

    Raises: InputError if the output is none of these.
    """
    if output == PIPE:
        return Job(source, output, pipe_suffix=naming.suffix(source))
    is_folder = into_folder or kind_of(output) == "folder"
    if is_folder and source == PIPE:
        raise InputError(f"{output} is a folder; name the file for the picture from standard input")
    job = Job(source, output / naming.name(source) if is_folder else output)
    suffix = job.output.suffix
    if suffix.lower() in PICTURE_SUFFIXES - WRITABLE_SUFFIXES:
        raise InputError(f"{job.output}: HEIC is only read; name the output .jpg or .png instead")
    if suffix.lower() not in WRITABLE_SUFFIXES:
        raise InputError(
            f"{job.output} is neither an existing folder nor a file name that ends in one of "
            f"{' '.join(sorted(WRITABLE_SUFFIXES))}; write {job.output}/ for a new folder, or name "
            "a file"
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
        _want_folder(self.output, f"the pictures of {self.source}", {real(self.source)})

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
            job = _name(path, self._beside(path).parent, self.naming, neighbours)
            # Links in the output folder may lead anywhere.
            is_link = os.path.islink(job.output)  # noqa: PTH114 (Path's raises for a name too long)
            parent = job.output.parent
            at = resolve(job.output) if is_link else f"{resolve(parent)}/{job.output.name}"
            if _is_inside(at, origin) and not (is_inner and _is_inside(at, target)):
                job = replace(job, problem=_among(job.output, self.source))
            yield job
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


@dataclass(frozen=True)
class PicturesPlan:
    """One job for each of some pictures, in their order, all into one folder.

    Files that are not named as pictures are left alone, and what is given twice is done once.
    Nothing is written among the pictures, and no translation takes the place of another one.

    Raises: InputError if it cannot be, as that of a folder, or if none of them is a picture.
    """

    sources: Sequence[Place]
    output: Place  # a folder; it need not exist
    limit: int | None = None  # pictures; the first ones
    naming: Naming = _AS_IT_IS

    def __post_init__(self) -> None:
        _want_folder(self.output, f"the translations of {len(self.sources)} files", self._folders())
        if not any(_is_named_as_picture(each) and kind_of(each) == "file" for each in self.sources):
            expected = " ".join(sorted(PICTURE_SUFFIXES))
            listed = ", ".join(map(str, self.sources[:3])) + ", ..." * (len(self.sources) > 3)
            raise InputError(
                f"none of {listed} is a picture that is there ({expected}){self._how_folders_go()}"
            )

    def __iter__(self) -> Iterator[Job]:
        return islice(self._jobs(Counter()), self.limit)

    def count(self, others: Counter[str]) -> int:
        """How many jobs there are; `others` are counted as those of a folder."""
        return sum(1 for _ in islice(self._jobs(others), self.limit))

    def _jobs(self, others: Counter[str]) -> Iterator[Job]:
        folders = self._folders()
        neighbours = lru_cache(maxsize=16)(Neighbours)
        owners: dict[Place, Place] = {}  # whose translation an output is
        for source in self.sources:
            if not _is_named_as_picture(source):
                yield from self._no_picture(source, others)
                continue
            job = _name(source, self.output, self.naming, neighbours)
            owner = owners.setdefault(job.output, source)
            if owner is not source and real(owner) == real(source):
                continue
            among = os.path.dirname(real(job.output))  # noqa: PTH120 (a text)
            if owner is not source:
                problem = (
                    f"{source} would replace {job.output}, which is the translation of {owner}"
                )
                job = replace(job, problem=f"{problem}; name another folder for one of them")
            elif among in folders:  # by a link
                job = replace(job, problem=_among(job.output, among))
            yield job

    def _no_picture(self, source: Place, others: Counter[str]) -> Iterator[Job]:
        """A job with a problem for what is not even a file, but for the output folder itself, which
        a shell has among the others.
        """
        found = kind_of(source)
        if found == "file":
            if (suffix := source.suffix.lower()) not in SIDECARS:
                others[suffix] += 1
        elif real(source) != real(self.output):
            told = "is a folder; it wants a command of its own" if found else "does not exist"
            yield Job(source, self.output / source.name, f"{source} {told}")

    def _how_folders_go(self) -> str:
        """How to translate the first of the sources that is a folder; "" if none is."""
        out = real(self.output)
        for source in self.sources:
            if kind_of(source) == "folder" and real(source) != out:
                target = self.output / PurePath(real(source)).name
                words = shlex.join(("cyclegan", "convert", str(source), str(target)))
                return f"; of folders one at a time is taken, as in: {words}"
        return ""

    def _folders(self) -> set[str]:
        """The folders of the pictures, as `real` has them."""
        return {real(folder) for folder in {source.parent for source in self.sources}}


def _want_folder(output: Place, what: str, inputs: Set[str]) -> None:
    """Check that a folder for `what` can be there, and is none of the `inputs`, as `real` has them.

    Raises: InputError.
    """
    there = kind_of(output)
    if there == "file":
        raise InputError(f"{output} is a file; name a folder for {what}")
    if there is None and output.suffix.lower() in PICTURE_SUFFIXES:
        raise InputError(
            f"{output} is named as a picture; name a folder for {what}, "
            f"or make {output} first if it is to be one"
        )
    if real(output) in inputs:
        raise InputError(f"{output} is both input and output; name another folder for the output")


def _name(
    source: Place, folder: Place, naming: Naming, neighbours: Callable[[Place], Neighbours]
) -> Job:
    """The job that puts the translation of a picture into a folder."""
    try:
        return Job(source, folder / naming.name(source, neighbours))
    except InputError as error:  # its neighbours in a store are not known
        return Job(source, folder / source.name, str(error))


def _among(output: Place, folder: Place | str) -> str:
    """The problem of an output that a link leads to where pictures are read."""
    return (
        f"{output} would be written among the pictures of {folder}; "
        "name another folder for the output"
    )


def _is_named_as_picture(path: Place) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES


def _is_inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)
