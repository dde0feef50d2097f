"""What happens to pixels between a picture and its translation: arrays in, arrays out.

When each is done is in rendering.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from cyclegan.contract.pixels import LUMA, RGB

Numbers = NDArray[np.float32]  # [H, W, C]
Weight = NDArray[np.float32]  # [H, W, 1] in [0, 1]


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


def enlarge(small: RGB | Numbers, size: tuple[int, int], rows: slice) -> Numbers:
    """Some rows of an array as it is when enlarged to `size`, [height, width].

    Shape: [h, w, C] -> [rows, width, C]. Exact where nothing is to be enlarged.
    """
    height, width = size
    if small.shape[:2] == size:
        return small[rows].astype(np.float32, copy=False)
    scale = small.shape[0] / height
    box = (0, rows.start * scale, small.shape[1], rows.stop * scale)
    planes = (
        Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32)).resize(
            (width, rows.stop - rows.start), Image.Resampling.BICUBIC, box
        )
        for plane in np.moveaxis(small, -1, 0)
    )
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


def with_colours_of(before: Numbers, after: Numbers) -> Numbers:
    """The colours of one picture in the light of another: nothing but its luma is changed."""
    return before + np.sum((after - before) * LUMA, axis=-1, keepdims=True, dtype=np.float32)


def mix(before: Numbers, after: Numbers, weight: float | Weight) -> RGB:
    """Between two pictures. Where the weight is 0 or 1 it is exactly one of them."""
    mixed = before + weight * (after - before)
    rounded: RGB = np.clip(mixed + np.float32(0.5), 0, 255).astype(np.uint8)  # half up
    return rounded


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
