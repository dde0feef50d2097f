"""Which files of a folder are pictures.

What is in them is in images.py.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from cyclegan.contract.errors import InputError, brief
from cyclegan.contract.formats import PICTURE_SUFFIXES

T = TypeVar("T")


def spread(items: Sequence[T], count: int) -> list[T]:
    """At most `count` of some items, evenly from the first to the last."""
    most = min(count, len(items))
    step = (len(items) - 1) / max(most - 1, 1)
    return [items[round(place * step)] for place in range(most)]


def find_pictures(folder: Path, recursive: bool = False) -> list[Path]:
    """The picture files of a folder, as `walk_pictures` gives them."""
    return list(walk_pictures(folder, recursive))


def walk_pictures(
    folder: Path,
    recursive: bool = False,
    *,
    but: Path | None = None,
    on_error: Callable[[Path, InputError], None] | None = None,
    on_other: Callable[[Path], None] | None = None,
) -> Iterator[Path]:
    """The picture files of a folder by their suffix, one by one in the order of their paths.

    Hidden ones are left out, links to folders are not followed, the folder `but` is not entered.
    Names are held of one folder a level, so a million files in many folders cost no memory. Files
    with any other suffix are given to `on_other`.

    Raises: InputError if a folder cannot be listed; one inside `folder` is given to `on_error`
    instead, where there is one.
    """

    def is_wanted(entry: os.DirEntry[str]) -> bool:
        if entry.name.startswith("."):
            return False
        if entry.is_dir(follow_symlinks=False):
            return recursive and Path(entry.path) != but  # in "." its text is ./out
        if Path(entry.name).suffix.lower() not in PICTURE_SUFFIXES:
            if on_other and entry.is_file():
                on_other(Path(entry.path))
            return False
        if entry.is_symlink():  # a loop of links is a picture that cannot be read
            return not os.path.isdir(entry.path)  # noqa: PTH112 (raises nothing, as Path's does)
        return entry.is_file()  # not a named pipe, which would keep its reader waiting

    def list_folder(path: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(path) as entries:
                return sorted(filter(is_wanted, entries), key=lambda e: e.name, reverse=True)
        except OSError as error:
            refusal = InputError(f"folder {path} cannot be read: {brief(error)}")
            if on_error is None or path == str(folder):
                raise refusal from error
            on_error(Path(path), refusal)
            return []

    pending = list_folder(str(folder))  # the last one comes first
    while pending:
        entry = pending.pop()
        if entry.is_dir(follow_symlinks=False):
            pending += list_folder(entry.path)
        else:
            yield Path(entry.path)
