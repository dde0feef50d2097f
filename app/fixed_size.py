"""Pictures of any size through a network that takes one size: cut up and blended, or made smaller.

What the network does is not known here: it is a function of pixels of its size.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.effects import Numbers
from cyclegan.contract.card import FixedSize
from cyclegan.contract.pixels import RGB

OVERLAP = 4  # neighbouring windows share at least a side's so manyth part, in which they fade

Network = Callable[[RGB], RGB]  # uint8 [height, width, 3] of its one size -> the same
Weights = NDArray[np.float32]


def translate(rgb: RGB, size: FixedSize, network: Network) -> RGB:
    """Translate a picture of any size by a network of one size. uint8 [H, W, 3] -> the same.

    A smaller picture is mirrored at its edges up to that size. A larger one is cut into windows
    that overlap, or shrunk to fit and enlarged again, as `size.larger` says. Never is it warped.
    """
    if size.larger == "tile":
        return _blend(rgb, size, network)
    small = shrink_to_fit(rgb, size)
    translated = _mirrored(small, size, network)
    if small is rgb:
        return translated
    height, width = rgb.shape[:2]
    enlarged = Image.fromarray(translated).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(enlarged)


def shrink_to_fit(rgb: RGB, size: FixedSize) -> RGB:
    """The picture within a size, in its own proportions; as it is where it fits already."""
    height, width = rgb.shape[:2]
    scale = min(size.height / height, size.width / width)
    if scale >= 1:
        return rgb
    fitting = max(1, int(width * scale)), max(1, int(height * scale))
    return np.asarray(Image.fromarray(rgb).resize(fitting, Image.Resampling.LANCZOS))


def _mirrored(rgb: RGB, size: FixedSize, network: Network) -> RGB:
    """Translate a picture that fits, mirrored at the right and at the bottom to the whole size."""
    height, width = rgb.shape[:2]
    missing = (0, size.height - height), (0, size.width - width), (0, 0)
    return network(np.pad(rgb, missing, mode="reflect"))[:height, :width]


def _blend(rgb: RGB, size: FixedSize, network: Network) -> RGB:
    """Translate windows all over a picture; where they overlap one fades into the next.

    Memory beside the two pictures: rows of one window's height.
    """
    height, width = rgb.shape[:2]
    rows, row_weights = _windows(height, size.height)
    columns, column_weights = _windows(width, size.width)
    translated = np.empty_like(rgb)
    open_rows = np.zeros((0, width, 3), np.float32)  # that the next window still adds to
    for place, (top, weights) in enumerate(zip(rows, row_weights, strict=True)):
        band = np.zeros((len(weights), width, 3), np.float32)
        band[: len(open_rows)] = open_rows
        for left, across in zip(columns, column_weights, strict=True):
            window = rgb[top : top + len(weights), left : left + len(across)]
            weight = weights[:, None, None] * across[None, :, None]  # [h, w, 1]
            band[:, left : left + len(across)] += weight * _mirrored(window, size, network)
        end = rows[place + 1] if place + 1 < len(rows) else height
        translated[top:end] = _rounded(band[: end - top])
        open_rows = band[end - top :]
    return translated


def _windows(length: int, size: int) -> tuple[list[int], list[Weights]]:
    """Cut one side: where each window starts, and how much each of its places counts.

    Evenly spread; the weights of all windows add up to 1 everywhere.
    """
    if length <= size:
        return [0], [np.ones(length, np.float32)]
    count = 1 + -(-(length - size) // (size - size // OVERLAP))
    starts = np.linspace(0, length - size, count).round().astype(int).tolist()
    ramp = np.minimum(np.arange(1, size + 1), np.arange(size, 0, -1))
    fading = np.minimum(ramp, max(size // OVERLAP, 1)).astype(np.float32)
    total = np.zeros(length, np.float32)
    for start in starts:
        total[start : start + size] += fading
    return starts, [fading / total[start : start + size] for start in starts]


def _rounded(values: Numbers) -> RGB:
    rounded: RGB = np.clip(values + np.float32(0.5), 0, 255).astype(np.uint8)  # half up
    return rounded
