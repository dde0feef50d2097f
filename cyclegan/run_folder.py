"""What lies in a run's folder: where the run stands, its checkpoints, what it takes up again.

Whose it is, is in `run_claim.py`, what is learned between two checkpoints in `train.py`, what a run
tells people in `chronicle.py`.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cyclegan.checkpoint import (
    best_path,
    config_of,
    load_checkpoint,
    save_checkpoint,
)
from cyclegan.config import TrainConfig
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import CheckpointError, brief
from cyclegan.contract.log import LATEST, LOG
from cyclegan.dataset import UnpairedDataset
from cyclegan.domains import GENERATOR_OF, PARTS
from cyclegan.gauge import Record
from cyclegan.run_claim import require_same
from cyclegan.step import Step
from cyclegan.unreadable import Unreadable, forget_removed

logger = logging.getLogger(__name__)

Weights = Mapping[str, Mapping[str, Tensor]]  # state dicts by network: "G_AB", "D_B", ...


@dataclass
class RunState:
    """What a checkpoint holds besides the step: clock, open interval of the log, what was told."""

    images_seen: int = 0  # pictures of each domain
    elapsed_s: float = 0.0  # seconds of training, stops excluded
    sums: dict[str, Tensor] = field(default_factory=dict)  # losses since the last log line
    counts: dict[str, int] = field(default_factory=dict)  # how many steps had that loss
    alarms: dict[str, int] = field(default_factory=dict)  # see `held` of alarms.judge
    unreadable: Unreadable = field(default_factory=dict)  # pictures that were left out
    best: dict[Direction, Record] = field(default_factory=dict)  # of all measurements
    stale: int = 0  # measurements in a row without a new best
    fingerprints: list[str] = field(default_factory=list)  # of the pictures of each part
    anew: list[str] = field(default_factory=list)  # networks that no weights were there for

    def keep(self, records: dict[Direction, Record]) -> list[Direction]:
        """Take over the records that are the best so far; return their directions."""
        better = [key for key, new in records.items() if new.is_better_than(self.best.get(key))]
        self.best |= {direction: records[direction] for direction in better}
        self.stale = 0 if better else self.stale + 1
        return better


def write_checkpoint(
    run: Path, config: TrainConfig, step: Step, state: RunState, pictures: tuple[int, ...]
) -> None:
    """Write everything that a run goes on from; `pictures` of each part. Raises StorageError."""
    save_checkpoint(
        run / LATEST,
        {
            **_describe_origin(config, step, pictures),
            "run": asdict(state),
            "step": step.state_dict(),
        },
    )


def write_best(
    run: Path,
    config: TrainConfig,
    step: Step,
    state: RunState,
    pictures: tuple[int, ...],
    direction: Direction,
) -> None:
    """Write what the export of one direction needs, and what it was measured at.

    The checkpoint follows at once; a run that is killed in between measures again. Raises
    StorageError.
    """
    name = GENERATOR_OF[direction]
    save_checkpoint(
        best_path(run, direction),
        {
            **_describe_origin(config, step, pictures),
            "run": {"images_seen": state.images_seen, "elapsed_s": state.elapsed_s},
            "step": {f"{name}_ema": step.averages[name].state_dict()},
            "record": asdict(state.best[direction]),
        },
    )


def _describe_origin(config: TrainConfig, step: Step, pictures: tuple[int, ...]) -> dict[str, Any]:
    return {
        "config": config.to_dict(),
        "pictures": list(pictures),
        "hardware": describe_hardware(step.device, step.processes.count),
    }


def describe_hardware(device: torch.device, processes: int = 1) -> str:
    """Name what computes, for the model's card."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        cpu = torch.cpu.get_capabilities().get("cpu_name", "CPU")
        threads = torch.get_num_threads()
        name = f"{cpu}, {threads} thread{'s' if threads > 1 else ''}"
    return f"{processes} x {name}" if processes > 1 else name


