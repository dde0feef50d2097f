"""A training as HTML: where it stands, what rings, its curves, why not. No widgets.

Every name and every text of a run may be a stranger's: all of them are escaped.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from app.trainings.standing import Row, State, Training
from cyclegan.contract.errors import CycleGANError

_STATES: Mapping[State, str] = {
    "training": "Training",
    "pausing": "Pausing: it writes its checkpoint",
    "stopping": "Stopping: it writes its checkpoint",
    "paused": "Paused",
    "stopped": "Stopped",
    "finished": "Finished",
    "ended": "Ended before it was done",
}
_STARTING = "It is starting; compiling takes a minute or two."
_PROGRESS = "Share of the training that is done"
_SEEN = "{images:,} pictures of each kind seen"
_TO_GO = "about {time} to go"
_PACE = "{pace:.3g} pictures a second"
_ALARM = "{code} {direction}, since {images:,} pictures"
_AXIS = "{first:,} to {last:,} pictures"

# By the beginning of a quantity's name in the log: what it is called, in the order shown.
_CURVES = {
    "cycle": "Cycle loss: what a round trip loses",
    "adv": "Adversarial loss: how seldom translations pass as real",
    "disc": "Discriminator loss: near 0 it is never wrong",
    "idt": "Identity loss",
    "self": "Self-regularisation: changing the input at all",
    "KID": "KID on held-out pictures: lower is better",
}
_POINTS = 200  # of a line; more look the same
_WIDTH, _HEIGHT = 320, 90  # of a chart, in its own units

log = logging.getLogger(__name__)

Point = tuple[int, float]  # images seen, value


def describe(training: Training) -> str:
    """All of it: state, progress, figures, alarms and curves."""
    return "".join([_standing(training), *_alarms(training.rows), *_charts(training)])


def alert(error: CycleGANError, root: Path) -> str:
    """Why something cannot be done, without the paths of this machine."""
    log.info("refused: %s", error)
    return f'<p role="alert">{escape(str(error).replace(f"{root}{os.sep}", ""))}</p>'


def _standing(training: Training) -> str:
    figures = list(_figures(training))
    if not figures and training.is_alive:
        figures = [_STARTING]
    if training.state == "ended":
        # Visitors need not know where things are.
        figures.append(training.said.replace(f"{training.run.parents[1]}{os.sep}", ""))
    items = "".join(f"<li>{escape(figure)}</li>" for figure in figures)
    percent = f"{100 * training.share:.0f} %"
    return f"""
<p role="status"><strong>{_STATES[training.state]}</strong>, {percent}</p>
<progress value="{training.share:.4f}" max="1" aria-label="{_PROGRESS}"></progress>
<ul class="facts">{items}</ul>"""


def _figures(training: Training) -> Iterator[str]:
    if not training.rows:
        return
    yield _SEEN.format(images=training.rows[-1]["images_seen"])
    paces = [row["images_per_s"] for row in training.rows if "images_per_s" in row]
    if training.is_alive and paces:
        yield _PACE.format(pace=paces[-1])
    if training.is_alive and training.remaining_s is not None:
        yield _TO_GO.format(time=_duration(training.remaining_s))


def _alarms(rows: Sequence[Row]) -> Iterator[str]:
    """Those that are in force."""
    last = {(row["alarm"], row["direction"]): row for row in rows if "alarm" in row}
    for row in last.values():
        if row["state"] == "on":
            head = _ALARM.format(
                code=row["alarm"], direction=row["direction"], images=row["images_seen"]
            )
            yield (
                f'<div class="alarm" role="alert"><strong>{escape(head)}</strong>'
                f"<p>{escape(row['text'])} {escape(row['remedy'])}</p></div>"
            )


def _charts(training: Training) -> Iterator[str]:
    names = training.record.order.names
    for quantity, title in _CURVES.items():
        lines = {
            label: line
            for ending, label in _endings(names).items()
            if len(line := _line(training.rows, f"{quantity}_{ending}")) > 1
        }
        if lines:
            yield _chart(title, lines)


def _endings(names: Mapping[str, str]) -> dict[str, str]:
    """What the domains and directions at the end of a quantity's name are called."""
    a, b = names["a"], names["b"]
    ways = {"AB": f"{a} to {b}", "BA": f"{b} to {a}"}
    return {"A": a, "B": b, **ways, "AtoB": ways["AB"], "BtoA": ways["BA"]}


def _line(rows: Sequence[Row], name: str) -> list[Point]:
    points = [(row["images_seen"], row[name]) for row in rows if _is_number(row.get(name))]
    step = max(1, len(points) // _POINTS)
    return points[::-step][::-1]  # so that the last one stays


def _chart(title: str, lines: Mapping[str, Sequence[Point]]) -> str:
    every = [point for line in lines.values() for point in line]
    first, last = min(images for images, _ in every), max(images for images, _ in every)
    low, high = min(value for _, value in every), max(value for _, value in every)
    drawn = "".join(
        f'<polyline class="line{place}" points="{_path(line, (first, last), (low, high))}"/>'
        for place, line in enumerate(lines.values())
    )
    legend = "".join(
        f'<span class="line{place}">{escape(label)} {line[-1][1]:.3g}</span>'
        for place, (label, line) in enumerate(lines.items())
    )
    said = escape(f"{title}; {_AXIS.format(first=first, last=last)}")
    box = f"-2 -2 {_WIDTH + 4} {_HEIGHT + 4}"  # lines have a width
    return f"""
<figure class="chart">
  <figcaption>{escape(title)}</figcaption>
  <svg viewBox="{box}" role="img" aria-label="{said}">{drawn}</svg>
  <p class="facts"><span>{low:.3g} to {high:.3g}</span>{legend}</p>
</figure>"""


def _path(line: Sequence[Point], across: tuple[int, int], up: tuple[float, float]) -> str:
    """Where a line goes, in a chart's own units."""
    width, height = max(across[1] - across[0], 1), max(up[1] - up[0], 1e-12)
    return " ".join(
        f"{(images - across[0]) / width * _WIDTH:.1f},{(up[1] - value) / height * _HEIGHT:.1f}"
        for images, value in line
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
