"""The folders of the two domains: where they are, and what pictures they hold. No torch.

How pictures become batches is in `dataset.py`.
"""

import hashlib
import logging
import os
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import DatasetError
from cyclegan.contract.walk import find_pictures, spread

logger = logging.getLogger(__name__)

GENERATOR_OF: dict[Direction, str] = {"AtoB": "G_AB", "BtoA": "G_BA"}  # its name in a step

# What a run learns from, in this order wherever it is counted, and what people call it.
PARTS = {"A": "domain A", "B": "domain B", "neither": "neither kind"}

MIN_PICTURES = 2  # of a domain; nothing can be learned from one
SMALL_SET = 500  # of a domain; below that the discriminators come to know them by heart
SIZED = 1000  # files of a domain whose sizes are asked for; a network's disk takes its time


def resolve_domains(
    data: Path | None, domain_a: Path | None, domain_b: Path | None
) -> tuple[Path, Path]:
    """Find the two training folders: `data/trainA` and `data/trainB`, or those given one by one.

    Raises DatasetError: neither or both ways are given, a folder is missing, or one in the other.
    """
    if data is not None and domain_a is None and domain_b is None:
        folders = (data / "trainA", data / "trainB")
    elif data is None and domain_a is not None and domain_b is not None:
        folders = (domain_a, domain_b)
    else:
        raise DatasetError(
            "expected either one folder with trainA and trainB (--data DIR, or `doctor DIR`), or "
            "both --domain-a DIR and --domain-b DIR"
        )
    for folder in folders:
        if not folder.is_dir():
            raise DatasetError(
                f"{folder}: no such folder{_tell_others(folder.parent)}; expected a folder with "
                "trainA and trainB, or two folders of pictures behind --domain-a and --domain-b"
            )
    require_different(*folders)
    return folders


def _tell_others(parent: Path) -> str:
    """Name up to four folders, none hidden, that are there in place of a missing one."""
    if not (parent.is_dir() and os.access(parent, os.R_OK)):
        return ""
    names = sorted(each.name for each in parent.glob("[!.]*") if each.is_dir())
    more = ", ..." * (len(names) > 4)
    return f" ({parent} has {', '.join(names[:4])}{more})" if names else ""


def require_different(*folders: Path) -> None:
    """Raise DatasetError where one folder is another, or lies within it."""
    for one, other in combinations(folders, 2):
        a, b = one.resolve(), other.resolve()
        if a == b or a in b.parents or b in a.parents:
            raise DatasetError(
                f"{one} and {other}: expected two folders of different pictures, but one "
                "is the other or lies within it; give each kind its own"
            )


def names_of_folders(domain_a: Path, domain_b: Path) -> dict[str, str]:
    """Call two domains as their folders, as the config's `name_a` and `name_b`.

    Nothing where the names say nothing: trainA and trainB, or the same one twice.
    """
    a, b = (folder.resolve().name for folder in (domain_a, domain_b))
    said = {a.casefold(), b.casefold()} - {"", "traina", "trainb"}
    return {"name_a": a, "name_b": b} if len(said) == 2 else {}


def dataset_of(domain_a: Path, domain_b: Path) -> Path | None:
    """The one folder whose trainA and trainB two domains are, however they were given."""
    data = domain_a.absolute().parent
    is_one = (domain_a.absolute(), domain_b.absolute()) == (data / "trainA", data / "trainB")
    return data if is_one else None


def find_held_out(domain_a: Path, domain_b: Path) -> dict[str, str]:
    """Find testA and testB beside trainA and trainB, as the config's `test_a` and `test_b`."""
    data = dataset_of(domain_a, domain_b)
    folders = {"test_a": data / "testA", "test_b": data / "testB"} if data else {}
    found = {}
    for key, folder in folders.items():
        if not folder.is_dir():
            continue
        if len(find_pictures(folder, recursive=True)) >= MIN_PICTURES:
            found[key] = str(folder.resolve())
        else:
            logger.warning(
                "%s: nothing is measured on fewer than %d pictures", folder, MIN_PICTURES
            )
    return found


def resolve_splits(
    data: Path | None, domain_a: Path | None = None, domain_b: Path | None = None
) -> dict[str, Path]:
    """Find the folders of a dataset by name: trainA, trainB and, beside these, testA and testB.

    Raises as `resolve_domains` does; test folders may be missing.
    """
    folders = dict(
        zip(("trainA", "trainB"), resolve_domains(data, domain_a, domain_b), strict=True)
    )
    whole = dataset_of(*folders.values())
    tests = {name: whole / name for name in ("testA", "testB")} if whole else {}
    return folders | {name: folder for name, folder in tests.items() if folder.is_dir()}


def list_domain(
    folder: Path,
    at_least: int = MIN_PICTURES,
    remedy: str = "some hundred of each domain are needed for good results",
) -> list[Path]:
    """List a domain's pictures, in subfolders too. Raises DatasetError: no folder, or too few."""
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; expected one with pictures")
    paths = find_pictures(folder, recursive=True)
    if len(paths) < at_least:
        raise DatasetError(
            f"{folder}: found {len(paths)} picture{'s' * (len(paths) != 1)}, expected at least "
            f"{at_least}; {remedy}"
        )
    return paths


def fingerprint(paths: Sequence[Path]) -> str:
    """Tell a domain's pictures from others, wherever their folder lies.

    By their names below the folder that holds them all, and the sizes of up to SIZED of them.
    """
    root = os.path.commonpath(paths)
    told = hashlib.sha256(os.fsencode("\0".join(str(path)[len(root) :] for path in paths)))
    for path in spread(paths, SIZED):
        told.update(b"%d " % _size(path))
    return told.hexdigest()


def _size(path: Path) -> int:
    """How many bytes a file has; -1 if it is gone, or cannot be asked."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