def take_up(
    config: TrainConfig, run: Path, step: Step, dataset: UnpairedDataset, start: Weights
) -> RunState:
    """Bring a step to where a run stands: to its checkpoint, or to what a new run starts from.

    Args:
        config: of the run, as this call gives it.
        run: the folder. step: as built from the config; changed in place.
        dataset: the pictures, now.
        start: weights for a run without a checkpoint; what is missing starts anew.

    Raises:
        CheckpointError: a checkpoint that cannot be used, or is gone while its best is there.
        ConfigError: one of another config.
    """
    processes, checkpoint = step.processes, run / LATEST
    has_one = processes.is_first and checkpoint.exists()
    if processes.is_first and not has_one:
        _begin_anew(run)
    loaded = processes.from_first(load_checkpoint(checkpoint) if has_one else None)
    if loaded is None:
        _start_from(step, start, config.init_from)
        anew = [name for name in step.networks if name not in start]
        if start and anew:
            logger.warning("%s start anew: there are no weights that fit", ", ".join(anew))
        return RunState(fingerprints=dataset.fingerprints, anew=anew)
    require_same(config, run, config_of(loaded, checkpoint))  # config.json may be lost
    try:
        step.load_state_dict(loaded["step"])
        best = {key: Record(**record) for key, record in loaded["run"].get("best", {}).items()}
        state = RunState(**{**loaded["run"], "best": best})
    except torch.OutOfMemoryError:
        raise
    except (
        AttributeError,
        IndexError,
        KeyError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise CheckpointError(
            f"{checkpoint}: of another version of cyclegan, which keeps other things "
            f"({brief(error):.200}); go on with the one that wrote it"
        ) from error
    state.sums = {name: total.to(step.device) for name, total in state.sums.items()}
    forget_removed(state.unreadable)
    if not processes.is_first:
        return state
    for direction in list(state.best):
        if not _has_best(run, direction, state):
            del state.best[direction]
    before, state.fingerprints = state.fingerprints, dataset.fingerprints
    if state.images_seen:
        _compare_pictures(tuple(loaded["pictures"]), dataset.pictures, before, state.fingerprints)
    logger.info("going on with %s at %d images", checkpoint, state.images_seen)
    return state


def _start_from(step: Step, start: Weights, origin: str) -> None:
    """Give a step its first weights. Raises CheckpointError: they do not fit."""
    try:
        step.start_from(start)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise CheckpointError(
            f"{origin}: its weights do not fit the networks that its config describes "
            f"({brief(error):.200}); put back what was written, or give another --init-from"
        ) from error


def _begin_anew(run: Path) -> None:
    """Say that a run begins anew, and raise CheckpointError where that would replace its best."""
    if bests := [path.name for way in GENERATOR_OF if (path := best_path(run, way)).exists()]:
        raise CheckpointError(
            f"{run}: has {' and '.join(bests)}, which to begin anew would replace, and no {LATEST} "
            "to go on from; put that back, move what is there away, or give another --out"
        )
    if (run / LOG).exists():
        logger.warning("%s: has no %s to go on from, so the run begins anew", run, LATEST)


def _compare_pictures(
    counts_before: tuple[int, ...], counts: tuple[int, ...], before: list[str], now: list[str]
) -> None:
    """Warn where the pictures, by their numbers and fingerprints, are not those of before."""
    if counts != counts_before:
        pairs_of = zip_longest(counts, counts_before, fillvalue=0)
        changed = " and ".join(
            f"{part} has {ours} pictures now, {theirs} before"
            for part, (ours, theirs) in zip(PARTS.values(), pairs_of, strict=False)
            if ours != theirs
        )
    else:
        pairs = zip(PARTS.values(), now, before, strict=False)  # runs of old have none
        others = [part for part, ours, theirs in pairs if ours != theirs]
        if not others:
            return
        changed = f"the pictures of {' and '.join(others)} are others than before"
    logger.warning("%s: the run goes on, but not as if nothing had happened", changed)


def _has_best(run: Path, direction: Direction, state: RunState) -> bool:
    """Whether the best that a checkpoint tells of is still there.

    A process that was killed after it wrote a better one, and before the checkpoint, leaves weights
    of a future that need not come again: then the next measurement is the best. So it is where the
    file is damaged.
    """
    path = best_path(run, direction)
    try:
        return path.exists() and load_checkpoint(path).get("record") == asdict(
            state.best[direction]
        )
    except CheckpointError as error:
        logger.warning("%s; the next measurement is the best", error)
        return False
