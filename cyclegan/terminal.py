"""What the training verbs show: a bar on a terminal, plain lines elsewhere, and a table.

Results go to stdout, progress to stderr.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table

if TYPE_CHECKING:  # evaluating needs no torch
    from cyclegan.evaluate import Evaluation
    from cyclegan.train import Progress


def training_progress() -> AbstractContextManager[Callable[["Progress"], None]]:
    """Show a training's progress: a bar with the losses on a terminal, else a line an interval."""
    return _show_bar() if sys.stderr.isatty() else _show_lines()


@contextmanager
def _show_bar() -> Iterator[Callable[["Progress"], None]]:
    """A progress bar with the losses, for terminals."""
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting, compiling takes a minute or two ...", total=1.0)

        def on_progress(progress: "Progress") -> None:
            text = _describe(progress)
            if progress.losses:
                bar.console.print(f"{text}  {_describe_losses(progress.losses)}", highlight=False)
            bar.update(task, completed=progress.share, description=text)

        yield on_progress


@contextmanager
def _show_lines() -> Iterator[Callable[["Progress"], None]]:
    """One line an interval, for files and pipes."""

    def on_progress(progress: "Progress") -> None:
        if progress.losses:
            line = f"{progress.share:6.1%}  {_describe(progress)}"
            sys.stderr.write(f"{line}  {_describe_losses(progress.losses)}\n")
            sys.stderr.flush()

    yield on_progress


def _describe(progress: "Progress") -> str:
    remaining = timedelta(seconds=round(progress.remaining_s))
    return f"{progress.images_seen} images, {progress.images_per_s:.1f} images/s, {remaining} to go"


def _describe_losses(values: dict[str, float]) -> str:
    return " ".join(f"{name} {value:.3f}" for name, value in values.items())


@contextmanager
def translation_bar() -> Iterator[Callable[[int, int], None]]:
    """Show how many pictures of a total are done, on a terminal."""
    with Bar(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("translating", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_evaluation(result: "Evaluation") -> None:
    """Print the figures beside those of untouched and of real pictures, and how they were taken."""
    table = Table("", "translated", "untouched", "real")
    for metric in result.metrics:
        values = (metric.value, result.untouched[metric.name], result.real[metric.name])
        cells = (f"{value:.2f}" for value in values)
        table.add_row(f"{metric.name} {metric.unit} ({metric.direction} is better)", *cells)
    console = Console()
    console.print(table)
    console.print(f"protocol: {result.metrics[0].protocol}", highlight=False, soft_wrap=True)
    for warning in result.warnings:
        console.print(f"note: {warning}", highlight=False, soft_wrap=True)
