"""How long a training takes on this machine, from a few steps of it."""

import time

import torch

from cyclegan.config import TrainConfig
from cyclegan.step import CycleGANStep


def measure_step_s(
    config: TrainConfig, device: torch.device, budget_s: float = 3.0, least: int = 1
) -> float:
    """Seconds that a training step takes, uncompiled, from the steps that `budget_s` allows.

    At least `least` are timed, after one that is not: it allocates what the others use again.
    """
    # Compiling takes a minute, which is longer than people wait for an estimate.
    step = CycleGANStep(config.replace(compile=False), device)
    shape = (config.batch_size, 3, config.crop_size, config.crop_size)
    generator = torch.Generator().manual_seed(config.seed)
    real_A, real_B = (torch.rand(shape, generator=generator) * 2 - 1 for _ in "AB")

    def run() -> float:
        start_s = time.perf_counter()
        losses = step(real_A, real_B, config.learning_rate)
        sum(float(loss) for loss in losses.values())  # waits for a GPU to get there
        return time.perf_counter() - start_s

    run()
    times_s = [run() for _ in range(least)]
    while sum(times_s) < budget_s:
        times_s.append(run())
    return sorted(times_s)[len(times_s) // 2]
