"""How good a model is: translate a test folder, measure the distance to real target pictures.

What pictures are compared by is in `features.py`. How much a model leaves as it was is measured
too: else the best translation of a horse would be any photo of a zebra. No torch here.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from cyclegan.contract.card import RECOGNISED, Metric, ModelCard
from cyclegan.contract.directions import DIRECTIONS, Direction
from cyclegan.contract.errors import DatasetError, InputError, ModelError, PictureError, brief
from cyclegan.contract.files import atomic_write
from cyclegan.contract.images import load_picture
from cyclegan.contract.pixels import RGB, crop_back, from_network, pad_to_multiple, to_network
from cyclegan.domains import MIN_PICTURES, list_domain
from cyclegan.features import (
    UNITS,
    FeatureNetwork,
    Points,
    Yardstick,
    load_session,
    load_yardstick,
)

logger = logging.getLogger(__name__)

REFERENCE_PICTURES = 1000  # of the target domain's training pictures, the first by name
LIKENESS = "SSIM to the photo"  # names of metrics
LEFT_ALONE = "SSIM to photos of neither kind"
_WINDOW = 11  # pixels a side that SSIM looks at together
FID_WANTS = 2048  # pictures a side below which FID says more about their number than the model


@dataclass(frozen=True)
class Evaluation:
    """What was measured, for the translated pictures, the untouched ones and real targets."""

    metrics: tuple[Metric, ...]  # of the translated pictures
    untouched: dict[str, float]  # the same, had nothing been translated; by metric name
    real: dict[str, float]  # the same for the target domain's own test pictures; SSIM has none
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "metrics": [vars(metric) for metric in self.metrics],
            "untouched": self.untouched,
            "real": self.real,
            "warnings": list(self.warnings),
        }


def evaluate(
    model: Path,
    card: ModelCard,
    data: Path,
    direction: Direction,
    *,
    features: Path | None = None,
    class_index: int | None = None,
    neither: Path | None = None,
    on_picture: Callable[[int, int], None] = lambda _done, _total: None,
) -> Evaluation:
    """Translate the source domain's test pictures and compare with the target's training pictures.

    Pictures that cannot be read are left out, with a warning for each.

    Args:
        model: ONNX file. card: its card.
        data: folder with testA, testB, trainA, trainB.
        direction: "AtoB" translates testA and compares with trainB; "BtoA" the other way.
        features: the network to compare with (see `FeatureNetwork`); without it, a sliced
            Wasserstein distance of small thumbnails' pixels.
        class_index: also report the share of pictures that the network takes for this class.
        neither: folder of pictures of neither kind, of which it is also reported how much stays.
        on_picture: called with (done, total) after every translated picture.

    Raises: InputError and its kinds: unusable folder, model, feature network or class index.
    """
    source, target = DIRECTIONS[direction]
    yardstick = load_yardstick(features)
    if class_index is not None:
        if not yardstick.classes:
            raise InputError("--class-index needs --features with an output called 'probs'")
        if not 0 <= class_index < yardstick.classes:
            raise InputError(
                f"--class-index expects 0 to {yardstick.classes - 1} of this network, "
                f"got {class_index}"
            )
    test_paths = list_domain(data / f"test{source}")
    reference_paths = list_domain(data / f"train{target}")[:REFERENCE_PICTURES]
    real_paths = list_domain(data / f"test{target}")
    neither_paths = list_domain(neither) if neither else []
    session = load_session(model)
    tests = len(test_paths)

    def translated(paths: list[Path], kept: list[float], before: int = 0) -> Iterator[RGB]:
        for done, photo in enumerate(_load(paths), before + 1):
            translation = translate(session, card, photo)
            kept.append(likeness(photo, translation))
            yield translation
            on_picture(done, len(test_paths) + len(neither_paths))

    kept: list[float] = []
    left_alone: list[float] = []

    reference, _ = yardstick.describe(_load(reference_paths))
    results = {}
    for key, pictures in (
        ("real", _load(real_paths)),  # first: what is wrong there is not met after the translations
        ("translated", translated(test_paths, kept)),
        ("untouched", _load(test_paths)),
    ):
        results[key] = _measure(yardstick, pictures, reference, class_index)
    if neither_paths:
        for _ in translated(neither_paths, left_alone, len(test_paths)):
            pass
    share = "all" if len(test_paths) == tests else f"{len(test_paths)} of"
    what = (
        f"{data.resolve().name}: {share} {tests} pictures of test{source} translated at "
        "their own size"
    )
    protocol = (
        f"{what}, against the first {len(reference_paths)} of train{target} by name; "
        f"{yardstick.protocol}; not comparable with other protocols"
    )
    likenesses = [_likeness_metric(LIKENESS, kept, what)]
    if neither:
        others = f"{neither.resolve().name}: {len(left_alone)} pictures of neither kind"
        likenesses.append(_likeness_metric(LEFT_ALONE, left_alone, others))
    compared = (_metric(name, results, protocol) for name in results["translated"])
    return Evaluation(
        metrics=(*compared, *likenesses),
        untouched={
            **{name: round(value, 4) for name, value in results["untouched"].items()},
            **{each.name: 1.0 for each in likenesses},
        },
        real={name: round(value, 4) for name, value in results["real"].items()},
        warnings=_warn(yardstick, len(test_paths)),
    )


def likeness(photo: RGB, translation: RGB) -> float:
    """How much of a photo's structure a translation leaves as it was (SSIM).

    Shape: uint8 [H, W, 3], both the same. Range: -1 to 1, 1 for equal pictures. Source: Wang et al.
    2004, with its Gaussian window; a picture smaller than that is mirrored at its edges.
    """
    missing = [(0, max(0, _WINDOW - side)) for side in photo.shape[:2]]
    pair = (np.pad(each, (*missing, (0, 0)), mode="symmetric") for each in (photo, translation))
    return float(
        structural_similarity(
            *pair, channel_axis=2, gaussian_weights=True, use_sample_covariance=False
        )
    )


def _metric(name: str, results: dict[str, dict[str, float]], protocol: str) -> Metric:
    """Make a metric; nearer to real pictures than to untouched ones is better."""
    is_lower_better = results["real"][name] <= results["untouched"][name]
    return Metric(
        name=name,
        value=round(results["translated"][name], 4),
        unit=UNITS[name.partition(" ")[0]],
        direction="lower" if is_lower_better else "higher",
        protocol=protocol,
    )


def _likeness_metric(name: str, kept: list[float], what: str) -> Metric:
    return Metric(
        name=name,
        value=round(float(np.mean(kept)), 4),
        unit=UNITS["SSIM"],
        direction="higher",
        protocol=f"{what}, each against the one that it was made of: how much of its structure is "
        "kept, 1 where nothing changes, so it counts beside other figures only; Gaussian window of "
        "1.5 pixels, mean of the colours",
    )


def translate(session: ort.InferenceSession, card: ModelCard, rgb: RGB) -> RGB:
    """Translate a picture of any size as the card says. Shape: uint8 [H, W, 3] -> the same.

    Raises ModelError.
    """
    if card.fixed_size:
        raise ModelError(
            f"{card.name} takes pictures of {card.fixed_size.width} x {card.fixed_size.height} "
            "pixels alone, and whole pictures are asked for here; give a model that takes any size"
        )
    padded, crop = pad_to_multiple(rgb, card.size_multiple, card.border)
    answer = run_network(session, card, padded)
    return crop_back(from_network(answer, card.layout, card.value_range), crop)


def run_network(session: ort.InferenceSession, card: ModelCard, rgb: RGB) -> NDArray[np.floating]:
    """Return a model's own answer. Shape: uint8 [H, W, 3] of its multiple -> as its layout says.

    Raises ModelError: it fails, or answers another shape.
    """
    picture = to_network(rgb, card.layout, card.value_range).astype(card.tensor_type, copy=False)
    try:
        answer: NDArray[np.floating] = session.run([card.output_name], {card.input_name: picture})[
            0
        ]
    except Exception as error:  # its exceptions share no base class
        raise ModelError(
            f"{card.name} failed on {rgb.shape[1]} x {rgb.shape[0]} pixels, though its card says "
            f"that it takes them: {brief(error)}"
        ) from error
    if answer.shape != picture.shape:
        raise ModelError(
            f"{card.name} answered {list(picture.shape)} with {list(answer.shape)}, expected a "
            "picture of the same size; it is no model for this"
        )
    return answer


def merge_metrics(old: tuple[Metric, ...], new: tuple[Metric, ...]) -> tuple[Metric, ...]:
    """Put new metrics first, and keep the old ones that were measured otherwise."""
    measured = {(metric.name, metric.protocol) for metric in new}
    return new + tuple(each for each in old if (each.name, each.protocol) not in measured)


def direction_of(card: ModelCard) -> Direction:
    """Tell the direction of a model that `cyclegan train` made. Raises InputError: unclear."""
    config = card.training.config if card.training else {}
    domains = (config.get("name_a"), config.get("name_b"))
    if domains == (card.source_domain, card.target_domain):
        return "AtoB"
    if domains == (card.target_domain, card.source_domain):
        return "BtoA"
    raise InputError(f"the card of {card.name} does not tell its direction; give --direction")


def write_json(evaluation: Evaluation, path: Path) -> None:
    """Write an evaluation for scripts."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(evaluation.to_dict(), indent=2) + "\n")


