"""What the `method` of a config stands for: the step that trains, and the pictures it trains on."""

from pathlib import Path

import torch

from cyclegan.config import TrainConfig
from cyclegan.contract.errors import CheckpointError, ConfigError
from cyclegan.dataset import UnpairedDataset
from cyclegan.importer.models import read_plain_generator
from cyclegan.lessons import LessonDataset
from cyclegan.one_way import DistillStep, SimGANStep
from cyclegan.plain import PlainGenerator
from cyclegan.processes import Processes
from cyclegan.step import Step
from cyclegan.teacher import Teacher
from cyclegan.two_way import CycleGANStep

STEPS: dict[str, type[Step]] = {
    "cyclegan": CycleGANStep,
    "simgan": SimGANStep,
    "distill": DistillStep,
}


def open_dataset(config: TrainConfig, run: Path) -> UnpairedDataset:
    """Open the pictures of a run.

    Raises:
        DatasetError: no folder, or too few pictures in it.
        ConfigError: the run has no teacher, or the budget of its translations is too small.
        CardError: the teacher has other bytes than its card says.
    """
    if config.method == "distill":
        return LessonDataset(config, Teacher(run, config.teacher))
    return UnpairedDataset(config)


def build_step(
    config: TrainConfig, run: Path, device: torch.device, augmentation: str, processes: Processes
) -> Step:
    """Build the step of a run, and what it compares with that is in the run's folder.

    Args:
        device, augmentation, processes: as a `Step` takes them.

    Raises:
        ConfigError: layers are to be compared, and the teacher has no such; or as a `Step` does.
        CardError: the teacher has other bytes than its card says.
        CheckpointError, DependencyError: as a `Step` does.
    """
    step = STEPS[config.method](config, device, augmentation=augmentation, processes=processes)
    if isinstance(step, DistillStep) and config.lambda_layers > 0:
        step.compare_layers_with(_read_layers(config, Teacher(run, config.teacher)))
    return step


def _read_layers(config: TrainConfig, teacher: Teacher) -> PlainGenerator:
    """The network of a teacher whose layers a student's can be compared with."""
    asked, remedy = f"lambda_layers is {config.lambda_layers!r}", "take --student shallow, or 0"
    try:
        network = read_plain_generator(teacher.model)
    except CheckpointError as error:
        raise ConfigError(f"{asked}, but there are no such layers: {error}; {remedy}") from error
    assert teacher.card.architecture, "it was read by that"
    options = teacher.card.architecture.options
    theirs = "plain", options["width"], options["levels"]
    ours = config.generator, config.generator_width, config.generator_levels
    if ours != theirs:
        kinds = [
            f"{name} generator (width {width}, levels {levels})"
            for name, width, levels in (ours, theirs)
        ]
        raise ConfigError(
            f"{asked}, but the student is a {kinds[0]} and its teacher a {kinds[1]}; {remedy}"
        )
    return network
