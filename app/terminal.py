"""What the command prints: progress, reports, tables; for people and, as JSON, for scripts.

What there is to print is decided in cli/.
"""

import dataclasses
import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cyclegan.contract.card import Metric, ModelCard
from cyclegan.contract.errors import on_one_line
from cyclegan.contract.files import map_storage_errors
from cyclegan.contract.folder import Entry

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

    from app.batch import Result
    from app.foreign import Proposal
    from app.places import Place

    Advance = Callable[[Result], object]

PATIENCE_S = 1.0  # what one picture may take until there is a bar


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
    with lines:
        yield lambda result: write(to_json(result) + "\n")
        if is_new:
            write("")


def show_models(entries: Sequence[Entry], *, as_json: bool) -> None:
    """A table of the models, and under it their licences.

    Those that cannot be used follow on stderr, with their reasons.
    """
    if as_json:
        _print_json([dataclasses.asdict(entry) for entry in entries])
        return
    table = _table("model", "turns", "size", "precision", "measured")
    licences: dict[str, list[str]] = {}
    for card in [entry.card for entry in entries if entry.card]:
        licences.setdefault(card.licence, []).append(card.name)
        table.add_row(
            card.name,
            f"{card.source_domain} into {card.target_domain}",
            f"{card.bytes / 2**20:.1f} MiB",
            card.precision,
            "\n".join(_figure(metric) for metric in card.metrics) or "not yet",
        )
    if table.rows:
        _print_table(table)
        for licence, names in licences.items():
            typer.echo(f"\nLicence of {', '.join(names)}: {licence}")
        typer.echo("\nMore about a model, and how it was measured: cyclegan models info NAME")
    for entry in entries:
        if entry.reason:
            typer.echo(f"cannot be used: {entry.reason}", err=True)


def show_card(card: ModelCard, *, as_json: bool) -> None:
    """Everything that a card says."""
    if as_json:
        _print_json(card.to_dict())
        return
    table = _table()
    for field, value in _rows(card.to_dict()):
        table.add_row(field, value)
    _print_table(table)


def show_verified(reasons: Mapping[str, str | None], *, as_json: bool) -> None:
    """A line for each model: it is the one that its card describes, or why not."""
    if as_json:
        _print_json([{"name": name, "reason": reason} for name, reason in reasons.items()])
        return
    for name, reason in reasons.items():
        typer.echo(f"{name}: {reason or 'as its card says'}")


def show_proposal(proposal: "Proposal", sheet: Path, *, is_added: bool) -> None:
    """What was found out about a model, as JSON: for scripts, and for the page."""
    _print_json(
        {
            "is_added": is_added,
            "findings": proposal.findings,
            "sheet": str(sheet),
            "card": proposal.card.to_dict(),
        }
    )


def _rows(fields: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a card as text; those of an object inside it as `training.minutes`."""
    for name, value in fields.items():
        if name in ("config", "options"):
            yield prefix + name, json.dumps(value)
        elif name == "metrics":
            figures = (
                f"{_figure(Metric(**each))} ({each['direction']} is better); {each['protocol']}"
                for each in value
            )
            yield name, "\n".join(figures) or "none"
        elif isinstance(value, dict):
            yield from _rows(value, f"{name}.")
        elif name == "known_limits":
            yield name, "\n".join(value) or "none"
        else:
            yield prefix + name, value if isinstance(value, str) else json.dumps(value)


def _figure(metric: Metric) -> str:
    return f"{metric.name} {metric.value:.4g} {metric.unit}".rstrip()


def _table(*headers: str) -> "Table":
    from rich.table import Table  # lazy: converting needs none

    return Table(*headers, box=None, pad_edge=False, show_header=bool(headers))


def _print_table(table: "Table") -> None:
    from rich.console import Console  # lazy: see _table

    # Off a terminal, rich supposes 80 columns; a pipe has room for whole sentences.
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False, markup=False).print(table)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2))
