"""What translations are called: `a.jpg` stays `a.jpg` unless the user asks for something else.

Where they are put is in plan.py.
"""

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath
from typing import Literal, get_args

from app.places import Place, names_in
from cyclegan.contract.errors import InputError
from cyclegan.contract.formats import FORMATS, PICTURE_SUFFIXES, WRITABLE_SUFFIXES

Format = Literal["auto", "png", "jpg", "webp", "avif"]
FORMATS_TO_ASK_FOR: tuple[Format, ...] = get_args(Format)
_FIELD = re.compile(r"\{(stem|model|ext)\}")
_MOST_BYTES = 200  # of a name that others give; file systems take 255, and more may be added to it


@dataclass(frozen=True)
class Naming:
    """How names are made. Raises: InputError if format or template are none."""

    format: Format = "auto"  # auto: that of the picture where we write it, else PNG
    template: str = "{stem}.{ext}"
    model: str = ""  # the name of the model

    def __post_init__(self) -> None:
        if self.format not in FORMATS_TO_ASK_FOR:
            expected = ", ".join(FORMATS_TO_ASK_FOR)
            raise InputError(f"the format must be one of {expected}, not {self.format}")
        text = _FIELD.sub("", self.template)
        if (
            "{stem}" not in self.template
            or not self.template.endswith(".{ext}")
            or self.template.startswith(".")
            or set(text) & set("{}/\\")
            or not text.isprintable()
        ):
            raise InputError(
                f'the template "{self.template}" makes no names; it must be a file name with '
                '{stem} in it and .{ext} at its end, as "{stem}_{model}.{ext}"'
            )

    def suffix(self, source: Place) -> str:
        """The suffix of a picture's translation."""
        wanted = f".{self.format}"
        if self.format == "auto":
            return source.suffix if source.suffix.lower() in WRITABLE_SUFFIXES else ".png"
        same = next(each.suffixes for each in FORMATS if wanted in each.suffixes)
        return source.suffix if source.suffix.lower() in same else wanted

    def name(self, source: Place, neighbours: "Callable[[Place], Neighbours] | None" = None) -> str:
        """The name of a picture's translation; no two of one folder's pictures have the same.

        Where the stem alone would not tell it from one of its `neighbours` in that folder, the
        whole name is taken: `a.jpg.webp` beside `a.png.webp`.
        """
        suffix = self.suffix(source)
        is_own = suffix == source.suffix
        is_safe = is_own and Path(source.stem).suffix.lower() not in PICTURE_SUFFIXES
        is_told = is_safe or neighbours is None or neighbours(source.parent).tell(source, is_own)
        fields = {
            "stem": source.stem if is_told else source.name,
            "model": self.model,
            "ext": suffix[1:],
        }
        return _FIELD.sub(lambda field: fields[field[1]], self.template)


class Neighbours:
    """The pictures of one folder, as far as their names matter to each other."""

    def __init__(self, folder: Place) -> None:
        parts = ((*os.path.splitext(name), name) for name in names_in(folder))  # noqa: PTH122
        pictures = [(stem, name) for stem, end, name in parts if end.lower() in PICTURE_SUFFIXES]
        self._names = {name for _, name in pictures}
        self._stems = Counter(stem for stem, _ in pictures)

    def tell(self, source: Place, is_own: bool) -> bool:
        """Whether the stem of a picture makes a name that no other one gets.

        Names differ, and so do stems that no other picture has, or that keep their suffix
        (`is_own`). What is left is a stem that is a name: `a.jpg.png` beside `a.jpg`.
        """
        is_alone = is_own or self._stems[source.stem] <= 1
        return is_alone and source.stem not in self._names


def plain_name(name: str) -> str:
    """A file name without folders, control characters and what file systems refuse."""
    base = PureWindowsPath(name).name  # splits at both kinds of slashes
    kept = "".join(c for c in base if c.isprintable() and c not in '<>:"|?*').strip(". ")
    path = PurePath(kept or "picture")
    suffix = path.suffix[:20]
    room = _MOST_BYTES - len(suffix.encode())
    return path.stem.encode()[:room].decode(errors="ignore") + suffix
