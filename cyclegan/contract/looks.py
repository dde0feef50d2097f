"""What the pictures that a model learned from look like, and in which way another one does not.

A handful of measures of a picture's colours and textures, taken when it is small, and how far those
of the training pictures lie from their mean (Mahalanobis 1936). Nothing here knows what is in a
picture: a brown dog looks like the pictures of a model for horses.
"""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cyclegan.contract.card import Looks
from cyclegan.contract.errors import PictureError
from cyclegan.contract.images import load_picture
from cyclegan.contract.pixels import LUMA, RGB
from cyclegan.contract.walk import find_pictures, spread

Numbers = NDArray[np.floating]

Way = Literal[
    "unlike",  # none of the others says it
    "darker",
    "brighter",
    "fainter",
    "harsher",
    "greyer",
    "gaudier",
    "greener",
    "redder",
    "yellower",
    "bluer",
    "smoother",
    "finer",
    "flatter",
]

# What is measured, and what a picture is that has far less or far more of it.
MEASURES: dict[str, tuple[Way, Way]] = {
    "brightness": ("darker", "brighter"),
    "contrast": ("fainter", "harsher"),
    "colour": ("greyer", "gaudier"),
    "redness": ("greener", "redder"),
    "blueness": ("yellower", "bluer"),
    "fine texture": ("smoother", "finer"),
    "coarse texture": ("unlike", "unlike"),
    "flat area": ("unlike", "flatter"),
}

MIN_LOOKS_PICTURES = 200  # of 100, 4 in 100 others pass for unlike; of 200 two, of 500 one
_MAX_PICTURES = 500  # of a folder; 500 photos of 12 megapixels take a minute to read

_SIDE = 64  # pixels of the long side; what is finer depends on who saved the picture, and how
_COARSE = 4  # pixels apart
_LIKE = 0.99  # of the training pictures, which are to be like themselves
_FAR = 3.0  # standard deviations from the mean; nearer than that, no measure alone is told
_NOTHING = 0.005  # what a measure may differ by where all training pictures have the same

logger = logging.getLogger(__name__)


def find_difference(looks: Looks, rgb: RGB) -> Way | None:
    """In which way a picture is unlike others; None: it is like them.

    None as well where they were measured in another way than here.
    """
    if looks.measures != tuple(MEASURES):
        return None
    apart = measure(rgb) - looks.mean
    if _distances(apart[None], np.array(looks.inverse))[0] <= looks.limit:
        return None
    deviations = apart / looks.deviation
    most = int(np.abs(deviations).argmax())
    less, more = MEASURES[looks.measures[most]]
    if abs(deviations[most]) < _FAR:
        return "unlike"
    return more if deviations[most] > 0 else less


def describe_folder(folder: Path) -> Looks | None:
    """What the pictures of a folder look like, of many a part; None: fewer than MIN_LOOKS_PICTURES.

    Raises: InputError if it cannot be listed.
    """
    paths = find_pictures(folder, recursive=True)
    return describe(_load(spread(paths, _MAX_PICTURES)), folder.resolve().name)


def describe(pictures: Iterable[RGB], name: str) -> Looks | None:
    """What pictures, together called `name`, look like; None: fewer than MIN_LOOKS_PICTURES."""
    measures = np.array([measure(rgb) for rgb in pictures])  # [N, M]
    if len(measures) < MIN_LOOKS_PICTURES:
        return None
    mean = measures.mean(0)
    covariance = np.cov(measures.T) + _NOTHING**2 * np.eye(len(MEASURES))
    inverse = np.linalg.inv(covariance)
    distances = _distances(measures - mean, inverse)
    return Looks(
        pictures=f"{len(measures)} pictures of {name}",
        measures=tuple(MEASURES),
        mean=_rounded(mean),
        deviation=_rounded(np.sqrt(np.diag(covariance))),
        inverse=tuple(_rounded(row) for row in inverse),
        limit=round(float(np.quantile(distances, _LIKE)), 3),
    )


def measure(rgb: RGB) -> Numbers:
    """The MEASURES of a picture. Shape: uint8 [H, W, 3] -> [M].

    Brightness and contrast are of the luma in [0, 1], by roots and logarithms nearer to what eyes
    tell apart; a texture is the mean step between neighbours, relative to the next coarser one.
    """
    x = _shrink(rgb).astype(np.float32) / 255
    luma = x @ LUMA  # [h, w]
    red, blue = x[..., 0] - luma, x[..., 2] - luma
    steps = np.maximum(*(_steps(luma, axis, 1) for axis in (0, 1)))
    contrast, fine = luma.std() + 0.01, steps.mean() + 0.01
    coarse = np.mean([_steps(luma, axis, _COARSE).mean() for axis in (0, 1)]) + 0.01
    return np.array(
        [
            np.sqrt(luma.mean()),
            np.log(contrast),
            np.log(np.hypot(red, blue).mean() + 0.005),
            red.mean(),
            blue.mean(),
            np.log(fine / coarse),
            np.log(coarse / contrast),
            np.sqrt((steps < 1.5 / 255).mean()),
        ],
        np.float64,
    )


def _shrink(rgb: RGB) -> RGB:
    height, width = rgb.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = Image.fromarray(rgb).resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(picture)


def _steps(luma: Numbers, axis: int, distance: int) -> Numbers:
    """Differences to the pixel so far on, which at the end is the last. Shape: [h, w] -> [h, w]."""
    further = np.minimum(np.arange(luma.shape[axis]) + distance, luma.shape[axis] - 1)
    steps: Numbers = np.abs(luma.take(further, axis) - luma)
    return steps


def _distances(apart: Numbers, inverse: Numbers) -> Numbers:
    """Mahalanobis distances of rows. Shape: [N, M], [M, M] -> [N]."""
    squares = np.sum(apart @ inverse * apart, axis=1)
    distances: Numbers = np.sqrt(np.maximum(squares, 0))
    return distances


def _rounded(values: Numbers) -> tuple[float, ...]:
    return tuple(float(f"{value:.5g}") for value in values)


def _load(paths: Iterable[Path]) -> Iterator[RGB]:
    for path in paths:
        try:
            yield load_picture(path).rgb
        except PictureError as error:
            logger.warning("looking at the others: %s", error)
