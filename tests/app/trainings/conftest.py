"""What tests of trainings share: a run that was measured."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.trainings.runs import Trainings
from app.trainings.standing import Training


@pytest.fixture
def measured(run_folder: Path) -> Callable[..., Training]:
    """A function that gives a run measured so often: SWD of A to B by images seen."""

    def measure(figures: dict[int, float], **config: Any) -> Training:
        rows, best = "", float("inf")
        for seen, value in figures.items():
            marks = {"is_best_AtoB": value < best, "without_best": 0}
            rows += json.dumps({"images_seen": seen, "SWD_AtoB": value, **marks}) + "\n"
            best = min(best, value)
        (run_folder / "log.jsonl").write_text(rows)
        whole = {"method": "cyclegan", "max_images": 100, "max_minutes": 0}
        (run_folder / "config.json").write_text(json.dumps(whole | config))
        for name in ("latest", "best_AtoB"):
            (run_folder / f"{name}.pt").touch()
        return Trainings(run_folder.parents[1]).look("horse2zebra")

    return measure
