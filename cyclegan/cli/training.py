"""`cyclegan train`: flags to a config, and a config to a run.

What `cyclegan distill` shares with it is here as well: settings, and the run itself.
"""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyclegan.cli.exits import EXIT_INTERRUPTED, require_training_packages
from cyclegan.cli.options import (
    Compile,
    Device,
    DomainA,
    DomainB,
    DryRun,
    Features,
    MaxImages,
    MaxMinutes,
    Neither,
    Out,
    PlainSize,
    Seed,
    Settings,
)
from cyclegan.coherence import DISCRIMINATORS_WITH, GENERATORS_WITH
from cyclegan.compiling import can_compile
from cyclegan.config import TrainConfig, read_config
from cyclegan.contract.errors import CheckpointError, ConfigError, DatasetError
from cyclegan.contract.log import CONFIG, LATEST
from cyclegan.fields import FOLDERS, PLAIN_SIZES
from cyclegan.presets import WITHOUT_TEACHER, preset_config
from cyclegan.settings import architecture_of, parse_settings

if TYPE_CHECKING:  # it needs torch
    from cyclegan.importer import Imported


def train(
    out: Out,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with trainA and trainB, and for measuring testA and testB."),
    ] = None,
    domain_a: DomainA = None,
    domain_b: DomainB = None,
    neither: Neither = None,
    preset: Annotated[
        str | None, typer.Option(help=f"One of: {', '.join(WITHOUT_TEACHER)}; fast unless given.")
    ] = None,
    size: Annotated[PlainSize | None, typer.Option(help="Size of a plain generator.")] = None,
    max_minutes: MaxMinutes = None,
    max_images: MaxImages = None,
    seed: Seed = None,
    init_from: Annotated[
        Path | None,
        typer.Option(
            help="Start from the weights of a run, an ONNX model or another project's checkpoint."
        ),
    ] = None,
    compile_: Compile = None,
    device: Device = "auto",
    features: Features = None,
    set_: Settings = None,
    dry_run: DryRun = False,
) -> None:
    """Train on two folders of pictures.

    The same command again continues where the run ended, however it ended.
    """
    require_training_packages()
    if not is_first_process():
        if not dry_run:
            run_training(None, out, device)
        return
    config = starting_config(out, preset)
    settings = (
        _find_pictures(config, out, data, domain_a, domain_b, neither)
        | _find_names(out, domain_a, domain_b)
        | collect_settings(features, max_minutes, max_images, seed, compile_, size, set_)
    )
    require_unset(settings, {"preset": "--preset", "init_from": "--init-from"})
    imported = None
    if init_from:
        # Whether what belongs to the networks is right, the weights say.
        networks = {*architecture_of(settings), *GENERATORS_WITH, *DISCRIMINATORS_WITH}
        config = config.replace(**{k: v for k, v in settings.items() if k not in networks})
        imported, decided = read_start(init_from, out, _said_of_networks(config) | settings)
        settings = decided | settings
    config = fit_to_machine(config.replace(**settings), device)
    if imported:
        require_generator(imported, config)
    _require_folders(config)
    if dry_run:
        typer.echo(config.to_json(), nl=False)
        return
    run_training(config, out, device, imported)


def _find_pictures(
    config: TrainConfig,
    run: Path,
    data: Path | None,
    domain_a: Path | None,
    domain_b: Path | None,
    neither: Path | None,
) -> dict[str, str]:
    """Return where the pictures are as settings; none where a run goes on with those it has.

    Raises DatasetError: they are not named as they should be, or are not there.
    """
    from cyclegan.domains import (  # lazy: numpy, Pillow
        find_held_out,
        require_different,
        resolve_domains,
    )

    are_named = data or domain_a or domain_b
    if config.domain_a and not are_named:
        folders, found = (Path(config.domain_a), Path(config.domain_b)), {}
    elif not (are_named or (run / LATEST).exists()):
        raise DatasetError(
            f"{run} has no checkpoint to go on from; a new run wants pictures: --data DIR with "
            "trainA and trainB in it, or both --domain-a DIR and --domain-b DIR"
        )
    else:
        folders = resolve_domains(data, domain_a, domain_b)
        keys = zip(("domain_a", "domain_b"), folders, strict=True)
        found = {key: str(folder.resolve()) for key, folder in keys}
        found |= find_held_out(*folders)
    if neither:
        require_different(*folders, neither)
        found["neither"] = str(neither.resolve())
    return found


