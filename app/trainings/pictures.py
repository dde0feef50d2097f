"""The pictures that trainings learn from: folders below a root, and uploads that become some."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from app.jobs.intake import Sent, take_in
from app.jobs.limits import Limits
from app.naming import Naming
from app.trainings.orders import plain
from cyclegan.contract.errors import InputError, StorageError, brief
from cyclegan.contract.walk import find_pictures

LIMITS = Limits(files=20_000, job_bytes=8 * 2**30)  # of one kind's pictures
HELD_OUT_EVERY = 10
ENOUGH_TO_HOLD_OUT = 50  # pictures: five, and one that is damaged does not end the training

# Beside the folders of an upload: what its files were called, and which are not among them.
_SENT = Path(".sent", "names.json")
_LEFT_OUT = _SENT.with_name("left out.json")


class Pictures:
    """The folders of pictures below a root; uploads lie in its folder `data`."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.data = self.root / "data"

    def folders(self) -> list[str]:
        """Folders of pictures below the root that can be chosen, as paths below it."""
        found = (Path(place) for place, _, files in os.walk(self.root) if files)
        below = (place.relative_to(self.root) for place in found)
        return sorted(
            place.as_posix()
            for place in below
            if place.parts
            and place.parts[0] != "runs"
            and not any(part.startswith(".") for part in place.parts)
        )

    def folder(self, below: str) -> Path:
        """A folder below the root. Raises: InputError: it is none, or lies elsewhere."""
        place = (self.root / below).resolve()
        if not below or not place.is_relative_to(self.root) or not place.is_dir():
            raise InputError(f'"{below[:60]}" is no folder of this server; choose one of the list')
        return place

    def keep(self, uploads: Sequence[Path], name: str, kind: Literal["A", "B", "neither"]) -> Path:
        """Make a folder of uploaded pictures, and of what is in uploaded zips, and return it.

        Of many of a kind, one in `HELD_OUT_EVERY` goes into another one beside it, see `held_out`.
        What is no picture is left out, see `left_out`. The same uploads again give the same folder.

        Raises: InputError: there is no picture, or there are too many; StorageError.
        """
        files = sorted(uploads)
        key = hashlib.sha256("\n".join([kind, *map(str, files)]).encode()).hexdigest()[:12]
        place = self.data / f"{plain(name)}-{key}"
        folder = place / (kind if kind == "neither" else f"train{kind}")
        if folder.is_dir():
            return folder
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".", dir=self.data) as temporary:
                made = Path(temporary) / "made"
                taken, _ = take_in(_read(files), made / folder.name, Naming(), LIMITS)
                called = {picture.file: picture.name for picture in taken if picture.file}
                names = list(called)
                (made / _SENT.parent).mkdir()
                (made / _SENT).write_text(json.dumps(called))
                others = [picture.name for picture in taken if not picture.file]
                (made / _LEFT_OUT).write_text(json.dumps(others))
                if kind != "neither" and len(names) >= ENOUGH_TO_HOLD_OUT:
                    _move(names[::HELD_OUT_EVERY], made / folder.name, made / f"test{kind}")
                if not folder.is_dir():  # somebody else may have sent the same
                    made.rename(place)
        except OSError as error:
            raise StorageError(f"the pictures could not be kept: {brief(error)}") from error
        return folder


def held_out(folder: str) -> str:
    """The folder of pictures beside a folder to learn from: testA beside trainA; "" for none."""
    place = Path(folder)
    beside = place.with_name(place.name.replace("train", "test", 1))
    is_there = beside != place and beside.is_dir() and len(find_pictures(beside, True)) > 1
    return str(beside) if is_there else ""


def names_of(folder: str) -> dict[Path, str]:
    """What the pictures of an uploaded set were called, by where they are; {} for other folders."""
    called = _read_json(Path(folder).parent / _SENT) or {}
    return {Path(folder) / file: name for file, name in called.items()}


def left_out(folder: str) -> list[str]:
    """Which files of an uploaded set are no pictures, or damaged in their zip; [] for others."""
    return _read_json(Path(folder).parent / _LEFT_OUT) or []


def _read_json(path: Path) -> Any:
    """What is in a file; None if it is not there."""
    try:
        return json.loads(path.read_text())
    except OSError:
        return None


def _read(files: Sequence[Path]) -> Iterator[Sent]:
    """The files, each open as long as it is read."""
    for file in files:
        with file.open("rb") as content:
            yield Sent(file.name, content)


def _move(names: Sequence[str], source: Path, target: Path) -> None:
    target.mkdir()
    for name in names:
        (source / name).rename(target / name)
