"""What a user asks of a translation beside the model: one object for every door, and checked.

What it does to pixels is in rendering.py, what a file is called in plan.py.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any

from cyclegan.contract.errors import InputError
from cyclegan.contract.metadata import KEEPS, Keep

_ALPHA = re.compile(r"keep|flatten:#([0-9a-f]{6})", re.IGNORECASE)


@dataclass(frozen=True)
class Recipe:
    """How pictures are translated and written. Raises: InputError on values without sense."""

    alpha: str = "keep"  # or "flatten:#rrggbb": shown on that colour
    quality: int = 95  # 1 to 100; of JPEG, WebP and AVIF
    metadata: Keep = "all"  # what stays of it
    strip_gps: bool = False  # whether coordinates are taken out

    def __post_init__(self) -> None:
        rules = {
            "alpha": (_ALPHA.fullmatch(self.alpha), "keep or flatten:#rrggbb"),
            "quality": (1 <= self.quality <= 100, "a number from 1 to 100"),
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
        """All that decides how a translation looks, as plain JSON values."""
        return asdict(self)
