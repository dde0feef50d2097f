"""How good a model is: translate a test folder, measure the distance to real target pictures.

The distances themselves are in `distances.py`. No torch here.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image

from cyclegan.contract.card import Metric, ModelCard
from cyclegan.contract.errors import InputError, ModelError, brief
from cyclegan.contract.files import atomic_write
from cyclegan.contract.images import load_picture
from cyclegan.contract.pixels import crop_back, from_network, pad_to_multiple, to_network
from cyclegan.distances import (
    frechet_inception_distance,
    kernel_inception_distance,
    sliced_wasserstein_distance,
)
from cyclegan.domains import list_domain

REFERENCE_PICTURES = 1000  # of the target domain's training pictures, the first by name
FID_WANTS = 2048  # pictures a side below which FID says more about their number than the model
PATCH_SIZE = 224  # pixels; side at which pictures are compared where no network says otherwise

RGB = NDArray[np.uint8]  # [H, W, 3]


@dataclass(frozen=True)
class FeatureNetwork:
    """An ONNX classifier to compare pictures with.

    Takes float32 [N, 3, S, S] RGB in [-1, 1]; answers "features" [N, D] and, if it can, "probs"
    [N, classes].
    """

    session: ort.InferenceSession
    name: str

    @classmethod
    def load(cls, path: Path) -> "FeatureNetwork":
        """Load an ONNX file. Raises ModelError: none, or not of the form above."""
        if not path.is_file():
            raise ModelError(f"{path}: no such feature network; expected an ONNX file")
        session = load_session(path)
        inputs, outputs = session.get_inputs(), session.get_outputs()
        shapes = {node.name: node.shape for node in outputs}
        if len(inputs) != 1 or len(shapes.get("features", ())) != 2 or not _is_square(inputs[0]):
            found = {node.name: node.shape for node in inputs}
            raise ModelError(
                f"{path}: expected one input [N, 3, S, S], N free or 1, and an output called "
                f"'features' [N, D], got {found} and {shapes}"
            )
        return cls(session, path.name)

    @property
    def size(self) -> int:
        """Side of the pictures that the network takes, in pixels."""
        size = self.session.get_inputs()[0].shape[-1]
        return size if isinstance(size, int) else PATCH_SIZE

    @property
    def classes(self) -> int:
        """How many classes it tells apart; 0 if none."""
        sizes = [node.shape[-1] for node in self.session.get_outputs() if node.name == "probs"]
        return int(sizes[0]) if sizes else 0

    def describe(self, pictures: Iterable[RGB]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the features [N, D] and the likeliest classes [N] (empty without classes)."""
        names = ["features", "probs"] if self.classes else ["features"]
        features, classes = [], []
        for rgb in pictures:
            size = (self.size, self.size)
            small = Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC)
            feed = {self.session.get_inputs()[0].name: to_network(np.asarray(small))}
            answers = self.session.run(names, feed)
            features.append(answers[0][0])
            if self.classes:
                classes.append(answers[1][0].argmax())
        return np.array(features, np.float64), np.array(classes, np.int64)


@dataclass(frozen=True)
class Evaluation:
    """What was measured, for the translated pictures, the untouched ones and real targets."""

    metrics: tuple[Metric, ...]  # of the translated pictures
    untouched: dict[str, float]  # the same, had nothing been translated; by metric name
    real: dict[str, float]  # the same for the target domain's own test pictures
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
    direction: str,
    *,
    features: Path | None = None,
    class_index: int | None = None,
    on_picture: Callable[[int, int], None] = lambda _done, _total: None,
) -> Evaluation:
    """Translate the source domain's test pictures and compare with the target's training pictures.

    Args:
        model: ONNX file. card: its card.
        data: folder with testA, testB, trainA, trainB.
        direction: "AtoB" translates testA and compares with trainB; "BtoA" the other way.
        features: the network to compare with (see `FeatureNetwork`); without it, a sliced
            Wasserstein distance of small thumbnails' pixels.
        class_index: also report the share of pictures that the network takes for this class.
        on_picture: called with (done, total) after every translated picture.

    Raises: InputError and its kinds: unusable folder, model, feature network or class index.
    """
    source, target = ("A", "B") if direction == "AtoB" else ("B", "A")
    network = FeatureNetwork.load(features) if features else None
    if class_index is not None:
        count = network.classes if network else 0
        if not count:
            raise InputError("--class-index needs --features with an output called 'probs'")
        if not 0 <= class_index < count:
            raise InputError(
                f"--class-index expects 0 to {count - 1} of this network, got {class_index}"
            )
    test_paths = list_domain(data / f"test{source}")
    reference_paths = list_domain(data / f"train{target}")[:REFERENCE_PICTURES]
    real_paths = list_domain(data / f"test{target}")
    session = load_session(model)

    def translated() -> Iterator[RGB]:
        for done, path in enumerate(test_paths, 1):
            yield translate(session, card, load_picture(path).rgb)
            on_picture(done, len(test_paths))

    describe = network.describe if network else _thumbnails
    reference, _ = describe(_load(reference_paths))
    results = {}
    for key, pictures in (
        ("translated", translated()),
        ("untouched", _load(test_paths)),
        ("real", _load(real_paths)),
    ):
        found, classes = describe(pictures)
        results[key] = _measure(found, classes, reference, network, class_index)
    name = data.resolve().name
    protocol = _describe_protocol(network, name, source, target, test_paths, reference_paths)
    return Evaluation(
        metrics=tuple(_metric(name, results, protocol) for name in results["translated"]),
        untouched={name: round(value, 4) for name, value in results["untouched"].items()},
        real={name: round(value, 4) for name, value in results["real"].items()},
        warnings=_warn(network, len(test_paths)),
    )


