"""A photo beside its translation, small enough to look at: the example on a model's card."""

from pathlib import Path

import numpy as np
from PIL import Image

from app.rendering import Renderer
from cyclegan.contract.files import PlainFile, atomic_write
from cyclegan.contract.images import Picture
from cyclegan.contract.pixels import RGB

_WIDTH, _HEIGHT = 512, 256  # pixels of each at most, so that the page shows the file


def pair(photo: Picture, render: Renderer) -> RGB:
    """A photo and its translation, side by side. Raises: ModelError."""
    sides = []
    for picture in (photo, render(photo)):
        height, width = picture.rgb.shape[:2]
        scale = min(_WIDTH / width, _HEIGHT / height)
        size = max(1, round(scale * width)), max(1, round(scale * height))
        small = Image.fromarray(picture.rgb).resize(size, Image.Resampling.LANCZOS)
        sides.append(np.asarray(small))
    return np.concatenate(sides, axis=1)


def save_pair(rgb: RGB, path: Path) -> None:
    """Write one pair, or several below one another, as JPEG. Raises: StorageError."""
    with atomic_write(path) as temporary, PlainFile(temporary) as file:
        Image.fromarray(rgb).save(file, format="JPEG", quality=90)
