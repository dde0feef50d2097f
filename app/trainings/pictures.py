"""The pictures that trainings learn from: folders below a root, and uploads that become some."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from app.trainings.orders import plain
from cyclegan.contract.errors import InputError
from cyclegan.contract.files import atomic_write


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
            if place.parts and place.parts[0] != "runs" and not place.name.startswith(".")
        )

    def folder(self, below: str) -> Path:
        """A folder below the root. Raises: InputError: it is none, or lies elsewhere."""
        place = (self.root / below).resolve()
        if not below or not place.is_relative_to(self.root) or not place.is_dir():
            raise InputError(f'"{below[:60]}" is no folder of this server; choose one of the list')
        return place

    def keep(self, uploads: Sequence[Path], name: str, domain: Literal["A", "B"]) -> Path:
        """Put uploaded pictures into a folder below the root, and return it.

        The same ones again give the same folder. Raises: StorageError.
        """
        key = hashlib.sha256("\n".join(sorted(map(str, uploads))).encode()).hexdigest()[:12]
        folder = self.data / f"{plain(name)}-{key}" / f"train{domain}"
        for count, path in enumerate(uploads):
            target = folder / f"{count:06d}{path.suffix.lower()}"
            if not target.exists():
                with atomic_write(target) as temporary:
                    shutil.copyfile(path, temporary)
        return folder
