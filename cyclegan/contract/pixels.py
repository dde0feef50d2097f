"""Pixels as people store them and as networks see them, and the padding between the two.

The promise: `x / 127.5 - 1` one way, `(y + 1) * 127.5` rounded half up and clipped the other; the
round trip is exact for all 256 values. Pictures as files are in images.py.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cyclegan.contract.errors import ModelError


class Crop(NamedTuple):
    """Where the picture lies inside its padded version, in pixels."""

    top: int
    left: int
    height: int
    width: int


def to_network(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a network sees of a picture. uint8 [H, W, 3] -> float32 [1, 3, H, W] in [-1, 1]."""
    x = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], dtype=np.float32)
    x /= np.float32(127.5)
    x -= np.float32(1)
    return x


def from_network(y: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The picture that a network answered. floating [1, 3, H, W] -> uint8 [H, W, 3].

    Raises: ModelError if the shape is another one, or if a value is NaN or infinite (it would
    become some arbitrary colour).
    """
    if y.ndim != 4 or y.shape[:2] != (1, 3):
        raise ModelError(f"the network answered with shape {list(y.shape)}, not [1, 3, H, W]")
    # min and max pass NaN on and need no array of flags, unlike isfinite over the whole output.
    if y.size and not (np.isfinite(y.min()) and np.isfinite(y.max())):
        raise ModelError("the network answered with NaN or infinite values; the model is damaged")
    scaled = y[0].astype(np.float32)  # a copy, so that what follows may work in place
    scaled += np.float32(1)
    scaled *= np.float32(127.5)
    scaled += np.float32(0.5)  # the cast below cuts off: together they round half up
    np.clip(scaled, 0, 255, out=scaled)
    return np.ascontiguousarray(scaled.astype(np.uint8).transpose(1, 2, 0))


def pad_to_multiple(
    rgb: NDArray[np.uint8], multiple: int, border: int = 0
) -> tuple[NDArray[np.uint8], Crop]:
    """Mirror a picture at its edges until both sides are multiples of `multiple`.

    `border` pixels are added on every side, and at the right and bottom what is then missing.
    Any picture of 1 x 1 or more will do: mirrored again and again where it is smaller than that.

    Shape: uint8 [H, W, 3] -> uint8 [H', W', 3]. `crop_back` with the crop returned undoes it.
    """
    height, width = rgb.shape[:2]
    bottom = border + -(height + 2 * border) % multiple
    right = border + -(width + 2 * border) % multiple
    padded = np.pad(rgb, ((border, bottom), (border, right), (0, 0)), mode="reflect")
    return padded, Crop(border, border, height, width)


def crop_back(padded: NDArray[np.uint8], crop: Crop) -> NDArray[np.uint8]:
    """The part of a padded picture that was there before the padding (a view)."""
    top, left, height, width = crop
    return padded[top : top + height, left : left + width]
