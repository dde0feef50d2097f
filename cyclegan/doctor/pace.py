"""How long a training takes on this machine, from a few steps of it."""

import time

import torch

from cyclegan.config import TrainConfig
from cyclegan.methods import STEPS


def measure_step_s(config: TrainConfig, device: torch.device, budget_s: float = 3.0) -> float:
    """Seconds that a training step takes, uncompiled, from those that begin within `budget_s`.

    One goes before that is not timed: it allocates what the others use again.
    """
    # Compiling takes a minute, which is longer than people wait for an estimate.
    step = STEPS[config.method](config.replace(compile=False, head_start_images=0), device)
    shape = (config.batch_size, 3, config.crop_size, config.crop_size)
    generator = torch.Generator().manual_seed(config.seed)
    real_A, real_B, other = (torch.rand(shape, generator=generator) * 2 - 1 for _ in range(3))

    def run(steps: int) -> float:
        start_s = time.perf_counter()
        for _ in range(steps):
            losses = step(real_A, real_B, config.learning_rate, taught=other, neither=other)
        sum(float(loss) for loss in losses.values())  # waits for a GPU to get there
        return time.perf_counter() - start_s

    run(1)
    # The generators learn in one of d_steps: only that many together are of the usual length.
    times_s = [run(config.d_steps)]
    while sum(times_s) < budget_s:
        times_s.append(run(config.d_steps))
    return sum(times_s) / (len(times_s) * config.d_steps)
