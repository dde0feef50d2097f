"""A picture cut into tiles that are translated one by one: where each is read, and what it gives.

Exact for a network with a finite receptive field: what lies at a tile's edge is read, and thrown
away again. The picture's own edges stay edges.
"""

from collections.abc import Iterator
from typing import NamedTuple

Region = tuple[slice, slice]  # rows and columns


class Tile(NamedTuple):
    """One tile, in pixels."""

    place: Region  # of the picture: what the tile gives
    window: Region  # of the picture: what the network needs for that
    part: Region  # of the translated window: the place again


def cut(shape: tuple[int, int], size: int, margin: int) -> Iterator[Tile]:
    """Cut a picture of [height, width] into places of at most `size` pixels a side.

    The windows reach `margin` pixels further, as far as there is a picture. With `shape`, `size`
    and `margin` in multiples of some number, windows are as well.
    """
    for rows in _intervals(shape[0], size, margin):
        for columns in _intervals(shape[1], size, margin):
            place, window, part = zip(rows, columns, strict=True)
            yield Tile(place, window, part)


def _intervals(length: int, size: int, margin: int) -> Iterator[tuple[slice, slice, slice]]:
    """Cut one side: (place, window, part) of each piece."""
    for start in range(0, length, size):
        stop = min(start + size, length)
        first = max(start - margin, 0)
        yield (
            slice(start, stop),
            slice(first, min(stop + margin, length)),
            slice(start - first, stop - first),
        )
