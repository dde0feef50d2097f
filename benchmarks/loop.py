"""How much of a training's time is not spent in steps: loading, log, sheets, checkpoints."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import torch

from benchmarks.pictures import draw_pictures
from benchmarks.timing import wait
from cyclegan.config import TrainConfig
from cyclegan.methods import STEPS
from cyclegan.train import train

PICTURES = 50  # of each domain


def measure(
    name: str, config: TrainConfig, images: int, size: int, device: torch.device
) -> Iterator[dict[str, Any]]:
    """One row: a run of `images` on generated JPEGs of `size` pixels, at the config's intervals.

    Counted from the end of the first step, which may compile, to the end of the run, whose last
    acts are a log line, a sample sheet and a checkpoint: in a run shorter than their intervals
    they weigh more than in a real one.
    """
    ends: list[float] = []  # of each step
    inside_s: list[float] = []

    class TimedStep(STEPS[config.method]):  # type: ignore[misc]
        def __call__(self, *arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            losses = super().__call__(*arguments, **named)
            wait(device)
            ends.append(time.perf_counter())
            inside_s.append(ends[-1] - start)
            return losses

    with TemporaryDirectory() as folder:
        root = Path(folder)
        for domain, seed in (("A", 0), ("B", 1)):
            draw_pictures(root / domain, PICTURES, (size, size), seed)
        config = config.replace(
            domain_a=str(root / "A"), domain_b=str(root / "B"), max_images=images
        )
        with patch.dict(STEPS, {config.method: TimedStep}):
            train(config, root / "run", device=device)
        total_s = time.perf_counter() - ends[0]
    step_s = sum(inside_s[1:])
    yield {
        "what": name,
        "images": images,
        "ms_a_step": round(1000 * step_s / (len(inside_s) - 1), 1),
        "percent_outside": round(100 * (1 - step_s / total_s), 2),
    }
