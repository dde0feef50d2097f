"""How long a training step takes: each preset beside a plain step of the same architecture."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.reference import ReferenceStep
from benchmarks.timing import milliseconds, wait
from cyclegan.compiling import can_compile
from cyclegan.config import TrainConfig
from cyclegan.devices import computes_bf16
from cyclegan.methods import STEPS
from cyclegan.winograd import suits_winograd

_SIDES = {"cpu": 1024, "cuda": 8192}  # of the matrices that a device is at its best with


def best_settings(config: TrainConfig, device: torch.device) -> TrainConfig:
    """Return the same networks and losses in the arithmetic that suits a device.

    In bfloat16, and for it channels last, where the hardware computes in it; compiled where there
    is a compiler, unless Winograd's convolutions are used.
    """
    is_bf16 = computes_bf16(device)
    is_resnet = config.generator.startswith("resnet")
    uses_winograd = device.type == "cpu" and not is_bf16 and is_resnet and suits_winograd()
    return config.replace(
        precision="bf16" if is_bf16 else "fp32",
        channels_last=is_bf16 or config.channels_last,
        winograd="on" if uses_winograd else "off",
        compile=can_compile() and not uses_winograd,
    )


def matmul_rate(device: torch.device, rounds: int) -> float:
    """Measure what a device's matrix products reach, in bf16 where it computes in it: GFLOP/s."""
    side = _SIDES[device.type]
    dtype = torch.bfloat16 if computes_bf16(device) else torch.float32
    matrix = torch.rand(side, side, device=device, dtype=dtype)

    def multiply() -> None:
        matrix @ matrix
        wait(device)

    return 2 * side**3 / milliseconds({"": multiply}, 4 * rounds)[""] / 1e6


def count_gflop(call: Callable[[], object]) -> float:
    """Count the additions and multiplications of a call's convolutions, back and forth: GFLOP."""
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() / 1e9


def measure(
    pairs: Mapping[str, tuple[ReferenceStep, TrainConfig]],
    rounds: int,
    device: torch.device,
    rate: float,
) -> Iterator[dict[str, Any]]:
    """Two rows a preset: ms for one step of batch 1, images a second, and times the reference's.

    Both steps of a pair see crops of the preset's size, which are already in the device's memory.

    Args:
        pairs: by preset, a reference on the device, and a config of the same architecture.
        rate: of `matmul_rate`, in the same run. The work that a step does at it is the reference's,
            whatever it is computed by.
    """
    for preset, (reference, config) in pairs.items():
        batch, step = _batch(config.crop_size, device), STEPS[config.method](config, device)
        gflop = count_gflop(lambda step=reference, batch=batch: step(*batch))
        ours = f"{preset}: {describe(config)}"
        theirs = f"{preset}: reference, float32"
        contestants: dict[str, Callable[[], object]] = {
            theirs: lambda step=reference, batch=batch: (step(*batch), wait(device)),
            ours: lambda step=step, batch=batch: (step(*batch, 2e-4), wait(device)),
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
                "percent_of_matmul": round(100 * gflop / (ms / 1000) / rate, 1),
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


def _batch(size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    real_A, real_B = torch.rand(2, 1, 3, size, size, device=device) * 2 - 1
    return real_A, real_B
