"""What a model is made of: a checkpoint of a run, or the mean of those of several runs.

How a model is made of it is in `export.py`.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from cyclegan.checkpoint import (
    averaged_weights,
    best_path,
    config_of,
    load_checkpoint,
)
from cyclegan.config import TrainConfig
from cyclegan.contract.card import Part
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import CheckpointError, InputError, brief
from cyclegan.contract.log import LATEST
from cyclegan.domains import GENERATOR_OF
from cyclegan.gauge import Record
from cyclegan.layers import Generator
from cyclegan.networks import generator_from
from cyclegan.provenance import describe_data, describe_options

CheckpointName = Literal["best", "latest"]


@dataclass(frozen=True)
class Origin:
    """A generator with its averaged (EMA) weights, or the mean of those of several checkpoints."""

    network: Generator  # without a border of its own
    config: TrainConfig  # of the first checkpoint, as the two that follow
    checkpoint: CheckpointName
    runs: tuple[tuple[Path, TrainConfig], ...]  # folder and config of each checkpoint's run
    parts: tuple[Part, ...]  # the checkpoints, each once
    data: str  # what all runs that these are of learned from, in words
    hardware: str  # and on what
    images_seen: int  # by all of them
    elapsed_s: float  # all of them together


def find_origin(
    paths: Sequence[Path],
    direction: Direction,
    wanted: CheckpointName | None,
    on_choice: Callable[[str], None],
) -> Origin:
    """Load a run's generator, or the mean of several (Wortsman et al. 2022, "Model soups").

    The mean is as fast as one. Of runs that went on from the same weights it has little of what
    each does wrong by itself; of others it is nothing of use.

    Args:
        paths: folders made by `cyclegan train`, or checkpoints in them; twice counts double.
        direction: which of the two generators.
        wanted: of the folders, see `choose_checkpoint`.
        on_choice: called with a sentence on each that says which checkpoint was taken.

    Raises:
        InputError: one is wanted, and no folder is there to choose from.
        CheckpointError: no such checkpoint, or the generators have no mean.
    """
    if wanted and all(map(_is_checkpoint, paths)):
        raise InputError(
            f"{paths[0]} is a checkpoint itself; leave out --checkpoint {wanted}, or give the "
            "folder of its run"
        )
    chosen = [_load(path, direction, wanted) for path in paths]
    states = [state for _, state, _ in chosen]
    configs = [config_of(*each) for each in zip(states, paths, strict=True)]
    for path, config in zip(paths, configs, strict=True):
        _require_alike(configs[0], config, path, direction)
    for path, (_, _, reason) in zip(paths, chosen, strict=True):
        on_choice(reason if len(paths) == 1 else f"{path}: {reason}")
    networks = [load_generator(*each, direction) for each in zip(states, configs, strict=True)]
    mean = AveragedModel(networks[0])  # of equal shares
    for network in networks:
        mean.update_parameters(network)
    networks[0].load_state_dict(mean.module.state_dict())
    folders = [path.parent if _is_checkpoint(path) else path for path in paths]
    spent: dict[Path, tuple[int, float]] = {}  # by run
    parts: Counter[tuple[Path, Part]] = Counter()
    for folder, config, (name, state, _) in zip(folders, configs, chosen, strict=True):
        run, images_seen = folder.resolve(), state["run"]["images_seen"]
        here = (images_seen, state["run"]["elapsed_s"])
        spent[run] = max(spent.get(run, here), here)
        parts[run, Part(run.name, name, images_seen, config.seed, counts=1)] += 1
    pairs = list(zip(configs, states, strict=True))
    return Origin(
        network=networks[0],
        config=configs[0],
        checkpoint=chosen[0][0],
        runs=tuple(zip(folders, configs, strict=True)),
        parts=tuple(replace(part, counts=times) for (_, part), times in parts.items()),
        data="; and ".join(dict.fromkeys(describe_data(*each) for each in pairs)),
        hardware="; ".join(dict.fromkeys(state["hardware"] for state in states)),
        images_seen=sum(images for images, _ in spent.values()),
        elapsed_s=sum(seconds for _, seconds in spent.values()),
    )


def _is_checkpoint(path: Path) -> bool:
    """Whether a path is a checkpoint's, and not the folder of a run."""
    return path.suffix == Path(LATEST).suffix and not path.is_dir()


