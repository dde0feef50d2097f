"""What the doctor's checks are given, and what they yield.

The checks are in symptoms.py and domain_gap.py.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cyclegan.doctor.duplicates import Likeness
from cyclegan.doctor.survey import Measured, Unreadable

Level = Literal["fix", "warning", "note"]
Code = Literal[
    "unreadable",
    "too-few",
    "few",
    "both-domains",
    "leak",
    "copies",
    "borders",
    "small",
    "transparent",
    "grey",
    "blank",
    "extreme-shape",
    "no-test",
    "ignored",
    "indistinct",
    "resolution-differs",
    "jpeg-quality-differs",
    "imbalance",
    "grey-domain",
    "shape-differs",
    "colour-gap",
    "no-backbone",
]
Fact = str | float | Mapping[str, str | int]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or unusual, and what to do about it."""

    level: Level  # "fix": training, or its figures, would suffer for certain
    code: Code  # for scripts
    text: str  # what was found, and what it does to training
    remedy: str
    files: tuple[tuple[str, ...], ...] = ()  # below the data folder; copies stand together
    # What of both texts is of this dataset, by name, for who tells them in another language.
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """Everything that the checks look at, by folder ("trainA", ...)."""

    folders: dict[str, Path]
    measured: dict[str, list[Measured]]
    unreadable: dict[str, list[Unreadable]]
    ignored: dict[str, list[Path]]  # files that are no pictures by their names
    copies: list[Likeness]
    distinctness: float | None  # how surely all measures tell A from B: 0.5 chance, 1 always

    @property
    def domains(self) -> tuple[list[Measured], list[Measured]]:
        """The training pictures of A and of B."""
        return self.measured["trainA"], self.measured["trainB"]

    def folder(self, path: Path) -> str:
        """The folder that a file is in: "trainA", ..."""
        around = [name for name, folder in self.folders.items() if path.is_relative_to(folder)]
        return max(around, key=lambda name: len(self.folders[name].parts))

    def name(self, path: Path) -> str:
        """What to call a file: its path below what all folders are in."""
        root = os.path.commonpath([folder.absolute() for folder in self.folders.values()])
        return path.absolute().relative_to(root).as_posix()
