"""Pictures that show the same: which of many, and in which folders.

Thumbnails nominate pairs, in one matrix product over all; the pictures themselves decide.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cyclegan.contract.images import load_picture
from cyclegan.contract.pixels import LUMA
from cyclegan.doctor.survey import Measured

# Correlation of two thumbnails' brightness from which the pictures themselves are compared. The
# copies in horse2zebra are all above 0.98, and other pictures of meadows above 0.95.
_NOMINATED = 0.95
# Correlation of the detail (see `_detail`) from which pictures show the same. Of those nominated
# there: copies, cropped or made grey some of them, 0.73 to 1.0; two shots of a scene 0.45; meadows
# under skies, whose horizons are at one height, up to 0.29.
_SAME = 0.6
_COMPARED, _BLOCK = 64, 8  # pixels
_FAINT = 4.0  # of 255: detail below this is the file's, not the picture's
_MATRIX = 2**24  # elements of the similarity matrix at a time: 64 MiB


@dataclass(frozen=True)
class Likeness:
    """Two pictures that show the same."""

    pictures: tuple[Measured, Measured]
    folders: tuple[str, str]  # that each of them is in
    is_exact: bool  # the same pixels


def find_duplicates(measured: Mapping[str, Sequence[Measured]]) -> list[Likeness]:
    """Find every picture's closest copy in each folder, in the order of the pictures.

    A picture that has several copies in a folder is paired with one of them, and these with each
    other; so the pairs grow with the pictures, however many copies there are.
    """
    pictures = [picture for members in measured.values() for picture in members]
    folders = [name for name, members in measured.items() for _ in members]
    pairs = dict.fromkeys(_equal(pictures, folders), True)
    for i, j, is_mirrored in _nominate(pictures, folders):
        paths = pictures[i].path, pictures[j].path
        if (i, j) not in pairs and _show_the_same(*paths, is_mirrored):
            pairs[i, j] = pictures[i].digest == pictures[j].digest
    return [
        Likeness((pictures[i], pictures[j]), (folders[i], folders[j]), pairs[i, j])
        for i, j in sorted(pairs)
    ]


def _equal(pictures: Sequence[Measured], folders: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of equal pixels: with the latest such picture of each folder."""
    latest: dict[bytes, dict[str, int]] = {}
    for j, (picture, folder) in enumerate(zip(pictures, folders, strict=True)):
        seen = latest.setdefault(picture.digest, {})
        yield from ((i, j) for i in seen.values())
        seen[folder] = j


def _nominate(
    pictures: Sequence[Measured], folders: Sequence[str]
) -> Iterator[tuple[int, int, bool]]:
    """Pairs (i, j, is_mirrored), i < j, of alike thumbnails: each one's closest in each folder."""
    usable = np.array([i for i, picture in enumerate(pictures) if not picture.is_blank], np.int64)
    if len(usable) < 2:
        return
    # In grey, so that a copy without its colours is one. [N, S, S]
    thumbnails = np.stack([pictures[i].thumbnail for i in usable]) @ LUMA
    points = _standardise(thumbnails)  # [N, S * S]
    names = np.array(folders)[usable]
    places = {name: np.flatnonzero(names == name) for name in dict.fromkeys(names)}
    rows = max(1, _MATRIX // len(usable))
    nominated: set[tuple[int, int, bool]] = set()
    for start in range(0, len(usable), rows):
        block = np.arange(start, min(start + rows, len(usable)))
        for is_mirrored in (False, True):
            shown = _standardise(thumbnails[block, :, ::-1]) if is_mirrored else points[block]
            likeness = shown @ points.T  # [rows, N]
            likeness[np.arange(len(block)), block] = -1.0  # itself
            for members in places.values():
                within = likeness[:, members]
                closest = within.argmax(1)
                is_near = within[np.arange(len(block)), closest] >= _NOMINATED
                for i, j in zip(block[is_near], members[closest[is_near]], strict=True):
                    first, second = sorted((int(usable[i]), int(usable[j])))
                    nominated.add((first, second, is_mirrored))
    yield from sorted(nominated)


def _standardise(pictures: NDArray[np.generic]) -> NDArray[np.float32]:
    """Pictures as points of mean 0 and length 1, so that products are correlations."""
    points = pictures.reshape(len(pictures), -1).astype(np.float32)
    points -= points.mean(1, keepdims=True)
    length = np.linalg.norm(points, axis=1, keepdims=True)
    standard: NDArray[np.float32] = points / np.maximum(length, 1e-6)
    return standard


def _show_the_same(path: Path, other: Path, is_mirrored: bool) -> bool:
    detail = _detail(path)
    first, second = _standardise(
        np.stack([detail[:, ::-1] if is_mirrored else detail, _detail(other)])
    )
    return bool(first @ second >= _SAME)


def _detail(path: Path) -> NDArray[np.float32]:
    """A picture's brightness at _COMPARED pixels, every block of _BLOCK to mean 0 and contrast 1.

    So that every part of a picture counts, and neither its light nor one strong line decides.
    """
    image = Image.fromarray(load_picture(path).rgb)
    small = image.resize((_COMPARED, _COMPARED), Image.Resampling.BOX, reducing_gap=2.0)
    count = _COMPARED // _BLOCK
    blocks = (np.asarray(small) @ LUMA).reshape(count, _BLOCK, count, _BLOCK)
    detail: NDArray[np.float32] = blocks - blocks.mean((1, 3), keepdims=True)
    detail /= detail.std((1, 3), keepdims=True) + _FAINT
    return detail.reshape(_COMPARED, _COMPARED)
