"""What a user asks of a translation beside the model: one object for every door, and checked.

What it does to pixels is in rendering.py, what a file is called in plan.py.
"""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from cyclegan.contract.errors import InputError
from cyclegan.contract.files import sha256_of
from cyclegan.contract.metadata import KEEPS, Keep

Detail = Literal["auto", "transfer", "off"]
DETAILS: tuple[Detail, ...] = get_args(Detail)
STRENGTHS = (0, 1)  # the least and the most that may be asked for
QUALITIES = (1, 100)

_ALPHA = re.compile(r"keep|flatten:#([0-9a-f]{6})", re.IGNORECASE)


@dataclass(frozen=True)
class Recipe:
    """How pictures are translated and written. Raises: InputError on values without sense."""

    size: int | Literal["auto", "native"] = "auto"  # pixels of the long side that the network sees
    detail: Detail = "auto"  # whether a smaller size keeps fine detail; auto: as the card says
    strength: float = 1.0  # of STRENGTHS; 0 is the picture, 1 the translation
    keep_colors: bool = False  # whether colours stay and only their lightness is translated
    mask: Path | Literal["model"] | None = None  # a picture, white where it is to be translated
    alpha: str = "keep"  # or "flatten:#rrggbb": shown on that colour
    quality: int = 95  # of QUALITIES; of JPEG, WebP and AVIF
    metadata: Keep = "all"  # what stays of it
    strip_gps: bool = False  # whether coordinates are taken out

    def __post_init__(self) -> None:
        rules = {
            "size": (
                self.size in ("auto", "native") or (isinstance(self.size, int) and self.size >= 1),
                "native or a number of pixels",
            ),
            "detail": (self.detail in DETAILS, f"one of {', '.join(DETAILS)}"),
            "strength": _is_within(self.strength, STRENGTHS),
            "alpha": (_ALPHA.fullmatch(self.alpha), "keep or flatten:#rrggbb"),
            "quality": _is_within(self.quality, QUALITIES),
            "metadata": (self.metadata in KEEPS, f"one of {', '.join(KEEPS)}"),
        }
        for name, (holds, expected) in rules.items():
            if not holds:
                raise InputError(f"{name} must be {expected}, not {getattr(self, name)}")

    @property
    def background(self) -> tuple[int, int, int] | None:
        """The colour (R, G, B) that transparent pictures are shown on; None: they stay so."""
        found = _ALPHA.fullmatch(self.alpha)
        if not found or not found[1]:
            return None
        red, green, blue = bytes.fromhex(found[1])
        return red, green, blue

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON values.

        Of a file with a mask, the SHA-256 of its bytes. Raises: StorageError if it cannot be read.
        """
        mask = sha256_of(self.mask) if isinstance(self.mask, Path) else self.mask
        return asdict(self) | {"mask": mask}


def _is_within(value: float, bounds: tuple[int, int]) -> tuple[bool, str]:
    """Whether a number is one of those that may be asked for, and which those are."""
    least, most = bounds
    return least <= value <= most, f"a number from {least} to {most}"
