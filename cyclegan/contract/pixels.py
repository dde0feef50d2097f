"""Pixels as people store them and as networks see them, and the padding between the two.

The promise: `x / 127.5 - 1` one way, `(y + 1) * 127.5` rounded half up and clipped the other; the
round trip is exact for all 256 values. The cards of models that were made elsewhere name other
layouts and ranges. Pictures as files are in images.py.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cyclegan.contract.errors import ModelError

RGB = NDArray[np.uint8]  # [H, W, 3]
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of R, G and B, ITU-R BT.601
Layout = Literal["NCHW", "NHWC"]
Range = tuple[float, float]  # what black and white are to a network
OURS: Range = (-1.0, 1.0)
Region = tuple[slice, slice]  # rows and columns

_ROWS = 256  # of a strip; with the whole of 48 megapixels as numbers, 600 MB for each step


class Crop(NamedTuple):
    """Where the picture lies inside its padded version, in pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def region(self) -> Region:
        """The same, as rows and columns."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


def strips(height: int, rows: int = _ROWS) -> Iterator[slice]:
    """The rows of a picture, so many after the others, so that memory stays bounded."""
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def to_network(
    rgb: NDArray[np.uint8], layout: Layout = "NCHW", value_range: Range = OURS
) -> NDArray[np.float32]:
    """What a network sees of a picture. uint8 [H, W, 3] -> float32 [1, 3, H, W] in [-1, 1].

    With the layout "NHWC" [1, H, W, 3]; with another range black and white are its two ends.
    """
    low, high = value_range
    seen = rgb.transpose(2, 0, 1) if layout == "NCHW" else rgb
    x = np.ascontiguousarray(seen[None], dtype=np.float32)
    x /= np.float32(255 / (high - low))
    x += np.float32(low)
    return x


def from_network(
    y: NDArray[np.floating], layout: Layout = "NCHW", value_range: Range = OURS
) -> NDArray[np.uint8]:
    """The picture that a network answered. floating [1, 3, H, W] -> uint8 [H, W, 3].

    Raises: ModelError if the shape is another one, or if a value is NaN or infinite (it would
    become some arbitrary colour).
    """
    if y.ndim != 4 or y.shape[0] != 1 or y.shape[layout.index("C")] != 3:
        expected = f"[1, {', '.join('3' if axis == 'C' else axis for axis in layout[1:])}]"
        raise ModelError(f"the network answered with shape {list(y.shape)}, not {expected}")
    # min and max pass NaN on and need no array of flags, unlike isfinite over the whole output.
    if y.size and not (np.isfinite(y.min()) and np.isfinite(y.max())):
        raise ModelError("the network answered with NaN or infinite values; the model is damaged")
    low, high = value_range
    planes = y[0] if layout == "NCHW" else np.moveaxis(y[0], -1, 0)
    pixels = np.empty((*planes.shape[1:], 3), np.uint8)
    for channel, plane in enumerate(planes):  # one by one they stay in the cache for longer
        scaled = plane.astype(np.float32)  # a copy, so that what follows may work in place
        scaled -= np.float32(low)
        scaled *= np.float32(255 / (high - low))
        scaled += np.float32(0.5)  # the cast below cuts off: together they round half up
        np.clip(scaled, 0, 255, out=scaled)
        pixels[..., channel] = scaled
    return pixels


class Padded:
    """A picture mirrored at its edges until both sides are multiples of `multiple`.

    `border` pixels are added on every side, and at the right and bottom what is then missing.
    Any picture of 1 x 1 or more will do: mirrored again and again where it is smaller than that.
    Only what is read is made: the whole would be as large again as the picture.

    Shape: uint8 [H, W, 3] -> uint8 [H', W', 3]; `shape` is (H', W'), `crop` where the picture is.
    """

    def __init__(self, rgb: NDArray[np.uint8], multiple: int, border: int = 0) -> None:
        self._rgb = rgb
        height, width = rgb.shape[:2]
        self._rows, self._columns = (_mirror(side, multiple, border) for side in (height, width))
        self.shape = len(self._rows), len(self._columns)
        self.crop = Crop(border, border, height, width)

    def read(
        self, rows: slice | NDArray[np.intp], columns: slice | NDArray[np.intp]
    ) -> NDArray[np.uint8]:
        """These rows of these columns, counted in the padded picture."""
        rows, columns = self._rows[rows], self._columns[columns]
        first = columns.min()
        tall = _take(self._rgb[:, first : columns.max() + 1], rows, axis=0)
        return _take(tall, columns - first, axis=1)


def _take(pixels: RGB, places: NDArray[np.intp], axis: Literal[0, 1]) -> RGB:
    """These rows or columns. Those that follow one another are copied at once.

    One by one, as `numpy.take` has them, columns of three bytes took ten times as long.
    """
    runs = np.split(places, np.flatnonzero(np.diff(places) != 1) + 1)
    slices = [slice(run[0], run[-1] + 1) for run in runs]
    return np.concatenate([pixels[each] if axis == 0 else pixels[:, each] for each in slices], axis)


def _mirror(length: int, multiple: int, border: int) -> NDArray[np.intp]:
    """Which place of a side of the picture each place of its padded version shows."""
    missing = -(length + 2 * border) % multiple
    return np.pad(np.arange(length), (border, border + missing), mode="reflect")


def pad_to_multiple(
    rgb: NDArray[np.uint8], multiple: int, border: int = 0
) -> tuple[NDArray[np.uint8], Crop]:
    """The whole of a `Padded` picture. `crop_back` with the crop returned undoes it."""
    padded = Padded(rgb, multiple, border)
    return padded.read(slice(None), slice(None)), padded.crop


def crop_back(padded: NDArray[np.uint8], crop: Crop) -> NDArray[np.uint8]:
    """The part of a padded picture that was there before the padding (a view)."""
    return padded[crop.region]
