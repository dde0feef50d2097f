"""How long a training step takes: each preset as it runs, beside the reference's step."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from benchmarks.reference import ReferenceStep
from benchmarks.timing import milliseconds
from cyclegan.config import TrainConfig, can_compile
from cyclegan.step import STEPS

REFERENCE = "reference step"


def measure(
    presets: Mapping[str, TrainConfig], reference: ReferenceStep, size: int, rounds: int
) -> Iterator[dict[str, Any]]:
    """One row a preset: ms for one step, and how many fit into the reference's.

    The pictures are already in memory. The reference's crops are `size` pixels wide, a preset's as
    its config says: a smaller crop is part of what makes a preset fast, so it stands in the row.
    """
    pixels = {REFERENCE: size}
    batch = _batch(size)
    contestants: dict[str, Callable[[], object]] = {REFERENCE: lambda: reference(*batch)}
    for preset, config in presets.items():
        is_compiled = config.compile and can_compile()
        name = f"{preset} step" + (", compiled" if is_compiled else "")
        pixels[name] = config.crop_size
        contestants[name] = _contestant(config.replace(compile=is_compiled))
    times = milliseconds(contestants, rounds)
    for name, ms in times.items():
        yield {
            "what": name,
            "pixels": pixels[name],
            "ms": round(ms, 1),
            "times_as_fast": round(times[REFERENCE] / ms, 2),
        }


def _contestant(config: TrainConfig) -> Callable[[], object]:
    step, batch = STEPS[config.method](config), _batch(config.crop_size)

    def run() -> object:
        return step(*batch, config.learning_rate)

    run()  # compiles here, where the preset does
    return run


def _batch(size: int) -> tuple[Tensor, Tensor]:
    real_A, real_B = torch.rand(2, 1, 3, size, size) * 2 - 1
    return real_A, real_B
