"""What the pictures of a folder are like together, and what a training leaves of that in its run.

What is wrong with them is in symptoms.py. No torch here.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from cyclegan.contract.files import atomic_write
from cyclegan.contract.walk import spread
from cyclegan.doctor.survey import Header, Unreadable, skim

FACTS = "facts.json"  # of a run folder
SAMPLE = 1000  # pictures of a domain; those of 100,000 on a network's disk would take minutes


@dataclass(frozen=True)
class FolderFacts:
    """What a folder holds."""

    name: str
    pictures: int  # that can be read
    unreadable: int
    bytes: int  # of those that can be read
    formats: dict[str, int]  # how many pictures of each, by content
    short_side: tuple[int, int, int]  # pixels: smallest, median, largest; zeros without pictures
    jpeg_quality: int | None  # median, estimated; None where nothing is JPEG


@dataclass(frozen=True)
class DomainFacts:
    """What a training has of a domain, as the headers of a sample tell."""

    pictures: int  # files in all
    small: int  # of the sample: with a short side below load_size_min, so that they are enlarged
    sample: FolderFacts


def summarize(
    name: str, pictures: Sequence[Header], unreadable: Sequence[Unreadable]
) -> FolderFacts:
    """Put together what a folder called `name` holds."""
    sides = [picture.short_side for picture in pictures] or [0]
    qualities = [each.jpeg_quality for each in pictures if each.jpeg_quality is not None]
    return FolderFacts(
        name=name,
        pictures=len(pictures),
        unreadable=len(unreadable),
        bytes=sum(picture.bytes for picture in pictures),
        formats=dict(Counter(picture.format for picture in pictures).most_common()),
        short_side=(min(sides), int(np.median(sides)), max(sides)),
        jpeg_quality=round(float(np.median(qualities))) if qualities else None,
    )


def look_at(folder: Path, paths: Sequence[Path], load_size: int) -> DomainFacts:
    """Read the headers of up to SAMPLE pictures of a domain, spread over its `paths`.

    Those with a short side below `load_size` pixels count as small.
    """
    seen = list(skim(spread(paths, SAMPLE)))
    headers = [each for each in seen if isinstance(each, Header)]
    return DomainFacts(
        pictures=len(paths),
        small=sum(each.short_side < load_size for each in headers),
        sample=summarize(
            folder.name, headers, [each for each in seen if isinstance(each, Unreadable)]
        ),
    )


def write_facts(run: Path, hardware: str, domains: Sequence[DomainFacts]) -> None:
    """Write what a run starts with: what computes, and domains A and B. Raises StorageError."""
    facts = {"hardware": hardware, "domains": [asdict(domain) for domain in domains]}
    with atomic_write(run / FACTS) as temporary:
        temporary.write_text(json.dumps(facts, indent=2) + "\n")
