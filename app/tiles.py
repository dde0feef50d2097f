"""A picture cut into tiles that are translated one by one: where each is read, and what it gives.

Exact for a network with a finite receptive field: what lies at a tile's edge is read, and thrown
away again. The picture's own edges stay edges. A network with norms has such a field once all tiles
are normalised alike: by the statistics of a sample of the picture.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cyclegan.contract.pixels import Region

# Of a sample, along each side. A trained generator with a mask, on a collage and on a large photo,
# was 0.6 and 0.7 of 255 from the whole picture on average; with 3 windows 1.2 and 0.5, with one
# 2.4 and 2.0.
WINDOWS = 4


class Tile(NamedTuple):
    """One tile, in pixels."""

    place: Region  # of the picture: what the tile gives
    window: Region  # of the padded picture: what the network needs for that
    part: Region  # of the translated window: the place again


def choose_cells(shape: tuple[int, int], size: int, margin: int, multiple: int) -> tuple[int, int]:
    """Height and width of the places into which to cut a padded picture of [height, width].

    Of those whose windows are no larger than the windows of squares of `size` pixels a side, the
    ones that read the fewest pixels twice: two halves of a picture meet once, its quarters twice.
    All numbers are multiples of `multiple`.
    """
    most = (size + 2 * margin) ** 2
    rows, columns = (list(_divisions(length, size, margin, multiple)) for length in shape)
    return min(
        (high.read * wide.read, high.pieces * wide.pieces, (high.cell, wide.cell))
        for high in rows
        for wide in columns
        if high.longest * wide.longest <= most
    )[-1]


def cut(
    shape: tuple[int, int], inner: Region, cells: tuple[int, int], margin: int
) -> Iterator[Tile]:
    """Cut the picture `inner` of a padded one into places of at most `cells`, [height, width].

    The windows reach `margin` pixels further, as far as the padded picture, [height, width], does.
    With `shape`, `cells` and `margin` in multiples of some number, windows are as well.
    """
    for rows in _intervals(shape[0], inner[0], cells[0], margin):
        for columns in _intervals(shape[1], inner[1], cells[1], margin):
            place, window, part = zip(rows, columns, strict=True)
            yield Tile(place, window, part)


def sample(
    shape: tuple[int, int], size: int, multiple: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns that make up a picture of at most `size` pixels a side, from windows all
    over one of [height, width].

    In their own resolution, so that texture counts as it does in the whole picture. There are
    multiples of `multiple` of them if `shape` is of such.
    """
    rows, columns = (_spread(length, size, multiple) for length in shape)
    return rows, columns


def _spread(length: int, size: int, multiple: int) -> NDArray[np.intp]:
    """Places on one side that make up `WINDOWS` windows, from end to end."""
    if length <= size:
        return np.arange(length)
    window = size // WINDOWS // multiple * multiple
    starts = np.linspace(0, length - window, WINDOWS).astype(int)
    return np.concatenate([np.arange(start, start + window) for start in starts])


class _Division(NamedTuple):
    """One side cut into equal pieces, in pixels but for their number."""

    pieces: int
    cell: int
    read: int  # by all windows together
    longest: int  # of the windows


def _divisions(length: int, size: int, margin: int, multiple: int) -> Iterator[_Division]:
    """The ways to cut one side: into one piece, into two, ... twice as many as squares take."""
    counts = range(1, 2 * math.ceil(length / size) + 1)
    # Many numbers of pieces come to the same cell. With each of them a strip of 3 million pixels,
    # a PNG of a few kB, took 10 s.
    for cell in {math.ceil(length / (count * multiple)) * multiple for count in counts}:
        begins = np.arange(0, length, cell)
        windows = np.minimum(begins + cell + margin, length) - np.maximum(begins - margin, 0)
        yield _Division(len(windows), cell, int(windows.sum()), int(windows.max()))


def _intervals(
    length: int, inner: slice, cell: int, margin: int
) -> Iterator[tuple[slice, slice, slice]]:
    """Cut one side: (place, window, part) of each piece that shows some of the picture."""
    for begin in range(0, length, cell):
        first = max(begin - margin, 0)
        window = slice(first, min(begin + cell + margin, length))
        start, stop = max(begin, inner.start), min(begin + cell, inner.stop)
        if start < stop:
            place = slice(start - inner.start, stop - inner.start)
            yield place, window, slice(start - first, stop - first)