def _require_folders(config: TrainConfig) -> None:
    """Raise DatasetError where a folder of pictures is not there, or no longer."""
    for key in FOLDERS:
        folder = getattr(config, key)
        if folder and not Path(folder).is_dir():
            raise DatasetError(
                f"{folder}: no such folder, though {key} names it; name the one where the pictures "
                f"are now: --data DIR, or --set {key}=DIR"
            )


def _find_names(run: Path, domain_a: Path | None, domain_b: Path | None) -> dict[str, str]:
    """Return what the domains are called as settings: as before, or as folders of their own are."""
    from cyclegan.domains import names_of_folders  # lazy: numpy, Pillow

    if (run / CONFIG).is_file():
        before = read_config(run / CONFIG)
        return {"name_a": before.name_a, "name_b": before.name_b}
    return names_of_folders(domain_a, domain_b) if domain_a and domain_b else {}


def is_first_process() -> bool:
    """Whether this is the only process, or the one of several that reads the settings."""
    return int(os.environ.get("RANK", "0")) == 0


def collect_settings(
    features: Path | None,
    max_minutes: float | None,
    max_images: int | None,
    seed: int | None,
    compile_: bool | None,
    size: PlainSize | None,
    set_: list[str] | None,
) -> dict[str, Any]:
    """Return what the flags of a training say as settings; `--set` has the last word.

    Raises ConfigError: a flag and a setting contradict each other.
    """
    flags = {
        "features": str(features.resolve()) if features else None,
        "max_minutes": max_minutes,
        "max_images": max_images,
        "seed": seed,
        "compile": compile_,
    }
    if max_minutes is not None and max_images is None:
        flags["max_images"] = 0  # the length that it had so far would end the run early
    if max_images is not None and max_minutes is None:
        flags["max_minutes"] = 0.0
    settings = {key: value for key, value in flags.items() if value is not None}
    chosen = parse_settings(set_ or [])
    if size:
        settings |= _settings_of(size, chosen)
    return settings | chosen


def require_unset(settings: dict[str, Any], said_by: dict[str, str]) -> None:
    """Raise ConfigError where `--set` gives what another argument says."""
    for key, argument in said_by.items():
        if key in settings:
            raise ConfigError(f"{key} is what {argument} says; leave --set {key} out")


def fit_to_machine(config: TrainConfig, device: str) -> TrainConfig:
    """Return a config that this machine can follow, and say what it cannot."""
    if config.compile and device in ("auto", "cpu") and not can_compile():
        typer.echo(
            "note: torch.compile needs a C++ compiler and Python's headers (apt-get install g++ "
            "python3-dev); going on without it, which takes longer",
            err=True,
        )
        config = config.replace(compile=False)
    return config


def _settings_of(size: PlainSize, chosen: dict[str, Any]) -> dict[str, Any]:
    width, blocks = PLAIN_SIZES[size]
    meant = {"generator": "plain", "generator_width": width, "generator_blocks": blocks}
    for key, value in meant.items():
        if chosen.get(key, value) != value:
            raise ConfigError(
                f"--size {size} means {key}={value}, and --set says {chosen[key]!r}; leave "
                "one of them out"
            )
    return meant


def starting_config(run: Path, preset: str | None, usual: str = "fast") -> TrainConfig:
    """What the flags change: the config of a run to go on with, else that of a preset."""
    path = run / CONFIG
    if preset is None and path.is_file():
        return read_config(path)
    return preset_config(preset or usual)


