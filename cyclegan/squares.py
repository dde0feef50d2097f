"""Middle squares of pictures spread over a domain: what is shown, measured and calibrated on.

No torch here.
"""

import logging
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cyclegan.contract.errors import PictureError
from cyclegan.contract.images import load_picture
from cyclegan.contract.walk import spread

logger = logging.getLogger(__name__)

_ORDERS = tuple(permutations(range(3)))  # of red, green and blue
_STRONGER = 3  # times as far from grey


def load_squares(paths: list[Path], count: int, size: int, doing: str) -> list[NDArray[np.uint8]]:
    """Load the middle squares of at most `count` pictures, less what cannot be read.

    Args:
        size: of the squares, in pixels.
        doing: what a warning says that goes on without a picture: "measuring".

    Returns: uint8 [size, size, 3] each.
    """
    squares = []
    for place in spread(range(len(paths)), count):
        try:
            squares.append(middle_square(load_picture(paths[place]).rgb, size))
        except PictureError as error:
            logger.warning("%s without it: %s", doing, error)
    return squares


def middle_square(rgb: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Scale the middle square of a picture, uint8 [H, W, 3] -> [size, size, 3]."""
    picture = Image.fromarray(rgb)
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS, box=box))


def in_strong_colours(rgb: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """Show a picture in colours that few photos have: red, green and blue exchanged, and stronger.

    Args:
        rgb: uint8 [H, W, 3].
        number: from 0; one in six keeps its red, green and blue.

    Returns: uint8 [H, W, 3].
    """
    exchanged = rgb[..., _ORDERS[number % len(_ORDERS)]].astype(np.float32)
    grey = exchanged.mean(axis=2, keepdims=True)
    stronger = np.clip(grey + _STRONGER * (exchanged - grey), 0, 255)
    return np.asarray(stronger.round().astype(np.uint8))
