"""A training as HTML: where it stands, what rings, its curves, why not. No widgets.

Every name and every text of a run may be a stranger's: all of them are escaped.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from app.public import MODELS, without_paths
from app.trainings.standing import Training
from app.web.training_alarms import describe_alarms
from app.web.words import retell_refusal, say
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import CycleGANError
from cyclegan.contract.log import Row, first_sheet
from cyclegan.contract.standing import Measured, is_number, label_endings

# Quantities of the log, by the beginning of their names, in the order shown.
_CURVES = (
    *("cycle", "adv", "disc", "idt", "self", "teacher", "structure", "layers"),
    *("KID", "SWD", "teacher_RMSE"),
)
_POINTS = 200  # of a line; more look the same
_WIDTH, _HEIGHT = 320, 90  # of a chart, in its own units

log = logging.getLogger(__name__)

Point = tuple[int, float]  # images seen, value


def describe(training: Training, language: str) -> str:
    """State, progress, figures and alarms."""
    return "".join([_standing(training, language), *describe_alarms(training, language)])


def draw_curves(training: Training, language: str) -> str:
    """What its log has measured, as charts."""
    return "".join(_charts(training, language))


def alert(error: CycleGANError, root: Path, language: str, models: Path | None = None) -> str:
    """Why something cannot be done below `root` or in the folder of models, without their paths."""
    log.info("refused: %s", error)
    called = {root: "the folder of trainings"} | ({models: MODELS} if models else {})
    why = retell_refusal(language, without_paths(str(error), called))
    return f'<p role="alert">{escape(why)}</p>'


def wait(sentence: str) -> str:
    """What is under way, for as long as it takes."""
    return f'<p class="under-way" role="status">{escape(sentence)}</p>'


def ways(training: Training, language: str) -> dict[Direction, str]:
    """What the directions between its two domains are called."""
    a, b = training.record.order.names.values()
    return {
        "AtoB": say(language, "view.way", source=a, target=b),
        "BtoA": say(language, "view.way", source=b, target=a),
    }


def measured(found: Measured, language: str) -> str:
    """What was measured at some time."""
    listed = ", ".join(f"{metric} {value:.3g}" for metric, value in found.figures.items())
    return say(language, "watch.measured", figures=listed, images=found.images_seen)


def duration(seconds: float, language: str) -> str:
    """How long something takes, about."""
    if seconds < 90:
        return say(language, "view.seconds", seconds=seconds)
    hours, minutes = divmod(round(seconds / 60), 60)
    if seconds < 90 * 60:
        return say(language, "view.minutes", minutes=60 * hours + minutes)
    return say(language, "view.hours", hours=hours, minutes=minutes)


def _standing(training: Training, language: str) -> str:
    figures = list(_figures(training, language))
    if not figures and training.is_alive:
        figures = [say(language, "view.starting")]
    if training.state == "ended" or training.standing.is_out_of_patience:
        # Visitors need not know where things are.
        figures.append(training.said.replace(f"{training.run.parents[1]}{os.sep}", ""))
    items = "".join(f"<li>{escape(figure)}</li>" for figure in figures)
    share = training.standing.share
    percent = f"{100 * share:.0f} %"
    return f"""
<p role="status"><strong>{say(language, f"state.{training.state}")}</strong>, {percent}</p>
<progress value="{share:.4f}" max="1" aria-label="{say(language, "view.progress")}">
</progress>
<ul class="facts">{items}</ul>"""


def _figures(training: Training, language: str) -> Iterator[str]:
    if not training.rows:
        return
    standing = training.standing
    yield say(language, "view.seen", images=standing.images_seen)
    if not training.is_alive:
        return
    if standing.images_per_s:
        yield say(language, "view.pace", pace=standing.images_per_s)
    if standing.remaining_s is not None:
        yield say(language, "view.to-go", time=duration(standing.remaining_s, language))
    first = first_sheet(training.config.get("sheet_every", 0))
    if standing.images_seen < first:
        yield say(language, "view.first-sheet", images=first)


def _charts(training: Training, language: str) -> Iterator[str]:
    names = training.record.order.names.values()
    endings = label_endings(*names, *ways(training, language).values())
    for quantity in _CURVES:
        lines = {
            label: line
            for ending, label in endings.items()
            if len(line := _line(training.rows, f"{quantity}_{ending}")) > 1
        }
        if lines:
            yield _chart(say(language, f"curve.{quantity}"), lines, language)


def _line(rows: Sequence[Row], name: str) -> list[Point]:
    points = [(row["images_seen"], row[name]) for row in rows if is_number(row.get(name))]
    step = max(1, len(points) // _POINTS)
    return points[::-step][::-1]  # so that the last one stays


def _chart(title: str, lines: Mapping[str, Sequence[Point]], language: str) -> str:
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
    said = escape(f"{title}; {say(language, 'view.axis', first=first, last=last)}")
    span = say(language, "view.span", low=low, high=high)
    box = f"-2 -2 {_WIDTH + 4} {_HEIGHT + 4}"  # lines have a width
    return f"""
<figure class="chart">
  <figcaption>{escape(title)}</figcaption>
  <svg viewBox="{box}" role="img" aria-label="{said}">{drawn}</svg>
  <p class="facts"><span>{span}</span>{legend}</p>
</figure>"""


def _path(line: Sequence[Point], across: tuple[int, int], up: tuple[float, float]) -> str:
    """Where a line goes, in a chart's own units."""
    width, height = max(across[1] - across[0], 1), max(up[1] - up[0], 1e-12)
    return " ".join(
        f"{(images - across[0]) / width * _WIDTH:.1f},{(up[1] - value) / height * _HEIGHT:.1f}"
        for images, value in line
    )
