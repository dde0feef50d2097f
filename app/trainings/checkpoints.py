"""The checkpoints of a run, and the models that are made of them by `cyclegan export`.

How they compare is in comparison.py.
"""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from app import verbs
from app.trainings.orders import Lesson, Order
from app.trainings.standing import Training
from cyclegan.contract.card import MODEL_NAME
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import InputError
from cyclegan.contract.log import LATEST
from cyclegan.contract.standing import Measured, read_measurements

Name = Literal["best", "latest"]

MODELS = "models"  # in a run folder: its checkpoints as models, to be compared
EXPORT_TIMEOUT_S = 1800

_AS_THE_TEACHER = ("load_size_min", "load_size_max", "crop_size", "compile")  # settings


@dataclass(frozen=True)
class Checkpoint:
    """What a run knew of one direction at some time."""

    training: Training
    direction: Direction
    name: Name
    file: Path
    measured: Measured | None  # of it; of the latest, when last; None if nothing is

    @property
    def source(self) -> str:
        """The folder of pictures that it learned to translate."""
        order = self.training.record.order
        return order.domain_a if self.direction == "AtoB" else order.domain_b

    def export(
        self, name: str, folder: Path, *, as_int8: bool = False, overwrite: bool = False
    ) -> None:
        """Make it a model. Raises: InputError in the words of `cyclegan export`."""
        smaller = ("--precision", "int8", "--calibrate", self.source) if as_int8 else ()
        again = ("--overwrite",) if overwrite else ()
        verbs.run(
            *("export", self.training.run, "--direction", self.direction),
            *("--checkpoint", self.name, "--name", name, "--out", folder, *smaller, *again),
            timeout_s=EXPORT_TIMEOUT_S,
        )

    def to_model(self) -> Path:
        """The model of it in the folder of its run, made if it is not there or older.

        Raises: InputError in the words of `cyclegan export`.
        """
        run = self.training.run
        name = f"{self.direction}-{self.name}"
        if MODEL_NAME.fullmatch(run.name):  # runs may have letters that models may not
            name = f"{run.name}-{name}"
        model = run / MODELS / f"{name}.onnx"
        card = model.with_suffix(".json")  # written last
        written_ns = self.file.stat().st_mtime_ns  # a training may write another one meanwhile
        if not card.exists() or card.stat().st_mtime_ns < written_ns:
            self.export(model.stem, model.parent, overwrite=True)
            os.utime(card, ns=(written_ns, written_ns))
        return model

    def teach(self, student: str, max_minutes: float) -> Order:
        """What to order for a small model to learn what this one does, from the same pictures.

        Raises: InputError in the words of `cyclegan export`.
        """
        config = self.training.config
        return replace(
            self.training.record.order,
            preset="distill",
            max_minutes=max_minutes,
            settings=tuple(f"{key}={json.dumps(config[key])}" for key in _AS_THE_TEACHER),
            lesson=Lesson(str(self.to_model()), self.direction, student),
        )


def find_checkpoints(training: Training, direction: Direction) -> list[Checkpoint]:
    """The checkpoints of a run that know a direction: its latest, and the best before that."""
    measured = read_measurements(training.rows, direction)
    best = [each for each in measured if each.is_best]
    if training.state == "finished" and best[-1:] == measured[-1:]:
        best = []  # it is the latest
    places: tuple[tuple[Name, str, list[Measured]], ...] = (
        ("best", f"best_{direction}.pt", best),
        ("latest", LATEST, measured),
    )
    return [
        Checkpoint(training, direction, name, training.run / file, found[-1] if found else None)
        for name, file, found in places
        if direction in training.directions
        and (training.run / file).exists()
        and (found or name == "latest")
    ]


def choose_checkpoint(training: Training, direction: Direction, name: str) -> Checkpoint:
    """The checkpoint of that name. Raises: InputError: there is none."""
    for each in find_checkpoints(training, direction):
        if each.name == name:
            return each
    raise InputError(f"{training.run.name} has no such checkpoint yet; let it train on")
