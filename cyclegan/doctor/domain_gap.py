"""How two domains differ: in what they show, or in what a discriminator should not go by.

Checks as in symptoms.py, on the training pictures of A and B as wholes.
"""

import math
from collections.abc import Callable, Iterator, Sized

import numpy as np
from numpy.typing import NDArray

from cyclegan.config import TrainConfig
from cyclegan.doctor.findings import Evidence, Finding
from cyclegan.doctor.survey import Measured

_IMBALANCE = 3  # times as many pictures in one domain as in the other
_TELLING = 0.9  # how surely a measure tells A from B (0.5 is chance) to be a shortcut
_INDISTINCT = 0.6  # how surely all measures together do, for domains that hardly differ
_ENOUGH_TO_COMPARE = 40  # pictures of each domain for figures such as these


def _resolution(found: Evidence, config: TrainConfig) -> Iterator[Finding]:
    # What is larger than training loads it is as good as if it were of that size.
    sides = _each(found, lambda picture: min(picture.short_side, config.load_size_max))
    medians = [float(np.median(side)) for side in sides]
    if _tells(*sides) and max(medians) >= 1.5 * min(medians):
        small = int(np.argmin(medians))
        yield Finding(
            "warning",
            "resolution-differs",
            f"The pictures of train{'AB'[small]} are smaller (half of them at most "
            f"{medians[small]:.0f} pixels at the short side) and will be enlarged and soft, those "
            f"of train{'BA'[small]} not; softness alone tells the discriminators which is which.",
            "Scale both domains to the same size, no larger than the smaller one.",
            facts={
                "smaller": f"train{'AB'[small]}",
                "larger": f"train{'BA'[small]}",
                "median": medians[small],
            },
        )


def _compression(found: Evidence, config: TrainConfig) -> Iterator[Finding]:
    # Lossless is as good as quality 100, and what is halved in size or more shows no blocks.
    qualities = _each(
        found,
        lambda picture: (
            100.0
            if picture.jpeg_quality is None or picture.short_side >= 2 * config.load_size_max
            else picture.jpeg_quality
        ),
    )
    medians = [float(np.median(quality)) for quality in qualities]
    if _tells(*qualities) and max(medians) - min(medians) >= 15:
        worse = int(np.argmin(medians))
        yield Finding(
            "warning",
            "jpeg-quality-differs",
            f"The pictures of train{'AB'[worse]} are compressed harder than those of "
            f"train{'BA'[worse]} (JPEG quality about {medians[worse]:.0f}, against "
            f"{medians[1 - worse]:.0f}, where 100 is as good as lossless); block patterns alone "
            "tell the discriminators which is which, and generators learn to draw them.",
            f"Use better copies in train{'AB'[worse]}, or scale both domains down by half.",
            facts={
                "worse": f"train{'AB'[worse]}",
                "better": f"train{'BA'[worse]}",
                "low": medians[worse],
                "high": medians[1 - worse],
            },
        )


def _shape(found: Evidence, _config: TrainConfig) -> Iterator[Finding]:
    shapes = _each(found, lambda picture: picture.aspect)
    medians = [float(np.median(shape)) for shape in shapes]
    if _tells(*shapes) and max(medians) >= 1.25 * min(medians):
        yield Finding(
            "note",
            "shape-differs",
            f"The pictures of trainA are {medians[0]:.2f} times as wide as high, those of trainB "
            f"{medians[1]:.2f} times; square pieces show less of the longer ones, so subjects "
            "come out at different sizes.",
            "Crop both domains to the same shape if subjects should match in size.",
            facts={"aspect_a": medians[0], "aspect_b": medians[1]},
        )


def _colours(found: Evidence, config: TrainConfig) -> Iterator[Finding]:
    measures: dict[str, Callable[[Measured], float]] = {
        "brightness": lambda each: each.brightness,
        "contrast": lambda each: each.contrast,
        "saturation": lambda each: each.saturation,
        "warmth (red less blue)": lambda each: each.warmth,
    }
    gaps = {}  # means in trainA and trainB
    for name, measure in measures.items():
        x, y = _each(found, measure)
        deviation = math.sqrt((x.var() + y.var()) / 2) or 1.0
        if (
            _are_enough(x, y) and abs(x.mean() - y.mean()) / deviation >= 0.8
        ):  # large, as Cohen (1988) calls it
            gaps[name] = (f"{x.mean():.0f}", f"{y.mean():.0f}")
    if gaps:
        told = "; ".join(f"{name} {a} in trainA and {b} in trainB" for name, (a, b) in gaps.items())
        yield Finding(
            "note",
            "colour-gap",
            f"The domains differ in colour as a whole (of 255): {told}. Translations "
            "will shift colours everywhere, backgrounds included.",
            "Leave it so if that is part of the translation; else choose pictures that are alike "
            "in this, or keep colours more strictly with a higher --set lambda_identity "
            f"(preset {config.preset}: {config.lambda_identity:g}).",
            facts={
                "gaps": {name: f"{a} / {b}" for name, (a, b) in gaps.items()},
                "preset": config.preset,
                "lambda_identity": config.lambda_identity,
            },
        )


