"""When memory runs out in a training: which smaller settings fit, found by trying them.

What a step needs depends on the kernels that PyTorch chooses and on what else the machine does, so
nothing is calculated here.
"""

import gc
import logging
import multiprocessing
import sys
from collections.abc import Iterator

import torch

from cyclegan.config import TrainConfig
from cyclegan.methods import STEPS

logger = logging.getLogger(__name__)

_SMALLEST_CROP = 64  # pixels: a patch of the discriminators is 70 wide
_SMALLEST_WIDTH = 8  # channels
_MESSAGES = (
    "DefaultCPUAllocator: can't allocate memory",
    "std::bad_alloc",
    "could not create a primitive",  # oneDNN, seen where there is no room for the code it makes
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU, on the CPU or in Python."""
    if isinstance(error, RuntimeError):  # PyTorch has no type of its own for the CPU's
        return isinstance(error, torch.OutOfMemoryError) or any(
            message in str(error) for message in _MESSAGES
        )
    return isinstance(error, MemoryError)


def advise(config: TrainConfig, device: torch.device, processes: int = 1) -> str:
    """Say in a sentence with which settings a step fits into the memory that is free now.

    Each of `processes` takes an equal part of a batch.
    """
    logger.warning("memory ran out; trying smaller settings, which takes a minute ...")
    gc.collect()
    torch.cuda.empty_cache()  # does nothing where there is no GPU
    for smaller in reductions(config, processes):
        if _fits(smaller.replace(batch_size=smaller.batch_size // processes), device):
            changes = " ".join(
                f"--set {key}={value}"
                for key, value in smaller.to_dict().items()
                if value != getattr(config, key)
            )
            return f"a step fits with {changes}: start a new run with that, in another --out"
    return "no smaller settings fit either: free memory, or take a machine with more of it"


def reductions(config: TrainConfig, processes: int = 1) -> Iterator[TrainConfig]:
    """Yield configs that need less and less: smaller batches, then crops, then networks."""
    while half := config.batch_size // 2 // processes * processes:
        config = config.replace(batch_size=half)
        yield config
    multiple = config.crop_multiple
    smallest = max(_SMALLEST_CROP, config.self_scale, config.border + 1)
    while (side := config.crop_size * 3 // 4 // multiple * multiple) >= smallest:
        config = config.replace(crop_size=side)
        yield config
    while (
        not config.init_from  # whose weights decide the widths
        and max(config.generator_width, config.discriminator_width) > _SMALLEST_WIDTH
    ):
        halves = {
            key: max(getattr(config, key) // 2, min(getattr(config, key), _SMALLEST_WIDTH))
            for key in ("generator_width", "discriminator_width")
        }
        config = config.replace(**halves)
        yield config


def _fits(config: TrainConfig, device: torch.device) -> bool:
    # In a process of its own, with fresh memory as a new run has: in this one 430 MB stayed with
    # the allocator. And where memory is short oneDNN was seen to crash, which is an answer there.
    trial = multiprocessing.get_context("spawn").Process(target=_try, args=(config, device))
    trial.start()
    trial.join()
    return trial.exitcode == 0


def _try(config: TrainConfig, device: torch.device) -> None:
    try:
        _take_a_step(config, device)
    except Exception as error:
        if is_out_of_memory(error):
            sys.exit(1)  # without a traceback
        raise


def _take_a_step(config: TrainConfig, device: torch.device) -> None:
    """Take a whole step, of the generators too, with pools that are full."""
    # Compiling takes a minute each time, and compiled networks do not need more.
    config = config.replace(compile=False, head_start_images=0)
    augmentation = "on" if config.diffaugment == "auto" else config.diffaugment
    step = STEPS[config.method](config, device, augmentation=augmentation)
    pictures = torch.zeros(config.batch_size, 3, config.crop_size, config.crop_size)
    for pool in step.pools.values():
        for _ in range(config.pool_size):
            pool.query(pictures[:1].to(device))
    # Twice: from the second on Adam holds its moments, and networks the gradients of the first.
    for _ in range(2 * config.d_steps):
        step(pictures, pictures, config.learning_rate, taught=pictures, neither=pictures)
