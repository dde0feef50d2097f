"""Other projects' checkpoints -> a run folder or a model of ours, and a report of how.

Understood: pytorch-CycleGAN-and-pix2pix, CUT, gan-compression and UPIT. Their folders are read by
`files.py`, and which network a file holds is told by `architecture.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from cyclegan.checkpoint import has_begun, load_weights
from cyclegan.config import TrainConfig
from cyclegan.contract.card import ModelCard
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import CheckpointError, ConfigError, brief
from cyclegan.contract.log import LATEST
from cyclegan.discriminators import discriminator_from
from cyclegan.domains import GENERATOR_OF
from cyclegan.export import export
from cyclegan.importer.architecture import Reading, fit, read_discriminator, read_generator
from cyclegan.importer.files import (
    find_files,
    guess_names,
    read_options,
    translate_options,
)
from cyclegan.networks import blocks_of, generator_from
from cyclegan.plain import PlainGenerator
from cyclegan.run_claim import keep_config
from cyclegan.run_folder import RunState, write_checkpoint
from cyclegan.settings import architecture_of
from cyclegan.two_way import CycleGANStep

NETWORKS = ("G_AB", "G_BA", "D_A", "D_B")
ANOTHER = "starts anew: another network"  # what becomes of a discriminator where a run has others
# Settings of a generator that are no part of its weights, so that a new run must be told them.
BEHIND = ("border", "mask_threshold")


@dataclass(frozen=True)
class Fact:
    """A line of the report."""

    what: str
    value: str
    source: str  # "keys", the name of a file, "guess", or "" where there is none


@dataclass(frozen=True)
class Imported:
    """What was found, laid out for our networks."""

    config: TrainConfig
    weights: dict[str, dict[str, Tensor]]  # state dicts by network: some of NETWORKS
    report: tuple[Fact, ...]

    @property
    def directions(self) -> list[Direction]:
        """The translations that there is a generator for."""
        return [direction for direction, name in GENERATOR_OF.items() if name in self.weights]


def what_stays_behind(
    learned: Mapping[str, Any], settings: Mapping[str, Any], source: str
) -> list[Fact]:
    """Say which settings weights were learned with that a new run has only if it is told so.

    Args:
        learned: the settings of then. settings: what the new run is told.
    """
    return [
        Fact(
            key, f"{learned[key]} there; a run without --set {key}={learned[key]} has none", source
        )
        for key in BEHIND
        if learned.get(key) and key not in settings
    ]


def read(
    path: Path,
    *,
    direction: Direction | None = None,
    epoch: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Imported:
    """Read a checkpoint folder or a single file of another project.

    Args:
        path: a folder such as checkpoints/horse2zebra, or a .pth file.
        direction: what a single generator does, where its name and train_opt.txt do not tell.
        epoch: "latest", "200", ... where a folder holds several; the newest unless given.
        settings: of TrainConfig, over those that were read; `with_networks` says what may differ.

    Raises:
        CheckpointError: nothing there, a file with code in it, or a network that we cannot build.
        ConfigError: a setting without sense, or another than the weights of a generator say.
    """
    settings = settings or {}
    files, chosen = find_files(path, epoch)
    report = [Fact("epoch", chosen, "names")] if chosen else []
    if files.pop("F", None):
        report.append(Fact("note", "CUT's F has no counterpart: training goes on as CycleGAN.", ""))
    options, options_file = read_options(path)
    is_reversed = _is_reversed(files, options, direction)
    if is_reversed:
        report.append(Fact("direction", "BtoA: its A is our B", options_file or "--direction"))
    readings, sources = _read_networks(files, is_reversed)
    found = _common_settings(path, readings)
    theirs = TrainConfig().replace(**found)
    networks = with_networks(theirs, architecture_of(settings))
    if not have_same_discriminators(networks, theirs):
        readings, sources = _without_discriminators(readings, sources)
    report += sources
    report += _what_stands(found, networks)
    report += _remarks(readings)
    learned = translate_options(options, networks.crop_multiple)
    report += [Fact(key, str(value), options_file) for key, value in learned.items()]
    named = guess_names(options, path)
    report += [Fact(key, value, "guess: a name") for key, value in named.items()]
    config = networks.replace(**{"init_from": origin_of(path), **learned, **named, **settings})
    weights = {name: _fit(path, name, config, reading) for name, reading in readings.items()}
    return Imported(config, weights, tuple(report))


def origin_of(path: Path) -> str:
    """Name the source of weights, be it there or not, and not where on this machine it lies."""
    whole = path.resolve()
    if whole.name == LATEST:  # of a run
        return whole.parent.name
    return f"{whole.parent.name}/{whole.name}" if whole.suffix == ".pth" else whole.name


def with_networks(config: TrainConfig, chosen: Mapping[str, Any]) -> TrainConfig:
    """Return the config of weights with the networks that a new run is told.

    Generators must be those of the weights, but for the blocks of a plain one, which may be fewer:
    see `with_depth`. Discriminators may be others: those of another kind take none of their
    settings, and another backbone not the file of the one before.

    Raises ConfigError: a setting contradicts the weights; names the key.
    """
    theirs = config.to_dict()
    others = [key for key, value in theirs.items() if chosen.get(key, value) != value]
    for key in others:
        if key.startswith("generator") and not _is_shallower(config, chosen, key):
            raise ConfigError(
                f"{key} {chosen[key]!r} contradicts the weights, which say {theirs[key]!r}; "
                "leave it out, or start from nothing"
            )
    usual = TrainConfig().to_dict()
    anew: dict[str, Any] = {}
    if "discriminator" in others:
        anew = {key: value for key, value in usual.items() if key.startswith("discriminator")}
    elif "discriminator_backbone" in others:
        anew = {"discriminator_weights": usual["discriminator_weights"]}
    return config.replace(**{**anew, **chosen})


def _is_shallower(config: TrainConfig, chosen: Mapping[str, Any], key: str) -> bool:
    """Whether a setting asks for no more blocks of a plain generator than its weights have."""
    is_depth = key == "generator_blocks" and config.generator == "plain"
    is_number = isinstance(chosen[key], int)  # else it is refused as any other that is none
    return is_depth and is_number and 0 < chosen[key] <= blocks_of(config)


def said_of_depth(theirs: TrainConfig, config: TrainConfig) -> str:
    """How many blocks `with_depth` takes, to follow what the weights are of; "" where it is all."""
    all_, taken = blocks_of(theirs), blocks_of(config)
    return "" if taken == all_ else f", {taken} of {all_} blocks"


def with_depth(
    source: Path, weights: Mapping[str, Tensor], theirs: TrainConfig, config: TrainConfig
) -> dict[str, Tensor]:
    """The weights of a generator of one config, for one of another that may have fewer blocks.

    Raises CheckpointError: they are not those of a generator of the config `theirs`; it names their
    `source`.
    """
    if blocks_of(theirs) == blocks_of(config):
        return dict(weights)
    deeper, generator = generator_from(theirs), generator_from(config)
    assert isinstance(deeper, PlainGenerator), "no other may have fewer blocks"
    assert isinstance(generator, PlainGenerator), "as the one whose weights these are"
    try:
        deeper.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{source}: of another generator: {brief(error)}") from error
    generator.take_over(deeper)
    return generator.state_dict()


def have_same_discriminators(one: TrainConfig, other: TrainConfig) -> bool:
    """Whether weights of the discriminators of one config fit those of the other."""

    def judges(config: TrainConfig) -> dict[str, Any]:
        settings = architecture_of(config.to_dict())
        del settings["discriminator_weights"]  # it matters what the file holds, not where it lies
        return {key: value for key, value in settings.items() if key.startswith("discriminator")}

    return judges(one) == judges(other)


def write_run(imported: Imported, run: Path) -> None:
    """Make a run folder that `cyclegan train` goes on with and `cyclegan export` exports.

    Optimizers and pools start anew, since no project's weights come with them.

    Raises:
        ConfigError: the folder holds a run already.
        StorageError: a file could not be written.
    """
    config = imported.config
    if has_begun(run):
        raise ConfigError(f"{run}: holds a run already; give another --out")
    step = CycleGANStep(config)
    step.start_from(imported.weights)
    keep_config(config, run)
    anew = [name for name in step.networks if name not in imported.weights]
    write_checkpoint(run, config, step, RunState(anew=anew), pictures=(0, 0))


def export_model(
    imported: Imported, direction: Direction | None, name: str, out: Path
) -> ModelCard:
    """Write a generator as a model with its card, `direction` or the first there is.

    Raises as `export.export` does, and CheckpointError: there is no generator of that direction.
    """
    if direction is not None and direction not in imported.directions:
        raise CheckpointError(f"holds no generator {direction}, only {imported.directions[0]}")
    with TemporaryDirectory() as folder:
        write_run(imported, Path(folder))
        return export(Path(folder), direction or imported.directions[0], name, out)


def _is_reversed(
    files: Mapping[str, Path], options: Mapping[str, str], direction: Direction | None
) -> bool:
    """Whether the other project's domain A is our B."""
    generators = [name for name in files if name.startswith("G")]
    if direction is not None and len(generators) == 1:
        return (direction == "BtoA") != generators[0].endswith("_B")
    return "BtoA" in (options.get("direction"), options.get("which_direction"))


