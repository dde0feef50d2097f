"""Pictures to measure with."""

from pathlib import Path

import numpy as np
from PIL import Image


def draw_pictures(folder: Path, count: int, size: tuple[int, int], seed: int) -> None:
    """Write JPEGs of soft clouds of colour: as quick to decode as photographs, unlike noise.

    `size` is width and height in pixels.
    """
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for index in range(count):
        coarse = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
        picture.save(folder / f"{index}.jpg", quality=90)
