"""Speed beside the reference: a table for people, JSON for machines."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from app.store import Store
from benchmarks import training, translation
from benchmarks.reference import ReferenceStep, reference_generator
from benchmarks.timing import machine
from cyclegan.config import PRESETS, preset_config
from cyclegan.contract.files import atomic_write
from cyclegan.contract.folder import default_folder

BUSY = 0.5  # processes; two that want two cores each slowed the reference 50 times, a model twice
CROP_SIZE = 256  # pixels; of the reference's training step, as in the paper


def main(arguments: list[str] | None = None) -> None:
    """Measure what was asked for, print it, and write it where asked."""
    options = _parser().parse_args(arguments)
    console = Console()
    report: dict[str, Any] = {"machine": machine()}
    console.print(", ".join(f"{name} {value}" for name, value in report["machine"].items()))
    if report["machine"]["load"] > BUSY:
        console.print("[yellow]The machine is busy: not even the ratios will hold.")
    if options.only in (None, "translate"):
        store = Store(options.weights or default_folder())
        translators = {entry.name: store.load(entry.name) for entry in store.list() if entry.card}
        rows = translation.measure(
            translators, reference_generator(), options.sizes, options.rounds
        )
        report["translate"] = _show(console, "One picture, translated", rows)
    if options.only in (None, "train"):
        presets = {name: preset_config(name) for name in PRESETS}
        rows = training.measure(presets, ReferenceStep(), CROP_SIZE, options.rounds)
        report["train"] = _show(console, "One training step", rows)
    if options.json:
        with atomic_write(options.json) as temporary:
            temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _show(console: Console, title: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Print rows as they come, and give them back."""
    table = Table("", title=title)
    for column in ("pixels", "ms", "times as fast"):
        table.add_column(column, justify="right")
    shown = []
    with Live(table, console=console):
        for row in rows:
            table.add_row(*(str(value) for value in row.values()))
            shown.append(row)
    return shown


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--only", choices=("translate", "train"), help="measure one part (default: both)")
    add("--sizes", nargs="+", type=int, default=[256, 512, 1024], metavar="PIXELS")
    add("--rounds", type=int, default=5, help="turns of each contestant; the median counts")
    add("--weights", type=Path, metavar="DIR", help="models (default: the bundled ones)")
    add("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser


if __name__ == "__main__":
    main()
