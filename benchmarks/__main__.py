"""Speed beside the reference: a table for people, JSON for machines."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from rich.console import Console
from rich.live import Live
from rich.table import Table

from app.store import Store
from benchmarks import folders, large, loop, memory, page, requests, training, translation
from benchmarks.reference import ReferenceStep, reference_generator, reference_plain_generator
from benchmarks.timing import machine
from cyclegan.contract.files import atomic_write
from cyclegan.contract.folder import default_folder
from cyclegan.devices import choose_device
from cyclegan.fields import PLAIN_SIZES
from cyclegan.presets import preset_config

BUSY = 0.5  # processes; two that want two cores each slowed the reference 50 times, a model twice
LOOP_IMAGES = 200  # of each domain
LOOP_SIZE = 256  # pixels; of the pictures that the loop loads, as in the paper's data sets


class Part(NamedTuple):
    """What is measured with a model only when it is asked for, as it takes minutes or an hour."""

    title: str
    measure: Callable[[Path, str, argparse.Namespace], Iterator[dict[str, Any]]]


ON_REQUEST = {
    "large": Part(
        "Large pictures in their native size",
        lambda weights, name, options: large.measure(weights, name, options.rounds),
    ),
    "memory": Part(  # an hour
        "Pictures of random sizes",
        lambda weights, name, options: memory.measure(Store(weights).load(name), options.pictures),
    ),
    "requests": Part(
        "A server that translates",
        lambda weights, name, options: requests.measure(
            weights, name, options.requests, options.rounds
        ),
    ),
    "page": Part(  # needs a browser
        "A photo in the browser",
        lambda weights, name, options: page.measure(weights, name, options.rounds),
    ),
}


def main(arguments: list[str] | None = None) -> None:
    """Measure what was asked for, print it, and write it where asked."""
    options = _parser().parse_args(arguments)
    weights = options.weights or default_folder()
    device = choose_device(options.device)
    console = Console(width=None if sys.stdout.isatty() else 120)  # in a file, whole names
    report: dict[str, Any] = {"machine": machine()}
    console.print(", ".join(f"{name} {value}" for name, value in report["machine"].items()))
    if report["machine"]["load"] > BUSY:
        console.print("[yellow]The machine is busy: not even the ratios will hold.")
    if options.only in (None, "translate"):
        peak = translation.convolution_peak(options.rounds)
        report["machine"]["convolution_peak_GFLOP_a_s"] = round(peak, 1)
        console.print(f"convolutions of this machine, 3x3 in float32: {peak:.1f} GFLOP/s")
        store = Store(weights)
        translators = [store.load(entry.name) for entry in store.list() if entry.card]
        with TemporaryDirectory() as folder:
            if translators:
                made = translation.make_architectures(Path(folder), translators[0].card)
                translators += made
            rows = translation.measure(
                translators, reference_generator(), options.sizes, options.rounds, peak
            )
            report["translate"] = _show(console, "One picture, translated", rows)
    if options.only in (None, "folders"):
        store = Store(weights)
        usable = [entry.name for entry in store.list() if entry.card]
        rows = (
            row for name in usable[:1] for row in folders.measure(store.load(name), options.rounds)
        )
        report["folders"] = _show(console, f"Folders, translated by {usable[:1]}", rows)
    if options.only in ON_REQUEST:
        part = ON_REQUEST[options.only]
        name = _first_model(weights)
        rows = part.measure(weights, name, options)
        report[options.only] = _show(console, f"{part.title}, by {name}", rows)
    if options.only in (None, "train"):
        rate = training.matmul_rate(device, options.rounds)
        report["machine"]["matmul_GFLOP_a_s"] = round(rate, 1)
        console.print(f"matrix products of {device}: {rate:.1f} GFLOP/s")
        fast, paper = preset_config("fast"), preset_config("paper")
        reference = ReferenceStep(device=device)
        pairs = {"paper": (reference, training.best_settings(paper, device))}
        for size, (width, blocks) in PLAIN_SIZES.items():
            config = fast.replace(generator_width=width, generator_blocks=blocks)
            plain = partial(reference_plain_generator, width, blocks)
            reference = ReferenceStep(plain, device=device)
            pairs[f"fast, {size}"] = (reference, training.best_settings(config, device))
        rows = training.measure(pairs, options.rounds, device, rate)
        report["train"] = _show(console, "One training step, batch 1", rows)
    if options.only in (None, "loop"):
        # The preset of the shortest step, beside which the rest weighs most.
        config = training.best_settings(preset_config("fast"), device)
        name = f"fast: {training.describe(config)}"
        rows = loop.measure(name, config, LOOP_IMAGES, LOOP_SIZE, device)
        report["loop"] = _show(console, "A training, outside its steps", rows)
    if options.json:
        with atomic_write(options.json) as temporary:
            temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _first_model(weights: Path) -> str:
    """The name of a model to measure with."""
    for entry in Store(weights).list():
        if entry.card:
            return entry.name
    raise SystemExit(f"{weights} has no model that can be used; give --weights DIR")


def _show(console: Console, title: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Print rows as they come, and give them back."""
    table = Table("", title=title)
    shown: list[dict[str, Any]] = []
    with Live(table, console=console):
        for row in rows:
            if not shown:
                for column in list(row)[1:]:
                    table.add_column(column.replace("_", " "), justify="right")
            table.add_row(*("" if value is None else str(value) for value in row.values()))
            shown.append(row)
    return shown


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    parts = ("translate", "folders", "train", "loop", *ON_REQUEST)
    add("--only", choices=parts, help="one part (default: the first four; memory takes an hour)")
    add("--pictures", type=int, default=2000, help="for memory")
    add("--requests", type=int, default=300, help="to a server whose memory is read")
    add("--sizes", nargs="+", type=int, default=[256, 512, 1024], metavar="PIXELS")
    add("--rounds", type=int, default=5, help="turns of each contestant; the median counts")
    add("--device", default="auto", help="that trains: auto (a GPU, else the CPU), cpu, cuda:N")
    add("--weights", type=Path, metavar="DIR", help="models (default: the bundled ones)")
    add("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser


if __name__ == "__main__":
    main()
