"""What the card of a model says of the run that it comes from: pictures, settings, licence.

The rest of a card is put together in `export.py`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cyclegan.config import TrainConfig
from cyclegan.contract.card import Looks, ModelCard
from cyclegan.contract.directions import Direction
from cyclegan.contract.looks import describe_folder
from cyclegan.fields import PATHS
from cyclegan.teacher import TRANSLATIONS, teacher_folder


def find_looks(config: TrainConfig, direction: Direction) -> Looks | None:
    """What the pictures look like that a run learned to translate; None: they are not there."""
    folder = config.domain_a if direction == "AtoB" else config.domain_b
    return describe_folder(Path(folder)) if folder and Path(folder).is_dir() else None


def find_licence(runs: Iterable[tuple[Path, TrainConfig]]) -> str:
    """The licence of weights of runs in words, as far as it is known: those of their teachers."""
    known = [
        ModelCard.read(teacher_folder(run) / f"{config.teacher}.json").licence
        for run, config in runs
        if config.teacher
    ]
    told = "; ".join(dict.fromkeys(known))
    return told or "not stated; the licence of the training pictures decides"


def describe_data(config: TrainConfig, checkpoint: dict[str, Any]) -> str:
    """Say in words what a run learned from."""
    counts = checkpoint["pictures"]
    named = zip(counts, (config.name_a, config.name_b, "neither kind"), strict=False)
    pictures = ", ".join(f"{count} pictures of {name}" for count, name in named)
    if config.teacher:
        folders = {config.name_a: config.domain_a, config.name_b: config.domain_b}
        made = [f", which made those of {name}" for name, folder in folders.items()
                if Path(folder).name == TRANSLATIONS]  # fmt: skip
        begun = "its layers" if config.is_shallow else f"the weights of {config.init_from}"
        taken = f", and started from {begun}" if config.init_from else ""
        return f"{pictures}; distilled from the model {config.teacher}{taken}{''.join(made)}"
    if not config.init_from:
        return pictures
    if not any(counts):
        return f"weights imported from {config.init_from}, which says nothing of its pictures"
    return f"{pictures}; started from the weights of {config.init_from}"


def describe_options(config: TrainConfig) -> dict[str, Any]:
    """Return what the generator was built with."""
    prefix = "generator_"
    values = config.to_dict().items()
    return {key.removeprefix(prefix): value for key, value in values if key.startswith(prefix)}


def describe_config(config: TrainConfig) -> dict[str, Any]:
    """Return the config without the folders of the machine it was trained on."""
    values = config.to_dict()
    for key in PATHS:
        values[key] = Path(values[key]).name
    return values
