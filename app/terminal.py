"""What `convert` prints: progress, reports; for people and, as JSON, for scripts.

What there is to print is decided in cli/, what is printed of models in terminal_models.py.
"""

import dataclasses
import json
import os
import stat
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cyclegan.contract.errors import on_one_line
from cyclegan.contract.files import map_storage_errors

if TYPE_CHECKING:
    from rich.progress import Progress

    from app.conversion import Result
    from app.places import Place

    Advance = Callable[[Result], object]

PATIENCE_S = 1.0  # what one picture may take until there is a bar
_LISTED = 5  # suffixes


def describe(result: "Result") -> str:
    """A line about one picture."""
    if result.status == "done":
        missing = f" ({result.reason})" if result.reason else ""
        size = f"{result.width} x {result.height} pixels{missing}"
        told = f"{result.output}: {size}, {result.seconds:.1f} s"
    elif result.status == "skipped":
        told = f"{result.output}: skipped, {result.reason}"
    else:
        told = f"failed: {result.reason}"
    return on_one_line(told)


def summary(target: "Place", counts: Mapping[str, int], seconds: float) -> str:
    """A line about a folder of pictures."""
    told = (f"{counts.get(status, 0)} {status}" for status in ("done", "skipped", "failed"))
    return f"{target}: {', '.join(told)} in {seconds:.1f} s"


def left_alone(others: Counter[str]) -> str:
    """A line about files, counted by their suffixes, that are no pictures."""
    count = others.total()
    files, picture = (
        ("1 file was", "picture") if count == 1 else (f"{count} files were", "pictures")
    )
    by_count = sorted(others.items(), key=lambda each: (-each[1], each[0]))
    listed = [f"{suffix or 'no suffix'} {times}" for suffix, times in by_count[:_LISTED]]
    listed += ["..."] * (len(others) > _LISTED)
    told = f"{files} left alone, no {picture} that can be read: {', '.join(listed)}"
    return on_one_line(told)


def to_json(result: "Result") -> str:
    """A JSON line about one picture."""
    return json.dumps(dataclasses.asdict(result), default=str)


def print_json(result: "Result") -> None:
    """The same on stdout. Raises: StorageError if that cannot be written."""
    with map_storage_errors("standard output"):
        typer.echo(to_json(result))


def interruption(counts: Mapping[str, int]) -> str:
    """A line about a folder that Ctrl-C left."""
    done = counts.get("done", 0)
    pictures = "1 picture is" if done == 1 else f"{done} pictures are"
    return f"stopped: {pictures} done; run the same command again for the rest"


class Parts(AbstractContextManager["Advance"]):
    """How far one picture has come: a bar on a terminal, where it takes long; nothing elsewhere."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._bar: Progress | None = None

    def tell(self, done: int, total: int) -> None:
        """Show that so many of its tiles, or rows, are done."""
        if self._bar is None:
            if time.monotonic() - self._started < PATIENCE_S or not sys.stderr.isatty():
                return
            from rich.console import Console  # lazy: most pictures need no bar
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.add_task("")
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)

    def __enter__(self) -> "Advance":
        return lambda result: None

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()


@contextmanager
def progress(total: int | None) -> Iterator["Advance"]:
    """Progress on stderr: a bar on a terminal, a line for each picture elsewhere.

    `total` is the number of pictures, or None where nobody knows it.
    """
    if not sys.stderr.isatty():
        done = 0

        def print_line(result: "Result") -> None:
            nonlocal done
            done += 1
            place = f"{done}/{total}" if total else f"{done}"
            typer.echo(f"{place} {describe(result)}", err=True)

        yield print_line
        return
    from rich.console import Console  # lazy: one picture, or a pipe, needs no bar
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("", total=total)

        def move_bar(result: "Result") -> None:
            if result.status != "skipped" and result.reason:
                console.print(describe(result))
            bar.advance(task)

        yield move_bar


@contextmanager
def report(path: Path | None) -> Iterator["Advance"]:
    """A JSON line for each picture in a file, as soon as there is a result.

    A log, not a document: it grows, so that it tells of a run that was killed. What was in the file
    stays until there is a first result, or none at the end: the run may be refused.

    Raises: StorageError.
    """
    if path is None:
        yield lambda result: None
        return

    is_new = True

    def write(text: str) -> None:
        nonlocal is_new
        with map_storage_errors(path):
            if is_new and stat.S_ISREG(os.fstat(lines.fileno()).st_mode):  # or it is a pipe, say
                lines.truncate(0)
            is_new = False
            lines.write(text)

    with map_storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.open("a", encoding="utf-8", buffering=1)  # each line at once
    try:
        yield lambda result: write(to_json(result) + "\n")
        if is_new:
            write("")
    finally:
        with map_storage_errors(path):  # what could not be written is tried once more
            lines.close()
