"""What happens to pixels between a picture and its translation: arrays in, arrays out.

When each is done is in rendering.py.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from cyclegan.contract.pixels import LUMA, RGB

Numbers = NDArray[np.float32]  # [H, W, C]
Weight = NDArray[np.float32]  # [H, W, 1] in [0, 1]

_BICUBIC = Image.Resampling.BICUBIC


def shrink(rgb: RGB, long_side: int, gap: float = 3) -> RGB:
    """The picture with a long side of so many pixels, or as it is where it is no longer.

    Boxes of pixels are averaged first, down to `gap` times the size or a little more. By 3, photos
    that were made ten times smaller came 55 dB near to what they are without, and a photo of 12
    megapixels took 0.02 s instead of 0.08.
    """
    height, width = rgb.shape[:2]
    scale = long_side / max(height, width)
    if scale >= 1:
        return rgb
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS, reducing_gap=gap))


class Enlarged:
    """An array [h, w, C] as it is when enlarged to `size`, [height, width]; made row by row.

    Pillow's bicubic filter, across and then down. Down it is a product of matrices, the weights of
    which Pillow makes of an identity matrix: by Pillow alone it took a photo of 12 megapixels four
    times as long.
    """

    _WIDENED = 32  # rows of the array that are widened at once
    # Multiplications of one product: of more OpenBLAS makes use of other threads, which spin when
    # they have nothing to do, and of much more it leaves the cache.
    _PRODUCT = 2**18
    _REACH = 3  # rows on each side that a bicubic filter may look at

    def __init__(self, small: RGB | Numbers, size: tuple[int, int]) -> None:
        self._small = small
        self._height, self._width = size
        self._wide: dict[int, Numbers] = {}  # [_WIDENED, width * C] each, by their place

    def read(self, rows: slice) -> Numbers:
        """Some rows, [rows, width, C], the caller's own; exact where nothing is to be enlarged."""
        small, shape = self._small, (rows.stop - rows.start, self._width, self._small.shape[2])
        if small.shape[:2] == (self._height, self._width):
            return small[rows].astype(np.float32)
        scale = len(small) / self._height
        top, bottom = rows.start * scale, rows.stop * scale
        first = max(0, int(top) - self._REACH)
        last = min(len(small), math.ceil(bottom) + self._REACH)
        identity = Image.fromarray(np.eye(last - first, dtype=np.float32))
        box = (0, top - first, last - first, bottom - first)
        weights = np.asarray(identity.resize((last - first, shape[0]), _BICUBIC, box))
        wide = self._widen(first, last)
        enlarged = np.empty((shape[0], wide.shape[1]), np.float32)
        step = max(1, self._PRODUCT // weights.size)
        for left in range(0, wide.shape[1], step):
            part = slice(left, left + step)
            np.matmul(weights, wide[:, part], out=enlarged[:, part])
        return enlarged.reshape(shape)

    def _widen(self, first: int, last: int) -> NDArray[np.float32]:
        """Some rows of the array at full width, colours side by side. Shape: [rows, width * C]."""
        places = range(first // self._WIDENED, (last - 1) // self._WIDENED + 1)
        self._wide = {place: self._find_wide(place) for place in places}  # what was before may go
        starts = [place * self._WIDENED for place in places]
        return np.concatenate(
            [
                wide[max(first - start, 0) : last - start]
                for start, wide in zip(starts, self._wide.values(), strict=True)
            ]
        )

    def _find_wide(self, place: int) -> NDArray[np.float32]:
        if place in self._wide:
            return self._wide[place]
        small = self._small[place * self._WIDENED :][: self._WIDENED].astype(np.float32)
        shape = len(small), self._width, small.shape[2]
        wide = np.empty(shape, np.float32)
        for channel in range(small.shape[2]):
            plane = Image.fromarray(np.ascontiguousarray(small[..., channel]))
            widened = plane.resize((self._width, len(small)), _BICUBIC)
            wide[..., channel] = np.asarray(widened)
        return wide.reshape(len(small), -1)


def with_colours_of(before: RGB | Numbers, after: Numbers) -> Numbers:
    """The colours of one picture in the light of another: nothing but its luma is changed."""
    change: NDArray[np.float32] = np.einsum("hwc,c->hw", after - before, LUMA)
    return before + change[..., None]


def mix(before: RGB | Numbers, after: Numbers, weight: float | Weight) -> RGB:
    """Between two pictures. Where the weight is 0 or 1 it is exactly one of them.

    `after` is written over.
    """
    if isinstance(weight, np.ndarray) or weight != 1:
        after -= before
        after *= weight
        after += before
    after += np.float32(0.5)  # the cast below cuts off: together they round half up
    np.clip(after, 0, 255, out=after)
    return after.astype(np.uint8)


@dataclass(frozen=True)
class Feathered:
    """A mask that fades towards its inside, over a hundredth of the long side."""

    mask: NDArray[np.uint8]  # [H, W], 255 where the translation is wanted
    blurred: NDArray[np.uint8]  # [H, W], of where the mask is not 0; 127.5 at its edge

    def weight(self, rows: slice) -> Weight:
        """How much of the translation is wanted in some rows; 0 where the mask is."""
        fade = np.clip(self.blurred[rows].astype(np.float32) / 127.5 - 1, 0, 1)
        weight: Weight = (fade * self.mask[rows] / np.float32(255))[..., None]
        return weight


def feather(mask: NDArray[np.uint8]) -> Feathered:
    """Let a mask [H, W] fade."""
    is_inside = Image.fromarray(np.where(mask > 0, np.uint8(255), np.uint8(0)))
    blurred = is_inside.filter(ImageFilter.GaussianBlur(max(mask.shape) / 200))
    return Feathered(mask, np.asarray(blurred))
