"""Pictures that a training cannot read: told once, listed at the end, and too many stop it.

Others take their places. Which picture is whose turn is in `dataset.py`.
"""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cyclegan.contract.errors import DatasetError, PictureError
from cyclegan.contract.images import load_picture
from cyclegan.domains import MIN_PICTURES, PARTS
from cyclegan.processes import Processes

logger = logging.getLogger(__name__)

# By part of what a run learns from (a key of PARTS): the path of each picture, and a sentence that
# says what is wrong with it.
Unreadable = dict[str, dict[str, str]]

_LISTED = 20  # pictures named at the end of a run or by an error


def tolerated(count: int) -> int:
    """Return how many of a domain's `count` pictures may be unreadable.

    One in a hundred, and one of fewer, where enough of them remain.
    """
    return min(max(count // 100, 1), max(count - MIN_PICTURES, 0))


def load_readable(
    paths: list[Path], order: NDArray[np.int64], place: int
) -> tuple[NDArray[np.uint8] | None, dict[str, str]]:
    """Load the picture whose turn it is, or where it cannot be read the next one that can.

    Args:
        paths: a domain's pictures. order: a permutation of their numbers. place: in that order.

    Returns:
        uint8 [H, W, 3], or None where so many fail that the run must end; and by path a sentence on
        each that failed.
    """
    unreadable: dict[str, str] = {}
    while len(unreadable) <= tolerated(len(paths)):
        path = paths[order[(place + len(unreadable)) % len(paths)]]
        try:
            return load_picture(path).rgb, unreadable
        except PictureError as error:
            if isinstance(error.__cause__, MemoryError):
                raise error.__cause__ from None  # there is nothing wrong with the picture
            unreadable[str(path)] = str(error)
    return None, unreadable


def remember(known: Unreadable, met: Unreadable, pictures: tuple[int, ...]) -> bool:
    """Add what was met to what a run knows, and warn of what is new; say whether anything was.

    Args:
        known: changed in place. met: of the last batch. pictures: how many each part has.

    Raises:
        DatasetError: more of a part than is `tolerated`.
    """
    before = count_unreadable(known)
    for (part, sentences), count in zip(met.items(), pictures, strict=True):
        already = known.setdefault(part, {})
        for path in sentences.keys() - already.keys():
            logger.warning("%s; training goes on without it", sentences[path])
        already |= sentences
        if len(already) > tolerated(count):
            raise DatasetError(
                f"{len(already)} of the {count} pictures of {PARTS[part]} cannot be read, and at "
                f"most {tolerated(count)} may be left out; mend or remove them (`cyclegan doctor` "
                "names every one), and the same command goes on from the last checkpoint:"
                f"{_list(already)}"
            )
    return count_unreadable(known) > before


def share_unreadable(known: Unreadable, pictures: tuple[int, ...], processes: Processes) -> bool:
    """Tell every process what all of them met, and say whether any of it was new here.

    Raises as `remember` does.
    """
    before = count_unreadable(known)
    for met in processes.from_all(known):
        parts = list(PARTS)[: len(pictures)]
        remember(known, {part: met.get(part, {}) for part in parts}, pictures)
    return count_unreadable(known) > before


def forget_removed(known: Unreadable) -> None:
    """Forget pictures that are no longer there, as an error told somebody to remove them."""
    for sentences in known.values():
        for path in [path for path in sentences if not Path(path).exists()]:
            del sentences[path]


def list_unreadable(known: Unreadable) -> None:
    """Warn, at the end of a run, of all that was left out."""
    if count_unreadable(known):
        every = {path: why for sentences in known.values() for path, why in sentences.items()}
        logger.warning("left out, since they cannot be read: %d%s", len(every), _list(every))


def count_unreadable(known: Unreadable) -> int:
    """Return how many pictures a run has left out."""
    return sum(map(len, known.values()))


def _list(sentences: dict[str, str]) -> str:
    lines = list(sentences.values())
    more = [f"and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []
    return "".join(f"\n  {line}" for line in lines[:_LISTED] + more)
