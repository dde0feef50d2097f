"""Pictures for tests of reading and writing."""

import io
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

Array = np.ndarray


def noise(height: int, width: int, channels: int = 3) -> Array:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


def smooth(height: int, width: int) -> Array:
    """A picture that lossy formats keep within a few steps."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 / width, y * 255 / height, 0 * x + 90], axis=-1).astype(np.uint8)


def encode(image: Image.Image, codec: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, codec, **options)
    return file.getvalue()


def read_exif(path: Path) -> Image.Exif:
    with Image.open(path) as image:
        exif = image.getexif()
        exif.get_ifd(ExifTags.IFD.Exif)  # while the file is open
        exif.get_ifd(ExifTags.IFD.GPSInfo)
        return exif
