"""Whether memory stays flat over pictures of random sizes."""

import time
from collections.abc import Iterator
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
WARM_UP = 0.2  # of the pictures: until every buffer has met a large one
READINGS = 20

RECIPES = {"in the size of the card": Recipe(), "native": Recipe(size="native")}


def measure(translator: Translator, pictures: int) -> Iterator[dict[str, Any]]:
    """One row a recipe: MiB that this process grows by in 1,000 pictures after the first ones.

    By a line through what it holds between pictures, which is read `READINGS` times.
    """
    for what, recipe in RECIPES.items():
        render = Renderer(translator, recipe)
        random = np.random.default_rng(0)
        readings: list[tuple[int, float]] = []
        start = time.perf_counter()
        for done in range(1, pictures + 1):
            render(Picture(_draw(random)))
            if done >= WARM_UP * pictures and done % max(1, pictures // READINGS) == 0:
                heap.give_back()  # as the app does every two seconds: what is free is no growth
                readings.append((done, resident_mib()))
        slope, _ = np.polyfit(*zip(*readings, strict=True), 1)
        held = [mib for _, mib in readings]
        yield {
            "what": what,
            "pictures": pictures,
            "MiB_per_1000": round(1000 * float(slope), 2),
            "least_MiB": round(min(held), 1),
            "most_MiB": round(max(held), 1),
            "seconds": round(time.perf_counter() - start),
        }


def resident_mib() -> float:
    """What this process holds of the machine's memory."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _draw(random: np.random.Generator) -> np.ndarray:
    width, height = random.integers(*SIDES, size=2, endpoint=True)
    coarse = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    drawn = Image.fromarray(coarse).resize((int(width), int(height)), Image.Resampling.BILINEAR)
    return np.asarray(drawn)