def read_start(
    init_from: Path, out: Path, settings: dict[str, Any]
) -> tuple["Imported | None", dict[str, Any]]:
    """Read the weights that a run starts from, and the settings that they decide.

    None of them where the run has a checkpoint: the same command again goes on with that.
    """
    from cyclegan import importer  # lazy: torch

    is_new = not (out / LATEST).exists()
    imported = importer.read_start(init_from, settings) if is_new else None
    config = imported.config if imported else read_config(out / CONFIG)
    usual = TrainConfig().to_dict()
    # What a preset says of its own generator, that of the weights may not know.
    unknown = [key for key, kinds in GENERATORS_WITH.items() if config.generator not in kinds]
    decided = {key: usual[key] for key in unknown} | architecture_of(config.to_dict())
    if imported and not imported.weights.keys() & {"D_A", "D_B"}:
        # Who judges a generator that comes alone, the preset says.
        decided = {k: v for k, v in decided.items() if not k.startswith("discriminator")}
    return imported, {"init_from": importer.origin_of(init_from), **decided}


def require_generator(imported: "Imported", config: TrainConfig) -> None:
    """Raise CheckpointError where a run would learn nothing of the generators it starts from."""
    if not set(imported.directions) & set(config.directions):
        raise CheckpointError(
            f"{config.init_from}: has a generator {' and '.join(imported.directions)} alone, and a "
            f"run with method {config.method} learns {' and '.join(config.directions)}; start from "
            "another, or learn what it has"
        )


def _said_of_networks(config: TrainConfig) -> dict[str, Any]:
    """What a preset says of them, which counts as said, but for what weights say of generators."""
    usual = TrainConfig().to_dict()
    said = {key: value for key, value in config.to_dict().items() if value != usual[key]}
    ours = {*architecture_of(said), *GENERATORS_WITH}
    return {k: v for k, v in said.items() if k in ours and not k.startswith("generator")}


def run_training(
    config: TrainConfig | None, out: Path, device: str, imported: "Imported | None" = None
) -> None:
    """Train, with the config and the weights to start from that the first process gives."""
    if config and config.evaluate_every and not config.is_measured:
        typer.echo(
            "note: how good the translations are is not measured while training: there are no "
            "held-out pictures (testA and testB beside trainA and trainB, or --set test_a=DIR "
            "--set test_b=DIR)",
            err=True,
        )
    from cyclegan import terminal  # lazy: torch, rich
    from cyclegan.devices import choose_device
    from cyclegan.processes import join_processes
    from cyclegan.report_page import REPORT
    from cyclegan.train import train as train_run

    with (
        join_processes() as processes,
        terminal.training_progress(
            processes.is_first, is_compiled=bool(config and config.compile)
        ) as on_progress,
    ):
        if not processes.is_first:
            logging.disable(logging.WARNING)  # the first one says it
        elif imported:
            terminal.print_import(imported.report)
        config, start = processes.from_first((config, imported.weights if imported else None))
        assert config is not None, "the first process gives one"
        try:
            state = train_run(
                config,
                out,
                on_progress=on_progress,
                device=choose_device(device),
                processes=processes,
                start=start,
            )
        except KeyboardInterrupt:
            if processes.is_first:
                typer.echo(f"stopped; run the same command again to continue {out}", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None
    if processes.is_first:
        length = f"{state.images_seen} images, {state.elapsed_s / 60:.1f} minutes"
        typer.echo(f"{out} is done: {length}; {out / REPORT} shows how it went")
        for direction, record in state.best.items():
            typer.echo(f"best {direction}: {record}")
        is_early = config.share_done(state.images_seen, state.elapsed_s) < 1
        if is_early and config.is_out_of_patience(state.stale):
            typer.echo(
                f"ended early: no new best in a row of {state.stale} measurements; it goes on "
                f"with a patience of more than {config.patience}"
            )
