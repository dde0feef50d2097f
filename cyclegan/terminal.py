"""What the training verbs show: a bar on a terminal, plain lines elsewhere, and a table.

Results go to stdout, progress to stderr.
"""

import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from cyclegan.contract.errors import on_one_line

if TYPE_CHECKING:  # evaluating needs no torch
    from cyclegan.alarms import Alarm
    from cyclegan.doctor import Diagnosis
    from cyclegan.doctor.findings import Level
    from cyclegan.evaluate import Evaluation
    from cyclegan.gauge import Measurement
    from cyclegan.importer import Fact
    from cyclegan.train import Progress


def training_progress(
    is_shown: bool = True, *, is_compiled: bool = False
) -> AbstractContextManager[Callable[["Progress"], None]]:
    """Show a training's progress: a bar with the losses on a terminal, else a line an interval,
    and one for each minute without any.

    Of several processes the first alone shows it.
    """
    if not is_shown:
        return nullcontext(lambda _progress: None)
    starting = f"starting{', compiling takes a minute or two' * is_compiled} ..."
    return _show_bar(starting) if sys.stderr.isatty() else _show_lines(starting)


@contextmanager
def _show_bar(starting: str) -> Iterator[Callable[["Progress"], None]]:
    """A progress bar with the losses, for terminals."""
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(starting, total=1.0)

        def on_progress(progress: "Progress") -> None:
            for alarm in progress.alarms:
                bar.console.print(Text(_describe_alarm(alarm), _ALARM_STYLES[alarm.is_on]))
            text = _describe(progress)
            if progress.losses:
                bar.console.print(f"{text}  {_describe_losses(progress.losses)}", highlight=False)
            if progress.measurement:
                bar.console.print(
                    _describe_measurement(progress.images_seen, progress.measurement),
                    highlight=False,
                )
            bar.update(task, completed=progress.share, description=text)

        yield on_progress


@contextmanager
def _show_lines(starting: str) -> Iterator[Callable[["Progress"], None]]:
    """One line an interval, and one for each minute without any, for files and pipes."""
    sys.stderr.write(f"{starting}\n")
    told_s = time.monotonic()

    def on_progress(progress: "Progress") -> None:
        nonlocal told_s
        lines = [_describe_alarm(alarm) for alarm in progress.alarms]
        share = f"{progress.share:6.1%}"
        if progress.losses:
            losses = _describe_losses(progress.losses)
            lines.append(f"{share}  {_describe(progress)}  {losses}")
        if progress.measurement:
            text = _describe_measurement(progress.images_seen, progress.measurement)
            lines.append(f"{share}  {text}")
        if not lines and time.monotonic() - told_s > _SILENCE_S:
            lines.append(f"{share}  {_describe(progress)}")
        if lines:
            told_s = time.monotonic()
        sys.stderr.writelines(f"{line}\n" for line in lines)
        sys.stderr.flush()

    yield on_progress


_SILENCE_S = 60.0  # at most; 100 pictures take a CPU an hour with preset `paper`
_ALARM_STYLES = {True: "bold red", False: "green"}  # by whether it rings


def _describe_alarm(alarm: "Alarm") -> str:
    state = "alarm" if alarm.is_on else "over"
    return f"{state}: {alarm.code}  {alarm.text} {alarm.remedy}".rstrip()


def _describe(progress: "Progress") -> str:
    remaining = timedelta(seconds=round(progress.remaining_s))
    return f"{progress.images_seen} images, {progress.images_per_s:.3g} images/s, {remaining} to go"


def _describe_losses(values: dict[str, float]) -> str:
    return " ".join(f"{name} {value:.3f}" for name, value in values.items())


def _describe_measurement(images_seen: int, measurement: "Measurement") -> str:
    parts = [
        f"{direction} {_describe_losses(figures)}{' (best)' * (direction in measurement.best)}"
        for direction, figures in measurement.figures.items()
    ]
    return f"measured at {images_seen} images: {', '.join(parts)}"


@contextmanager
def picture_bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many pictures of a total are done, on a terminal."""
    with Bar(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_evaluation(result: "Evaluation") -> None:
    """Print the figures beside those of untouched and of real pictures, and how they were taken."""
    table = Table("", "translated", "untouched", "real")
    for metric in result.metrics:
        values = (metric.value, result.untouched[metric.name], result.real.get(metric.name))
        cells = ("" if value is None else f"{value:.2f}" for value in values)
        name = f"{metric.name} {metric.unit}".rstrip()
        table.add_row(f"{name} ({metric.direction} is better)", *cells)
    console = Console(highlight=False, markup=False)  # folders are called as people like
    console.print(table)
    console.print(f"protocol: {result.metrics[0].protocol}", soft_wrap=True)
    for warning in result.warnings:
        console.print(f"note: {warning}", soft_wrap=True)


_LEVELS: dict["Level", tuple[str, str]] = {  # of a finding: its heading, how it is shown
    "fix": ("must be fixed", "bold red"),
    "warning": ("worth a look", "bold yellow"),
    "note": ("good to know", "bold"),
}
_LISTED = 4  # files named with a finding; all of them are in the JSON


def print_diagnosis(diagnosis: "Diagnosis", names: Mapping[str, str]) -> None:
    """Print what a dataset holds and what is wrong with it, the most important first.

    `names` are what to call "trainA" and "trainB", if anything else.
    """

    def named(text: str) -> str:
        return re.sub("train[AB]", lambda found: names.get(found[0], found[0]), text)

    console = Console(highlight=False, emoji=False)
    table = Table("", "pictures", "unreadable", "formats", "short side", "JPEG quality")
    for folder in diagnosis.folders:
        smallest, median, largest = folder.short_side
        spread = f"{median}" if smallest == largest else f"{median} ({smallest} to {largest})"
        formats = ", ".join(f"{count} {name}" for name, count in folder.formats.items())
        quality = "" if folder.jpeg_quality is None else f"about {folder.jpeg_quality}"
        counts = f"{folder.pictures}", f"{folder.unreadable}"
        table.add_row(Text(on_one_line(named(folder.name))), *counts, formats, spread, quality)
    console.print(table)
    for finding in diagnosis.findings:
        heading, style = _LEVELS[finding.level]
        console.print(Text(f"\n{heading}: {finding.code}", style))
        lines = [
            named(finding.text),
            *(f"  {' = '.join(group)}" for group in finding.files[:_LISTED]),
        ]
        if len(finding.files) > _LISTED:
            lines.append(f"  and {len(finding.files) - _LISTED} more; --json names all")
        for line in (*lines, f"-> {named(finding.remedy)}"):
            console.print(Padding(Text(on_one_line(line)), (0, 0, 0, 2)))
    counts_of = Counter(finding.level for finding in diagnosis.findings)
    summary = ", ".join(f"{counts_of[level]} {heading}" for level, (heading, _) in _LEVELS.items())
    console.print(f"\n{summary}")


def print_import(report: Iterable["Fact"]) -> None:
    """Print what was read of another project's checkpoint, and where it was read."""
    table = Table("", "", "from")
    for fact in report:
        table.add_row(fact.what, Text(fact.value), Text(fact.source))
    Console().print(table)
