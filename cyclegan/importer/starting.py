"""Weights that a new run starts from (`--init-from`): a run or a model of ours, or another's.

What becomes of them in a training is in `run_folder.take_up`.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cyclegan.checkpoint import averaged_weights, config_of, load_checkpoint
from cyclegan.contract.errors import CheckpointError
from cyclegan.contract.log import LATEST
from cyclegan.importer.models import read_model
from cyclegan.importer.reading import (
    ANOTHER,
    NETWORKS,
    Fact,
    Imported,
    have_same_discriminators,
    origin_of,
    read,
    said_of_depth,
    what_stays_behind,
    with_depth,
    with_networks,
)
from cyclegan.settings import architecture_of


def read_start(path: Path, settings: Mapping[str, Any]) -> Imported:
    """Read weights to start from; of generators of ours, the averaged ones.

    Args:
        path: a run folder of ours, of which the last checkpoint is taken, or that checkpoint; an
            ONNX model of ours; or what `read` takes.
        settings: of TrainConfig, as the new run is told; `with_networks` says what may differ.

    Raises:
        CheckpointError: nothing there that can be used. CardError: a model without its card.
        ConfigError: a setting contradicts the weights; names the key.
    """
    if path.name == LATEST:
        try:
            return _read_run(path.parent, settings)
        except CheckpointError:  # what is wrong with it counts, unless it is another project's
            with suppress(CheckpointError):
                return read(path, settings=architecture_of(settings))
            raise
    if path.suffix == ".onnx":
        return read_model(path, settings)
    if (path / LATEST).exists():
        return _read_run(path, settings)
    if not path.exists():
        raise CheckpointError(
            f"{path}: no such file or folder; expected a run, the file of a model such as "
            "weights/horse2zebra.onnx, or another project's checkpoint"
        )
    return read(path, settings=architecture_of(settings))


def _read_run(run: Path, settings: Mapping[str, Any]) -> Imported:
    checkpoint = load_checkpoint(run / LATEST)
    learned = checkpoint["config"]
    theirs = config_of({"config": architecture_of(learned)}, run / LATEST)
    config = with_networks(theirs, architecture_of(settings))
    step = checkpoint["step"]
    averages = {f"G_{way}": averaged_weights(step, f"G_{way}") for way in ("AB", "BA")}
    averages = {
        name: with_depth(run, each, theirs, config) for name, each in averages.items() if each
    }
    judges = {name: step[name] for name in ("D_A", "D_B") if name in step}
    fates = dict.fromkeys(NETWORKS, "starts anew: not there")
    if not have_same_discriminators(config, theirs):
        fates |= dict.fromkeys(judges, ANOTHER)
        judges = {}
    weights = averages | judges
    fates |= dict.fromkeys(judges, "from the run's own")
    fates |= dict.fromkeys(averages, f"from the run's own{said_of_depth(theirs, config)}")
    report = [Fact(name, fates[name], LATEST) for name in NETWORKS]
    report += what_stays_behind(learned, settings, LATEST)
    return Imported(config.replace(init_from=origin_of(run)), weights, tuple(report))