def _load(
    path: Path, direction: Direction, wanted: CheckpointName | None
) -> tuple[CheckpointName, dict[str, Any], str]:
    if not _is_checkpoint(path):
        return choose_checkpoint(path, direction, wanted)
    state = load_checkpoint(path)
    name: CheckpointName = "best" if "record" in state else "latest"
    return name, state, f"{name}: {state['run']['images_seen']:,} images"


def _require_alike(
    first: TrainConfig, other: TrainConfig, path: Path, direction: Direction
) -> None:
    ours, theirs = (
        {
            "generator": each.generator,
            **describe_options(each),
            "domains": each.names_of(direction),
        }
        for each in (first, other)
    )
    differing = [key for key, value in ours.items() if theirs[key] != value]
    if differing:
        told = "; ".join(f"{key} is {theirs[key]!r}, not {ours[key]!r}" for key in differing)
        raise CheckpointError(
            f"{path} has no mean with the first run: {told}; give runs that went on from the same "
            "weights"
        )


def choose_checkpoint(
    run: Path, direction: Direction, wanted: CheckpointName | None
) -> tuple[CheckpointName, dict[str, Any], str]:
    """Load the checkpoint to export; return its name, what it holds, and a sentence about both.

    Unless one is wanted it is the best by KID, where there is one, and else the latest. The best
    by thumbnails is not taken by itself: to them a model that turns horses into zebras (KID x100
    down from 52 to 13) is no nearer to zebras than the untouched horses (SWD x100 6.6 and 6.3).

    Raises CheckpointError: there is none of that name.
    """
    latest = load_checkpoint(run / LATEST)
    path = best_path(run, direction)
    if wanted == "latest" or (wanted is None and not path.exists()):
        return "latest", latest, f"latest: {latest['run']['images_seen']:,} images"
    if not path.exists():
        raise CheckpointError(
            f"{path}: no such checkpoint; the run measured nothing {direction} so far, so there "
            "is no best: give --checkpoint latest"
        )
    try:
        best = load_checkpoint(path)
        record = Record(**best.get("record", {}))
    except CheckpointError as error:
        raise CheckpointError(f"{error}; --checkpoint latest exports the latest") from error
    except TypeError as error:  # a copy of the latest, perhaps
        raise CheckpointError(
            f"{path}: does not say what it was measured at, so it is no best; --checkpoint latest "
            "exports the latest"
        ) from error
    if wanted is None and record.metric != "KID":
        return (
            "latest",
            latest,
            f"latest: {latest['run']['images_seen']:,} images (the best was chosen by thumbnails, "
            f"{record}, which say nothing of content; --checkpoint best exports it)",
        )
    # A run that was killed right after the measurement has an older latest.
    seen = max(record.images_seen, latest["run"]["images_seen"])
    return "best", best, f"best: {str(record).removesuffix(' images')} of {seen:,} images"


def load_generator(
    checkpoint: dict[str, Any], config: TrainConfig, direction: Direction
) -> Generator:
    """Build a direction's generator with its averaged weights, without a border of its own.

    Raises CheckpointError.
    """
    weights = averaged_weights(checkpoint["step"], GENERATOR_OF[direction])
    if not weights and direction in config.directions:  # it is the best of the other direction
        other = next(each for each in config.directions if each != direction)
        raise CheckpointError(
            f"the checkpoint holds no generator {direction}; give best_{direction}.pt, {LATEST} or "
            f"the folder of the run, or --direction {other}"
        )
    if not weights:
        raise CheckpointError(
            f"the run learned no {direction}: its method is {config.method}; give "
            f"--direction {config.direction}"
        )
    run = checkpoint["run"]
    if GENERATOR_OF[direction] in run.get("anew", ()) and not run["images_seen"]:
        raise CheckpointError(
            f"the run's generator {direction} has learned nothing yet, for it began without "
            "weights; train the run first, or give another --direction"
        )
    try:
        return generator_with(weights, config)
    except RuntimeError as error:
        raise CheckpointError(
            f"the weights do not fit a {config.generator} as the run's config describes it "
            f"({brief(error):.200}); put back what `cyclegan train` wrote"
        ) from error


def generator_with(weights: Mapping[str, Tensor], config: TrainConfig) -> Generator:
    """Build the generator of a config with these weights, without a border of its own.

    Raises RuntimeError: they are those of another.
    """
    network = generator_from(config.replace(border=0))  # who uses it mirrors, and before tiling
    network.load_state_dict(weights)
    return network.eval()