def _counterpart(network: str, is_reversed: bool) -> str:
    """Name our counterpart of another project's network.

    Their `G_A` and `G` translate A to B, and their `D_A` and `D` judge what comes out of it: B.
    """
    is_way_back = network.endswith("_B") != is_reversed
    if network.startswith("G"):
        return "G_BA" if is_way_back else "G_AB"
    return "D_A" if is_way_back else "D_B"


def _read_networks(
    files: Mapping[str, Path], is_reversed: bool
) -> tuple[dict[str, Reading], list[Fact]]:
    """Read every file; a discriminator that is none of ours is left to start anew."""
    readings: dict[str, Reading] = {}
    report: dict[str, Fact] = {}
    for network, file in files.items():
        name, state = _counterpart(network, is_reversed), load_weights(file)
        try:
            reader = read_generator if network.startswith("G") else read_discriminator
            readings[name] = reader(state)
        except CheckpointError as error:
            if network.startswith("G"):
                raise CheckpointError(f"{file}: {error}") from error
            report[name] = Fact(name, f"starts anew: {error}", file.name)
            continue
        report[name] = Fact(name, f"from {network}", file.name)
    for name in NETWORKS:
        report.setdefault(name, Fact(name, "starts anew: not there", ""))
    return readings, [report[name] for name in NETWORKS]


