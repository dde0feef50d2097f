"""Whether memory stays flat over pictures of random sizes."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from app import heap
from app.recipe import Recipe
from app.rendering import Renderer
from app.translator import Translator
from cyclegan.contract.images import Picture

SIDES = (200, 3000)  # pixels
WARM_UP = 0.2  # of the times: until every buffer has met a large picture
READINGS = 20

RECIPES = {"in the size of the card": Recipe(), "native": Recipe(size="native")}


def measure(translator: Translator, pictures: int) -> Iterator[dict[str, Any]]:
    """One row a recipe: MiB that this process grows by in 1,000 pictures after the first ones."""

    def read_mib() -> float:
        heap.give_back()  # as the app does seconds later: what is free is no growth
        return resident_mib()

    for what, recipe in RECIPES.items():
        render = Renderer(translator, recipe)
        random = np.random.default_rng(0)
        grown = grow(lambda r=render, random=random: r(Picture(_draw(random))), pictures, read_mib)
        yield {"what": what, "pictures": pictures, **grown}


def grow(act: Callable[[], object], times: int, read_mib: Callable[[], float]) -> dict[str, Any]:
    """Do something many times, and tell by how much memory grows each 1,000 after the first ones.

    By a line through what is held in between, which is read `READINGS` times.
    """
    readings: list[tuple[int, float]] = []
    start = time.perf_counter()
    for done in range(1, times + 1):
        act()
        if done >= WARM_UP * times and done % max(1, times // READINGS) == 0:
            readings.append((done, read_mib()))
    slope, _ = np.polyfit(*zip(*readings, strict=True), 1)
    held = [mib for _, mib in readings]
    return {
        "MiB_per_1000": round(1000 * float(slope), 2),
        "least_MiB": round(min(held), 1),
        "most_MiB": round(max(held), 1),
        "seconds": round(time.perf_counter() - start),
    }


def resident_mib(process: int | str = "self") -> float:
    """What a process, this one unless another is named, holds of the machine's memory."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _draw(random: np.random.Generator) -> np.ndarray:
    width, height = random.integers(*SIDES, size=2, endpoint=True)
    coarse = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    drawn = Image.fromarray(coarse).resize((int(width), int(height)), Image.Resampling.BILINEAR)
    return np.asarray(drawn)
