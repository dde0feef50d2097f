"""How long a training step takes: each preset beside a plain step of the same architecture."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from benchmarks.reference import ReferenceStep
from benchmarks.timing import milliseconds
from cyclegan.compiling import can_compile
from cyclegan.config import TrainConfig
from cyclegan.devices import computes_bf16
from cyclegan.methods import STEPS
from cyclegan.winograd import suits_winograd

CPU = torch.device("cpu")


def best_settings(config: TrainConfig) -> TrainConfig:
    """Return the same networks and losses in the arithmetic that suits this CPU.

    In bfloat16, and for it channels last, where the hardware computes in it; compiled where there
    is a compiler, unless Winograd's convolutions are used.
    """
    is_bf16 = computes_bf16(CPU)
    uses_winograd = not is_bf16 and config.generator.startswith("resnet") and suits_winograd()
    return config.replace(
        precision="bf16" if is_bf16 else "fp32",
        channels_last=is_bf16 or config.channels_last,
        winograd="on" if uses_winograd else "off",
        compile=can_compile() and not uses_winograd,
    )


def measure(
    pairs: Mapping[str, tuple[ReferenceStep, TrainConfig]], rounds: int
) -> Iterator[dict[str, Any]]:
    """Two rows a preset: ms for one step of batch 1, images a second, and times the reference's.

    Both steps of a pair see crops of the preset's size, which are already in memory.
    """
    for preset, (reference, config) in pairs.items():
        batch, step = _batch(config.crop_size), STEPS[config.method](config)
        ours = f"{preset}: {describe(config)}"
        theirs = f"{preset}: reference, float32"
        contestants: dict[str, Callable[[], object]] = {
            theirs: lambda step=reference, batch=batch: step(*batch),
            ours: lambda step=step, batch=batch: step(*batch, 2e-4),
        }
        contestants[ours]()  # compiles here, where it does
        times = milliseconds(contestants, rounds)
        for name, ms in times.items():
            yield {
                "what": name,
                "pixels": config.crop_size,
                "ms": round(ms, 1),
                "images_per_s": round(1000 / ms, 3),
                "times_as_fast": round(times[theirs] / ms, 2),
            }


def describe(config: TrainConfig) -> str:
    """Name the settings that make it fast."""
    names = {
        config.precision: True,
        "channels last": config.channels_last,
        "Winograd": config.winograd == "on",
        "compiled": config.compile,
    }
    return ", ".join(name for name, holds in names.items() if holds)


def _batch(size: int) -> tuple[Tensor, Tensor]:
    real_A, real_B = torch.rand(2, 1, 3, size, size) * 2 - 1
    return real_A, real_B
