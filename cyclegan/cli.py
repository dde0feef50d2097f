"""The training verbs of the `cyclegan` command: train, export, evaluate, import, doctor.

Torch is imported inside the verbs that need it, so that `--help` answers at once.
"""

import importlib.util
import json
import logging
import os
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cyclegan.config import (
    PRESETS,
    TrainConfig,
    can_compile,
    parse_settings,
    preset_config,
    read_config,
)
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import CycleGANError, DependencyError, InputError
from cyclegan.contract.folder import ModelFolder, default_folder

if TYPE_CHECKING:  # it needs torch
    from cyclegan.importer import Imported

EXIT_UNEXPECTED, EXIT_UNUSABLE, EXIT_TO_FIX, EXIT_INTERRUPTED = 1, 2, 3, 130


class Weights(StrEnum):
    """Which weights of a run."""

    best = "best"
    latest = "latest"


class Direction(StrEnum):
    """Which of the two translations of a run."""

    AtoB = "AtoB"
    BtoA = "BtoA"


def register(command: typer.Typer) -> None:
    """Add the training verbs to the one `cyclegan` command."""
    for verb in (train, export, evaluate, doctor):
        command.command()(verb)
    command.command("import")(import_)  # the word is Python's own


def main() -> None:
    """Run the training verbs alone: `python -m cyclegan`."""
    command = typer.Typer(
        help="Train, export and measure models.", no_args_is_help=True, add_completion=False
    )
    register(command)
    run_command(command)


def run_command(command: typer.Typer) -> None:
    """Run a command to its exit code: 2 for unusable input, 1 for the unexpected, 130 for Ctrl-C.

    The verbs themselves exit 0, or 3 where some files failed. A person reads one sentence; with
    CYCLEGAN_DEBUG set, the unexpected shows its traceback.
    """
    try:
        command()
    except CycleGANError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(EXIT_UNUSABLE)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        if "CYCLEGAN_DEBUG" in os.environ:
            raise
        typer.echo(
            f"unexpected: {type(error).__name__}: {error}; "
            "run it again with CYCLEGAN_DEBUG=1 for the traceback",
            err=True,
        )
        sys.exit(EXIT_UNEXPECTED)


