"""What a run's log tells over time: curves, metrics with their best, alarms.

Quantities are known by the shape of their names alone (`cycle_A`, `KID_AtoB`, `diversity_AB`), so
that new ones need nothing here; those that are named below only read better.
"""

import math
from dataclasses import dataclass

from cyclegan.contract.directions import DIRECTIONS
from cyclegan.contract.log import Row
from cyclegan.contract.standing import (
    ENDINGS,
    alarms_in_force,
    is_number,
    label_endings,
    read_measurements,
)

MAX_POINTS = 500  # of a curve; more of them look the same and make the page slow

Point = tuple[int, dict[str, float]]  # images seen, and numbers of a line of the log by name

LOSSES = {
    "adv": ("Adversarial loss", "how seldom translations pass as real"),
    "disc": ("Discriminator loss", "near 0 a discriminator is never wrong"),
    "cycle": ("Cycle loss", "what a round trip loses"),
    "perceptual": ("Perceptual loss", "what a round trip loses, as a feature network sees it"),
    "idt": ("Identity loss", "changing what is of the target domain already"),
    "teacher": ("Distance to the teacher", "of translations, at four resolutions"),
    "structure": ("Structure", "the teacher's edges and texture that are missing or too many"),
    "layers": ("Layers", "the distance to what the teacher's layers say"),
    "self": ("Self-regularisation", "changing the input at all"),
    "neither": ("Neither kind", "what changes in pictures of neither kind"),
    "variation": ("Variation", "steps between neighbours in translations"),
    "smooth": ("Smoothness", "steps between neighbours where the input has no edge nearby"),
    "similarity": ("Similarity", "changing which places of a picture are alike"),
    "penalty": ("Gradient penalty", "of the discriminators"),
}
COURSE = {
    "learning_rate": ("Learning rate", ""),
    "images_per_s": ("Pace", "pictures of each domain a second"),
}


@dataclass(frozen=True)
class Names:
    """What the domains and directions at the end of a quantity's name are called."""

    a: str
    b: str

    def label(self, ending: str) -> str:
        """`AB` or `AtoB` -> "horse to zebra", `A` -> "horse"; what is neither stays."""
        there, back = f"{self.a} to {self.b}", f"{self.b} to {self.a}"
        return label_endings(self.a, self.b, there, back).get(ending, ending)


@dataclass(frozen=True)
class Line:
    """One line of a chart."""

    label: str
    place: int  # 0 where it is of A or from A, else 1: its colour, the same in every chart
    values: list[float | None]  # None: not measured there


@dataclass(frozen=True)
class Chart:
    """Lines of one quantity over the images seen."""

    title: str
    note: str  # what it means, or ""
    images: list[int]
    lines: list[Line]


@dataclass(frozen=True)
class Best:
    """A metric of one direction, lower is better: when last measured and of what the run kept."""

    name: str
    direction: str
    latest: float
    best: float
    best_at: int  # images seen


@dataclass(frozen=True)
class Alarm:
    """An alarm that went on or off."""

    images_seen: int
    code: str
    is_on: bool
    direction: str
    text: str
    remedy: str


def split_name(name: str) -> tuple[str, str]:
    """`cycle_A` -> ("cycle", "A"); a name without a domain or direction -> (name, "")."""
    quantity, _, ending = name.rpartition("_")
    return (quantity, ending) if ending in ENDINGS else (name, "")


def read_curves(rows: list[Row], names: Names) -> dict[str, list[Chart]]:
    """Chart every quantity of a log, by section of the page; a section may be empty."""
    quantities: dict[str, list[str]] = {}  # the names of each, as they appear
    points = [(row["images_seen"], _numbers(row)) for row in rows]
    for _, numbers in points:
        for name in numbers:
            known = quantities.setdefault(split_name(name)[0], [])
            if name not in known:
                known.append(name)
    sections: dict[str, list[Chart]] = {"Losses": [], "Metrics": [], "Readings": [], "Course": []}
    for quantity in sorted(quantities, key=[*LOSSES, *COURSE, *sorted(quantities)].index):
        members = sorted(quantities[quantity])
        if quantity in LOSSES:
            section = "Losses"
        elif quantity in COURSE:
            section = "Course"
        else:
            section = "Metrics" if split_name(members[0])[1] in DIRECTIONS else "Readings"
        sections[section].append(_chart(quantity, members, points, names))
    return sections


def read_metrics(rows: list[Row], names: Names) -> list[Best]:
    """Say what the metrics of each direction's latest measurement (`KID_AtoB`) are, and were.

    The best is the last that the run marked (`is_best_AtoB`); in a log from before there were
    marks, the lowest.
    """
    found = []
    for way in DIRECTIONS:
        measured = read_measurements(rows, way)
        for name in measured[-1].figures if measured else ():
            having = [(each, each.figures[name]) for each in measured if name in each.figures]
            marked = [pair for pair in having if pair[0].is_best]
            at, best = marked[-1] if marked else min(having, key=lambda pair: pair[1])
            label, latest = names.label(way), having[-1][1]
            found.append(Best(_words(name), label, latest, best, at.images_seen))
    return found


def read_alarms(rows: list[Row], names: Names) -> tuple[list[Alarm], list[Alarm]]:
    """Read the alarms in force at the end of a log, and all that went on or off, newest first."""
    history = [_alarm(row, names) for row in rows if "alarm" in row]
    return [_alarm(row, names) for row in alarms_in_force(rows)], history[::-1]


def _alarm(row: Row, names: Names) -> Alarm:
    return Alarm(
        images_seen=row["images_seen"],
        code=str(row["alarm"]),
        is_on=row.get("state") == "on",
        direction=names.label(str(row.get("direction") or "")),
        text=str(row.get("text", "")),
        remedy=str(row.get("remedy", "")),
    )


def _numbers(row: Row) -> dict[str, float]:
    """What can be drawn of a line of the log."""
    return {
        name: value
        for name, value in row.items()
        if name not in ("images_seen", "minutes") and is_number(value)
    }


def _chart(quantity: str, members: list[str], points: list[Point], names: Names) -> Chart:
    own = [point for point in points if not point[1].keys().isdisjoint(members)]
    length = math.ceil(len(own) / MAX_POINTS)  # lines of the log that become one point
    chunks = [own[i : i + length] for i in range(0, len(own), length)]
    lines = []
    for name in members:
        ending = split_name(name)[1]
        values = [_mean([v[name] for _, v in chunk if name in v]) for chunk in chunks]
        lines.append(Line(names.label(ending), int(ending.startswith("B")), values))
    title, note = (LOSSES | COURSE).get(quantity, (_words(quantity), ""))
    return Chart(title, note, [chunk[-1][0] for chunk in chunks], lines)


def _mean(values: list[float]) -> float | None:
    # Six digits: more cannot be seen, and the page would be twice as large.
    return float(f"{sum(values) / len(values):.6g}") if values else None


def _words(quantity: str) -> str:
    words = quantity.replace("_", " ")
    return words[:1].upper() + words[1:]
