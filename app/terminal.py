"""What the command prints: progress, reports, tables; for people and, as JSON, for scripts.

What there is to print is decided in cli/.
"""

import dataclasses
import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

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
    """What a person asks of a model, licence and limits first; as JSON, all that its card says."""
    if as_json:
        _print_json(card.to_dict())
        return
    typer.echo(f"{card.title} ({card.name})\n{card.description}\n")
    table = _table()
    for term, lines in _rows(card):
        table.add_row(term, "\n".join(lines))
    _print_table(table)
    typer.echo(f"\nThe whole card: cyclegan models info {card.name} --json")


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


def _rows(card: ModelCard) -> Iterator[tuple[str, Iterable[str]]]:
    """What there is to say of a model: the term, and lines about it."""
    yield "licence", [card.licence]
    yield "known limits", [f"- {limit}" for limit in card.known_limits] or ["none are stated"]
    yield "use", _usage(card)
    yield "way back", [card.reverse or "none"]
    yield "measured", _measured(card.metrics) if card.metrics else ["not yet"]
    yield "trained", _trained(card)
    yield "file", _file(card)


def _usage(card: ModelCard) -> Iterator[str]:
    """How a model is used, and in which size it is shown pictures then."""
    yield f"cyclegan convert INPUT OUTPUT -m {card.name}"
    if card.fixed_size:
        yield f"the network takes {card.fixed_size.width} x {card.fixed_size.height} pixels only"
    elif card.default_size:
        yield (
            f"it is shown pictures at {card.default_size} pixels of the long side, unless --size "
            "says otherwise; results keep their size"
        )


def _measured(metrics: Iterable[Metric]) -> Iterator[str]:
    """Figures, and after those of one protocol how they were taken."""
    for protocol, figures in groupby(metrics, attrgetter("protocol")):
        yield from (f"{_figure(each)} ({each.direction} is better)" for each in figures)
        yield f"protocol: {protocol}"


def _trained(card: ModelCard) -> Iterator[str]:
    """What a model learned from, and for how long."""
    training = card.training
    if training is None:
        yield "elsewhere; its card does not say how"
        return
    yield training.data
    yield (
        f"{training.images_seen:,} pictures shown in {training.minutes:,.0f} minutes on "
        f"{training.hardware}; preset {training.preset}, crops of {card.training_size} pixels"
    )


def _file(card: ModelCard) -> Iterator[str]:
    """What a model's file is, and how it was made of another or of a network."""
    network = card.architecture
    weights = f", {network.parameters:,} weights ({network.name})" if network else ""
    yield f"{card.file}, {card.bytes / 2**20:.1f} MiB, {card.precision}{weights}"
    yield f"sha256 {card.sha256}"
    if card.fidelity:
        lower = card.fidelity
        yield f"{lower.psnr_db:.1f} dB to the fp32 model {lower.source}, which it was made from"
    elif card.parity:
        yield f"within {card.parity.max_abs_error:.1e} of the network that was trained"


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
