"""What the `method` of a config stands for: the step that trains, and the pictures it trains on."""

from pathlib import Path

from cyclegan.config import TrainConfig
from cyclegan.dataset import UnpairedDataset
from cyclegan.lessons import LessonDataset
from cyclegan.one_way import DistillStep, SimGANStep
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