def _grey_domain(found: Evidence, _config: TrainConfig) -> Iterator[Finding]:
    shares = [
        sum(each.is_grey for each in domain) / max(1, len(domain)) for domain in found.domains
    ]
    grey = "AB"[int(np.argmax(shares))]
    if min(shares) < 0.5 <= max(shares):
        yield Finding(
            "note",
            "grey-domain",
            f"Domain {grey} is grey and the other in colour: one "
            "direction makes colours up, and the way back hides the true ones in fine patterns.",
            "Leave it so if that is the translation you want.",
            facts={"grey": f"train{grey}"},
        )


def _indistinct(found: Evidence, _config: TrainConfig) -> Iterator[Finding]:
    if found.distinctness is not None and found.distinctness < _INDISTINCT:
        yield Finding(
            "warning",
            "indistinct",
            "Colours, layout and detail hardly tell A from B (right "
            f"{found.distinctness:.0%} of the time for a pair; chance is 50%). Where there is "
            "little to translate, generators learn to change nothing.",
            "Make sure that the folders hold what they should; pick pictures in which the "
            "difference fills more of the picture.",
            facts={"distinctness": found.distinctness},
        )


def _imbalance(found: Evidence, _config: TrainConfig) -> Iterator[Finding]:
    counts = [len(pictures) for pictures in found.domains]
    if min(counts) and max(counts) / min(counts) >= _IMBALANCE:
        small = "AB"[int(np.argmin(counts))]
        yield Finding(
            "warning",
            "imbalance",
            f"Pictures: {counts[0]} in trainA and {counts[1]} in trainB. Training shows as many of "
            f"both, so those of train{small} come {max(counts) / min(counts):.0f} times as often "
            "and are known by heart first.",
            f"Add pictures to train{small}.",
            facts={
                "counts": {"trainA": counts[0], "trainB": counts[1]},
                "small": f"train{small}",
                "ratio": max(counts) / min(counts),
            },
        )


def measure_distinctness(a: list[Measured], b: list[Measured]) -> float | None:
    """How surely plain statistics tell two domains apart, by a linear classifier on unseen halves.

    Range: 0.5 (chance) to 1 (always), the share of pairs (one of A, one of B) put in the right
    order. None: too few pictures to say.
    """
    if not _are_enough(a, b):
        return None
    points = np.array([_statistics(picture) for picture in (*a, *b)])  # [N, D]
    points = (points - points.mean(0)) / (points.std(0) + 1e-6)
    labels = np.repeat([-1.0 / len(a), 1.0 / len(b)], [len(a), len(b)])  # both weigh the same
    half = np.concatenate([np.arange(len(each)) % 2 for each in (a, b)])
    sureness = []
    for part in (0, 1):
        known, unseen = half != part, half == part
        gram = points[known].T @ points[known] / known.sum() + 0.1 * np.eye(points.shape[1])
        scores = points[unseen] @ np.linalg.solve(gram, points[known].T @ labels[known])
        is_b = labels[unseen] > 0
        sureness.append(_sureness(scores[~is_b], scores[is_b]))
    return round(max(0.5, float(np.mean(sureness))), 3)


def _statistics(picture: Measured) -> list[float]:
    """Colours, coarse layout and detail of a picture."""
    blocks = picture.thumbnail.reshape(4, 4, 4, 4, 3).mean((1, 3))  # [4, 4, 3]
    detail = np.log(np.array(picture.detail) + 0.5)
    tone = (picture.brightness, picture.contrast, picture.saturation, picture.warmth)
    return [*tone, *detail, *blocks.ravel()]


def _sureness(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Probability that a value of y is above one of x, ties counting half."""
    ordered = np.sort(x)
    below = np.searchsorted(ordered, y, "left") + np.searchsorted(ordered, y, "right")
    return float(below.mean() / (2 * len(x)))


def _tells(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    return _are_enough(x, y) and abs(_sureness(x, y) - 0.5) >= _TELLING - 0.5


def _are_enough(a: Sized, b: Sized) -> bool:
    return min(len(a), len(b)) >= _ENOUGH_TO_COMPARE


def _each(
    found: Evidence, measure: Callable[[Measured], float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A measure of every picture of A, and of B; NaN alone where a domain is empty."""
    a, b = (
        np.array([measure(picture) for picture in domain] or [math.nan], np.float64)
        for domain in found.domains
    )
    return a, b


# In order of importance among findings of one level.
CHECKS: tuple[Callable[[Evidence, TrainConfig], Iterator[Finding]], ...] = (
    _indistinct,
    _resolution,
    _compression,
    _imbalance,
    _grey_domain,
    _shape,
    _colours,
)