def _measure(
    yardstick: Yardstick, pictures: Iterable[RGB], reference: Points, class_index: int | None
) -> dict[str, float]:
    found, classes = yardstick.describe(pictures)
    values = yardstick.compare(found, reference)
    if class_index is not None:
        values[f"{RECOGNISED} {class_index}"] = 100 * float((classes == class_index).mean())
    return values


def _warn(yardstick: Yardstick, count: int) -> tuple[str, ...]:
    if not isinstance(yardstick, FeatureNetwork):
        return (
            "no feature network was given: the distance knows colours and layout, not content; "
            "give --features FILE.onnx for KID and FID",
        )
    if count < FID_WANTS:
        return (
            f"FID of {count} pictures is biased by their small number (it wants {FID_WANTS}); "
            "KID is not",
        )
    return ()


def _load(paths: list[Path]) -> Iterator[RGB]:
    """Load pictures, and take what cannot be read from the list.

    Raises: DatasetError: too few are left to be measured.
    """
    folder, listed = paths[0].parent, len(paths)
    for path in paths.copy():
        try:
            rgb = load_picture(path).rgb
        except PictureError as error:
            logger.warning("measuring without it: %s", error)
            paths.remove(path)
        else:
            yield rgb
    if len(paths) < MIN_PICTURES:
        raise DatasetError(
            f"{folder}: {len(paths)} of {listed} pictures can be read, expected at least "
            f"{MIN_PICTURES}; mend them"
        )
