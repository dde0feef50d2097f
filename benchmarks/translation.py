"""How long a picture takes: every bundled model as the app runs it, beside the reference."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from app.translator import Translator
from benchmarks.timing import milliseconds
from cyclegan.contract.images import Picture

REFERENCE = "reference generator"


def measure(
    translators: Mapping[str, Translator], reference: nn.Module, sizes: Sequence[int], rounds: int
) -> Iterator[dict[str, Any]]:
    """One row a size and model: ms for one square picture, and how often it fits the reference's.

    The models do all that the app does (8 bits to float, padding, network, cropping, back to 8
    bits); the reference is its network alone, in its favour.
    """
    reference = reference.eval().requires_grad_(False)
    for size in sizes:
        rgb = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
        picture, tensor = Picture(rgb), torch.rand(1, 3, size, size) * 2 - 1
        contestants: dict[str, Callable[[], object]] = {REFERENCE: lambda x=tensor: reference(x)}
        for name, translator in translators.items():
            contestants[name] = lambda t=translator, p=picture: t.translate(p)
        times = milliseconds(contestants, rounds)
        for name, ms in times.items():
            yield {
                "what": name,
                "pixels": size,
                "ms": round(ms, 2),
                "times_as_fast": round(times[REFERENCE] / ms, 2),
            }