def _without_discriminators(
    readings: Mapping[str, Reading], report: list[Fact]
) -> tuple[dict[str, Reading], list[Fact]]:
    """Leave those that were read to start anew."""
    kept = {name: reading for name, reading in readings.items() if name.startswith("G")}
    dropped = readings.keys() - kept.keys()
    return kept, [replace(fact, value=ANOTHER) if fact.what in dropped else fact for fact in report]


def _common_settings(path: Path, readings: Mapping[str, Reading]) -> dict[str, Any]:
    """Return what the networks say of their architecture. Raises CheckpointError: they differ."""
    found: dict[str, Any] = {}
    for name, reading in readings.items():
        for key, value in reading.settings.items():
            if found.setdefault(key, value) != value:
                raise CheckpointError(
                    f"{path}: {key} is {value!r} in {name} and {found[key]!r} in the other one, "
                    "but a run has one architecture; import one file at a time"
                )
    return found


def _what_stands(found: Mapping[str, Any], networks: TrainConfig) -> list[Fact]:
    """Say what the weights tell of the architecture, as far as the run has it from them."""
    kinds = ("generator", "discriminator")
    same = tuple(kind for kind in kinds if getattr(networks, kind) == found.get(kind))
    return [
        Fact(key, str(value), "keys")
        for key, value in found.items()
        if key.startswith(same) and getattr(networks, key) == value
    ]


def _remarks(readings: Mapping[str, Reading]) -> list[Fact]:
    """Say once what has no counterpart here, and what was guessed."""
    notes = dict.fromkeys(note for reading in readings.values() for note in reading.notes)
    guesses = dict.fromkeys(guess for reading in readings.values() for guess in reading.guesses)
    return [
        *(Fact("note", note, "keys") for note in notes),
        *(Fact("note", guess, "guess") for guess in guesses),
    ]


def _fit(path: Path, name: str, config: TrainConfig, reading: Reading) -> dict[str, Tensor]:
    build = generator_from if name.startswith("G") else discriminator_from
    with torch.device("meta"):  # for its layout alone
        network = build(config)
    try:
        return fit(network, reading)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {name} as {config.generator}: {error}") from error
