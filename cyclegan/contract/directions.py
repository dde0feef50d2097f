"""The two ways between the domains A and B."""

from typing import Literal

Direction = Literal["AtoB", "BtoA"]

DIRECTIONS: dict[Direction, tuple[str, str]] = {"AtoB": ("A", "B"), "BtoA": ("B", "A")}