def _require_training_packages() -> None:
    missing = [
        name
        for name in ("albumentations", "onnx", "onnxscript", "torch", "torchvision")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise DependencyError(
            f"training and export need packages that are not installed ({', '.join(missing)}); "
            "install them with: pip install 'cyclegan[train]'"
        )


def train(
    out: Annotated[Path, typer.Option(help="The run folder: made, or gone on with.")],
    data: Annotated[Path | None, typer.Option(help="A folder with trainA and trainB.")] = None,
    domain_a: Annotated[Path | None, typer.Option(help="Pictures of domain A.")] = None,
    domain_b: Annotated[Path | None, typer.Option(help="Pictures of domain B.")] = None,
    preset: Annotated[
        str | None, typer.Option(help=f"One of: {', '.join(PRESETS)}; fast unless given.")
    ] = None,
    max_minutes: Annotated[
        float | None, typer.Option(help="Length of the run in minutes of training.")
    ] = None,
    max_images: Annotated[
        int | None, typer.Option(help="Length of the run in pictures of each domain.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, order and augmentation.")] = None,
    init_from: Annotated[
        Path | None,
        typer.Option(help="Start a new run from weights: a run, or another project's checkpoint."),
    ] = None,
    compile_: Annotated[
        bool | None, typer.Option("--compile/--no-compile", help="Use torch.compile.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    features: Annotated[
        Path | None, typer.Option(help="ONNX network to compare held-out pictures with.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE: any key of the config.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Print the resolved config and stop.")] = False,
) -> None:
    """Learn to translate between two folders of pictures; the same command again goes on."""
    _require_training_packages()
    if int(os.environ.get("RANK", "0")) > 0:  # the first of several processes reads the settings
        if not dry_run:
            _run_training(None, out, device, None)
        return
    from cyclegan.domains import find_held_out, resolve_domains  # lazy: numpy, Pillow

    folder_a, folder_b = resolve_domains(data, domain_a, domain_b)
    flags = {
        "domain_a": str(folder_a.resolve()),
        "domain_b": str(folder_b.resolve()),
        **(find_held_out(data) if data else {}),
        "features": str(features.resolve()) if features else None,
        "max_minutes": max_minutes,
        "max_images": max_images,
        "seed": seed,
        "compile": compile_,
    }
    if max_minutes is not None and max_images is None:
        flags["max_images"] = 0  # the preset's own length would end the run early
    settings = {key: value for key, value in flags.items() if value is not None}
    settings |= parse_settings(set_ or [])
    imported = _read_start(init_from, out, settings) if init_from else None
    config = _starting_config(out, preset).replace(**settings)
    if config.compile and device in ("auto", "cpu") and not can_compile():
        typer.echo(
            "note: torch.compile needs a C++ compiler and Python's headers (apt-get install g++ "
            "python3-dev); going on without it, which takes longer",
            err=True,
        )
        config = config.replace(compile=False)
    if dry_run:
        typer.echo(config.to_json(), nl=False)
        return
    if config.evaluate_every and not config.is_measured:
        typer.echo(
            "note: how good the translations are is not measured while training: there are no "
            "held-out pictures (testA and testB in --data, or --set test_a=DIR --set test_b=DIR)",
            err=True,
        )
    _run_training(config, out, device, imported)


def _starting_config(out: Path, preset: str | None) -> TrainConfig:
    """What the flags change: the config of a run that started from weights, else a preset's."""
    path = out / "config.json"
    if preset is None and path.is_file():
        config = read_config(path)
        if config.init_from:
            return config
    return preset_config(preset or "fast")


def _read_start(init_from: Path, out: Path, settings: dict[str, Any]) -> "Imported | None":
    """Read the weights that a run starts from, and add what they decide to its settings.

    None where the run has a checkpoint: the same command again goes on with that.
    """
    from cyclegan import importer  # lazy: torch
    from cyclegan.checkpoint import LATEST

    is_new = not (out / LATEST).exists()
    imported = importer.read_start(init_from, settings) if is_new else None
    config = imported.config if imported else read_config(out / "config.json")
    settings["init_from"] = importer.origin_of(init_from)
    for key, value in importer.architecture_of(config.to_dict()).items():
        settings.setdefault(key, value)
    return imported


def export(
    run: Annotated[Path, typer.Argument(help="A run folder made by `cyclegan train`.")],
    name: Annotated[str, typer.Option(help="Of the model: NAME.onnx and NAME.json.")],
    direction: Annotated[Direction, typer.Option(help="Which generator.")] = Direction.AtoB,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for both files; else CYCLEGAN_WEIGHTS, else `weights`."),
    ] = None,
    checkpoint: Annotated[
        Weights | None,
        typer.Option(help="Unless given, the best by KID where there is one, else the latest."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Of the card, for people.")] = None,
    description: Annotated[str | None, typer.Option(help="One or two sentences.")] = None,
    data: Annotated[str | None, typer.Option(help="What it learned from, in words.")] = None,
    licence: Annotated[str | None, typer.Option(help="Of the weights, in words.")] = None,
    limit: Annotated[list[str] | None, typer.Option(help="A known limit, in a sentence.")] = None,
    reverse: Annotated[str | None, typer.Option(help="Name of the model that goes back.")] = None,
) -> None:
    """Write a generator of a run as an ONNX model with its card, once both agree."""
    _require_training_packages()
    from cyclegan.export import export as run_export  # lazy: torch

    folder = out or default_folder()
    card = run_export(
        run,
        direction.value,
        name,
        folder,
        checkpoint=checkpoint.value if checkpoint else None,
        on_choice=typer.echo,
        title=title,
        description=description,
        data=data,
        licence=licence,
        known_limits=tuple(limit or ()),
        reverse=reverse,
    )
    _echo_model(folder, card)


def _echo_model(folder: Path, card: ModelCard) -> None:
    typer.echo(
        f"{folder / card.file}: {card.bytes / 2**20:.1f} MiB, "
        f"within {card.parity.max_abs_error:.1e} of the network "
        f"(allowed: {card.parity.tolerance:g})"
    )


def evaluate(
    model: Annotated[str, typer.Option(help="Name of a model in the weights folder.")],
    data: Annotated[Path, typer.Option(help="Folder with testA, testB, trainA, trainB.")],
    weights: Annotated[
        Path | None,
        typer.Option(help="Folder of the models; else CYCLEGAN_WEIGHTS, else `weights`."),
    ] = None,
    direction: Annotated[
        Direction | None, typer.Option(help="Unless given, the one that its card tells.")
    ] = None,
    features: Annotated[
        Path | None, typer.Option(help="ONNX network to compare pictures with.")
    ] = None,
    class_index: Annotated[
        int | None, typer.Option(help="Also report the share recognised as this class.")
    ] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="Also write it here.")] = None,
) -> None:
    """Measure a model on test pictures, print the figures and write them into its card."""
    from cyclegan import evaluate as evaluation  # lazy: onnxruntime, rich
    from cyclegan import terminal

    folder = ModelFolder(weights or default_folder())
    card = folder.verify(model)
    chosen = direction.value if direction else evaluation.direction_of(card)
    with terminal.picture_bar("translating") as on_picture:
        result = evaluation.evaluate(
            folder.folder / card.file,
            card,
            data,
            chosen,
            features=features,
            class_index=class_index,
            on_picture=on_picture,
        )
    terminal.print_evaluation(result)
    if json_:
        evaluation.write_json(result, json_)
    metrics = evaluation.merge_metrics(card.metrics, result.metrics)
    replace(card, metrics=metrics).write(folder.folder / f"{model}.json")


def import_(
    path: Annotated[
        Path, typer.Argument(help="A checkpoint folder of another project, or a .pth file of one.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The run folder to make; with --export, the folder of models."),
    ] = None,
    export_: Annotated[
        bool, typer.Option("--export", help="Make a model with its card instead of a run.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="Of the model, with --export.")] = None,
    direction: Annotated[
        Direction | None,
        typer.Option(help="What a single generator does; of two, which one to export."),
    ] = None,
    epoch: Annotated[
        str | None, typer.Option(help="latest, 200, ...: the newest unless given.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE: any key of the config.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Turn another project's checkpoint into a run to train on from, or into a model."""
    if export_ != (name is not None):
        raise InputError("--export and --name NAME go together; give both, or --out RUN alone")
    if not export_ and out is None:
        raise InputError("where to? Give --out RUN, or --export --name NAME")
    _require_training_packages()
    from cyclegan import importer, terminal  # lazy: torch, rich

    chosen: Literal["AtoB", "BtoA"] | None = direction.value if direction else None
    settings = parse_settings(set_ or [])
    imported = importer.read(path, direction=chosen, epoch=epoch, settings=settings)
    if chosen and not export_ and len(imported.directions) == 2:
        raise InputError(
            f"{path} has generators of both directions and both go into the run; leave out "
            "--direction, or give it with --export"
        )
    if not json_:
        terminal.print_import(imported.report)
    card, folder = None, out or default_folder()
    if name is not None:
        card = importer.export_model(imported, chosen, name, folder)
    else:
        importer.write_run(imported, folder)
    if json_:
        made = {"model": str(folder / card.file)} if card else {"run": str(folder)}
        report = [vars(fact) for fact in imported.report]
        typer.echo(json.dumps({**made, "report": report}, indent=2))
    elif card:
        _echo_model(folder, card)
    else:
        typer.echo(
            f"{out}: train on with `cyclegan train --data DIR --out {out}`, or export it with "
            f"`cyclegan export {out} --direction {imported.directions[0]} --name NAME`"
        )


def doctor(
    data: Annotated[
        Path | None, typer.Argument(help="Folder with trainA, trainB, testA, testB.")
    ] = None,
    domain_a: Annotated[Path | None, typer.Option(help="Pictures of domain A.")] = None,
    domain_b: Annotated[Path | None, typer.Option(help="Pictures of domain B.")] = None,
    preset: Annotated[
        str, typer.Option(help=f"What it is to be trained with: {', '.join(PRESETS)}.")
    ] = "fast",
    estimate: Annotated[
        bool, typer.Option(help="Also time some steps, to say how long training will take.")
    ] = True,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Say what is wrong with a dataset, before hours are spent on it.

    Exits 3 if something must be fixed.
    """
    config = preset_config(preset)
    from cyclegan import terminal  # lazy: numpy, Pillow, rich
    from cyclegan.doctor import diagnose
    from cyclegan.domains import resolve_splits

    folders = resolve_splits(data, domain_a, domain_b)
    with terminal.picture_bar("reading") as on_picture:
        diagnosis = diagnose(folders, config, on_picture)
    hours = _estimate_hours(config) if estimate else None
    if json_:
        typer.echo(json.dumps({**diagnosis.to_dict(), "preset": preset, "hours": hours}, indent=2))
    else:
        terminal.print_diagnosis(diagnosis)
        if hours is not None:
            length = f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"
            typer.echo(
                f"training: about {length} on this machine with preset {preset} "
                f"({config.max_images} images{', less when compiled' * config.compile}); "
                "--max-minutes M sets another length"
            )
        elif estimate:
            typer.echo("training: no estimate without its packages: pip install 'cyclegan[train]'")
    if diagnosis.must_be_fixed:
        raise typer.Exit(EXIT_TO_FIX)


def _estimate_hours(config: TrainConfig) -> float | None:
    """How long a whole training takes here; None without the packages for it."""
    try:
        _require_training_packages()
    except DependencyError:
        return None
    from cyclegan.doctor.pace import measure_step_s  # lazy: torch
    from cyclegan.step import choose_device

    steps = config.max_images / config.batch_size
    return round(steps * measure_step_s(config, choose_device("auto")) / 3600, 3)


def _run_training(
    config: TrainConfig | None, out: Path, device: str, imported: "Imported | None"
) -> None:
    """Train, with the config and the weights to start from that the first process gives."""
    from cyclegan import terminal  # lazy: torch, rich
    from cyclegan.processes import join_processes
    from cyclegan.run_folder import has_lost_patience
    from cyclegan.step import choose_device
    from cyclegan.train import train as run_training

    with (
        join_processes() as processes,
        terminal.training_progress(processes.is_first) as on_progress,
    ):
        if not processes.is_first:
            logging.disable(logging.WARNING)  # the first one says it
        elif imported:
            terminal.print_import(imported.report)
        config, start = processes.from_first((config, imported.weights if imported else None))
        assert config is not None, "the first process gives one"
        try:
            state = run_training(
                config,
                out,
                on_progress=on_progress,
                device=choose_device(device),
                processes=processes,
                start=start,
            )
        except KeyboardInterrupt:
            if processes.is_first:
                typer.echo(f"stopped; the same command again goes on with {out}", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None
    if processes.is_first:
        typer.echo(f"{out}: {state.images_seen} images, {state.elapsed_s / 60:.1f} minutes")
        for direction, record in state.best.items():
            typer.echo(f"best {direction}: {record}")
        is_early = config.share_done(state.images_seen, state.elapsed_s) < 1
        if is_early and has_lost_patience(config, state):
            typer.echo(
                f"ended early: no new best in a row of {state.stale} measurements; it goes on "
                f"with a patience of more than {config.patience}"
            )
