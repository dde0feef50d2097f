"""What the verbs of models print: tables for people and, as JSON, all of it for scripts.

What there is to print is decided in cli/, what is printed of pictures in terminal.py.
"""

import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cyclegan.contract.card import RECOGNITION, Metric, ModelCard, by_protocol
from cyclegan.contract.errors import on_one_line
from cyclegan.contract.folder import Entry

if TYPE_CHECKING:
    from rich.table import Table

    from app.foreign import Proposal


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
            typer.echo(f"\nLicence of {', '.join(names)}: {on_one_line(licence)}")
        typer.echo("\nMore about a model, and how it was measured: cyclegan models info NAME")
    for entry in entries:
        if entry.reason:
            typer.echo(f"cannot be used: {entry.reason}", err=True)


def show_card(card: ModelCard, *, as_json: bool) -> None:
    """What a person asks of a model, licence and limits first; as JSON, all that its card says."""
    if as_json:
        _print_json(card.to_dict())
        return
    typer.echo(f"{on_one_line(card.title)} ({card.name})\n{on_one_line(card.description)}\n")
    table = _table()
    for term, lines in _rows(card):
        table.add_row(term, "\n".join(map(on_one_line, lines)))
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
    for protocol, figures in by_protocol(metrics):
        yield from (f"{_figure(each)} ({each.direction} is better)" for each in figures)
        yield f"protocol: {protocol}"
        if any(each.is_recognition for each in figures):
            yield RECOGNITION


def _trained(card: ModelCard) -> Iterator[str]:
    """What a model learned from, and for how long."""
    training = card.training
    if training is None:
        yield "elsewhere; its card does not say how"
        return
    yield training.data
    minutes = f"{training.minutes:,.0f}"
    yield (
        f"{training.images_seen:,} pictures shown in {minutes} minute{'s' * (minutes != '1')} on "
        f"{training.hardware}; preset {training.preset}, crops of {card.training_size} pixels"
    )
    if training.mean_of:
        yield "the weights are the mean of"
    for part in training.mean_of:
        often = f", counted {part.counts} times" if part.counts > 1 else ""
        shown = f"{part.images_seen:,} pictures, seed {part.seed}"
        yield f"- {part.run}, {part.checkpoint}: {shown}{often}"


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