_UNITS = {"KID": "x100", "FID": "", "SWD": "x100", "recognised": "%"}  # by a name's first word


def _metric(name: str, results: dict[str, dict[str, float]], protocol: str) -> Metric:
    """Make a metric; nearer to real pictures than to untouched ones is better."""
    is_lower_better = results["real"][name] <= results["untouched"][name]
    return Metric(
        name=name,
        value=round(results["translated"][name], 4),
        unit=_UNITS[name.partition(" ")[0]],
        direction="lower" if is_lower_better else "higher",
        protocol=protocol,
    )


def load_session(path: Path) -> ort.InferenceSession:
    """Load an ONNX file to run on the CPU. Raises ModelError."""
    try:
        return ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class
        raise ModelError(f"{path} cannot be loaded: {brief(error)}") from error


def _is_square(node: ort.NodeArg) -> bool:
    """Whether an input takes one square RGB picture at a time: [N or 1, 3, S, S]."""
    shape = node.shape
    is_one_or_free = bool(shape) and (shape[0] == 1 or not isinstance(shape[0], int))
    return len(shape) == 4 and is_one_or_free and shape[1] == 3 and shape[2] == shape[3]


def translate(session: ort.InferenceSession, card: ModelCard, rgb: RGB) -> RGB:
    """Translate a picture of any size as the card says. Shape: uint8 [H, W, 3] -> the same."""
    padded, crop = pad_to_multiple(rgb, card.size_multiple, card.border)
    (answer,) = session.run([card.output_name], {card.input_name: to_network(padded)})
    return crop_back(from_network(answer), crop)


def merge_metrics(old: tuple[Metric, ...], new: tuple[Metric, ...]) -> tuple[Metric, ...]:
    """Put new metrics first, and keep the old ones that were measured otherwise."""
    measured = {(metric.name, metric.protocol) for metric in new}
    return new + tuple(each for each in old if (each.name, each.protocol) not in measured)


def direction_of(card: ModelCard) -> str:
    """Tell the direction of a model that `cyclegan train` made. Raises InputError: unclear."""
    domains = (card.training.config.get("name_a"), card.training.config.get("name_b"))
    for direction, pair in (("AtoB", domains), ("BtoA", domains[::-1])):
        if pair == (card.source_domain, card.target_domain):
            return direction
    raise InputError(f"the card of {card.name} does not tell its direction; give --direction")


def write_json(evaluation: Evaluation, path: Path) -> None:
    """Write an evaluation for scripts."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(evaluation.to_dict(), indent=2) + "\n")


def _measure(
    found: NDArray[np.float64],
    classes: NDArray[np.int64],
    reference: NDArray[np.float64],
    network: FeatureNetwork | None,
    class_index: int | None,
) -> dict[str, float]:
    if network is None:
        return {"SWD": 100 * sliced_wasserstein_distance(found, reference)}
    values = {
        "KID": 100 * kernel_inception_distance(found, reference),
        "FID": frechet_inception_distance(found, reference),
    }
    if class_index is not None:
        values[f"recognised as class {class_index}"] = 100 * float((classes == class_index).mean())
    return values


def _thumbnails(
    pictures: Iterable[RGB], size: int = 16
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return pictures as points: pixels of a small square version, [N, 3 * size * size]."""
    points = [
        np.asarray(Image.fromarray(rgb).resize((size, size), Image.Resampling.BOX)).ravel() / 255
        for rgb in pictures
    ]
    return np.array(points), np.array([], np.int64)


def _describe_protocol(
    network: FeatureNetwork | None,
    data: str,
    source: str,
    target: str,
    test_paths: list[Path],
    reference_paths: list[Path],
) -> str:
    by = (
        f"features of {network.name} at {network.size} pixels (bicubic), KID unbiased with the "
        "cubic kernel"
        if network
        else "pixels of 16-pixel thumbnails, 256 directions"
    )
    return (
        f"{data}: all {len(test_paths)} pictures of test{source} translated at their own size, "
        f"against the first {len(reference_paths)} of train{target} by name; {by}; "
        "not comparable with other protocols"
    )


def _warn(network: FeatureNetwork | None, count: int) -> tuple[str, ...]:
    if network is None:
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
    for path in paths:
        yield load_picture(path).rgb
