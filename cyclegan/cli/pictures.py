"""`cyclegan doctor`: what is wrong with a dataset, and how long it would take."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cyclegan.cli.exits import EXIT_TO_FIX, require_training_packages
from cyclegan.cli.options import DomainA, DomainB, Settings
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import CheckpointError, DependencyError
from cyclegan.presets import PRESETS, preset_config
from cyclegan.settings import parse_settings


def doctor(
    data: Annotated[
        Path | None, typer.Argument(help="Folder with trainA, trainB, testA, testB.")
    ] = None,
    data_: Annotated[
        Path | None, typer.Option("--data", help="The same folder, as `cyclegan train` takes it.")
    ] = None,
    domain_a: DomainA = None,
    domain_b: DomainB = None,
    preset: Annotated[
        str, typer.Option(help=f"Preset that you will train with: {', '.join(PRESETS)}.")
    ] = "fast",
    set_: Settings = None,
    estimate: Annotated[
        bool, typer.Option(help="Time a few steps, to say how long training takes.")
    ] = True,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Say what is wrong with a dataset before you train on it.

    Exits with 3 if something must be fixed.
    """
    if data and data_:
        raise typer.BadParameter(f"{data} and --data {data_} are two folders; give one of them")
    config = preset_config(preset).replace(**parse_settings(set_ or []))
    from cyclegan import terminal  # lazy: numpy, Pillow, rich
    from cyclegan.doctor import diagnose
    from cyclegan.doctor.symptoms import no_backbone
    from cyclegan.domains import resolve_splits

    folders = resolve_splits(data or data_, domain_a, domain_b)
    with terminal.picture_bar("reading") as on_picture:
        diagnosis = diagnose(folders, config, on_picture)
    estimate = estimate and diagnosis.can_train
    hours, images = None, 0
    try:
        hours, images = _estimate(config) if estimate else (None, 0)
    except CheckpointError as error:
        diagnosis, estimate = diagnosis.beginning_with(no_backbone(config, error)), False
    if json_:
        typer.echo(json.dumps({**diagnosis.to_dict(), "preset": preset, "hours": hours}, indent=2))
    else:
        terminal.print_diagnosis(diagnosis, _own_names(folders))
        if hours is not None:
            length = f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"
            typer.echo(
                f"training: about {length} on this machine with preset {preset} "
                f"({images} images{', less when compiled' * config.compile}); "
                "--max-minutes M sets another length"
            )
        elif estimate:
            typer.echo("training: no estimate without its packages: pip install 'cyclegan[train]'")
    if diagnosis.must_be_fixed:
        raise typer.Exit(EXIT_TO_FIX)


def _own_names(folders: dict[str, Path]) -> dict[str, str]:
    """What each folder is called where it lies; nothing where two are called the same."""
    names = {name: folder.absolute().name for name, folder in folders.items()}
    return names if len(set(names.values())) == len(names) else {}


def _estimate(config: TrainConfig) -> tuple[float | None, int]:
    """Hours that a whole training takes here, None without the packages for it, and its images.

    Raises CheckpointError: what its discriminators look through cannot be loaded.
    """
    try:
        require_training_packages()
    except DependencyError:
        return None, 0
    from cyclegan.devices import choose_device
    from cyclegan.doctor.pace import measure_step_s  # lazy: torch

    image_s = measure_step_s(config, choose_device("auto")) / config.batch_size
    limits = [config.max_images] * (config.max_images > 0)
    if config.max_minutes:
        limits.append(max(1, round(60 * config.max_minutes / image_s)))
    return round(image_s * min(limits) / 3600, 3), min(limits)
