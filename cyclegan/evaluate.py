"""How good a model is: translate a test folder, measure the distance to real target pictures.

KID: Binkowski et al. 2018, "Demystifying MMD GANs", section 4. FID: Heusel et al. 2017, section 2.
Sliced Wasserstein distance: Rabin et al. 2011. No torch here.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image

from cyclegan.contract.card import Metric, ModelCard
from cyclegan.contract.errors import DatasetError, InputError, ModelError
from cyclegan.contract.files import atomic_write
from cyclegan.contract.images import find_pictures, load_picture
from cyclegan.contract.pixels import crop_back, from_network, pad_to_multiple, to_network

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
        try:
            session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions share no base class
            raise ModelError(f"{path} cannot be loaded: {error}") from error
        inputs, outputs = session.get_inputs(), [node.name for node in session.get_outputs()]
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or "features" not in outputs:
            raise ModelError(
                f"{path}: expected one input [N, 3, S, S] and an output called 'features', got "
                f"{[(node.name, node.shape) for node in inputs]} and {outputs}"
            )
        return cls(session, path.name)

    @property
    def size(self) -> int:
        """Side of the pictures that the network takes, in pixels."""
        size = self.session.get_inputs()[0].shape[-1]
        return size if isinstance(size, int) else PATCH_SIZE

    @property
    def has_classes(self) -> bool:
        """Whether it says of what class a picture is."""
        return "probs" in [node.name for node in self.session.get_outputs()]

    def describe(self, pictures: Iterable[RGB]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the features [N, D] and the likeliest classes [N] (empty without classes)."""
        names = ["features", "probs"] if self.has_classes else ["features"]
        features, classes = [], []
        for rgb in pictures:
            size = (self.size, self.size)
            small = Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC)
            feed = {self.session.get_inputs()[0].name: to_network(np.asarray(small))}
            answers = self.session.run(names, feed)
            features.append(answers[0][0])
            if self.has_classes:
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


def kernel_inception_distance(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Squared maximum mean discrepancy of two feature sets, unbiased, cubic polynomial kernel.

    Shape: [N, D] and [M, D], N and M at least 2. Range: about 0 for equal distributions, may be
    slightly negative. Source: Binkowski et al. 2018, eq. 4 with k(x, y) = (x.y / D + 1)^3.
    """
    gram_xx, gram_yy, gram_xy = (
        (a @ b.T / x.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))
    )
    within = sum(
        (gram.sum() - gram.trace()) / (len(gram) * (len(gram) - 1)) for gram in (gram_xx, gram_yy)
    )
    return float(within - 2 * gram_xy.mean())


def frechet_inception_distance(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Frechet distance between the Gaussians fitted to two feature sets.

    Shape: [N, D] and [M, D]. Range: >= 0; biased upwards where N or M is not far above D.
    Source: Heusel et al. 2017, eq. 6; the trace of the root from the eigenvalues of the product.
    """
    covariance_x, covariance_y = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    eigenvalues = np.linalg.eigvals(covariance_x @ covariance_y)
    root_trace = np.sqrt(eigenvalues.real.clip(min=0)).sum()
    difference = x.mean(0) - y.mean(0)
    return float(
        difference @ difference + covariance_x.trace() + covariance_y.trace() - 2 * root_trace
    )


def sliced_wasserstein_distance(
    x: NDArray[np.float64], y: NDArray[np.float64], directions: int = 256
) -> float:
    """Mean 1-Wasserstein distance of two point sets along fixed random directions.

    Shape: [N, D] and [M, D]. Range: >= 0, 0 for equal sets. Source: Rabin et al. 2011, eq. 6.
    """
    axes = np.random.default_rng(0).standard_normal((x.shape[1], directions))
    axes /= np.linalg.norm(axes, axis=0)
    quantiles = np.linspace(0, 1, 513)
    x_sorted, y_sorted = (np.quantile(points @ axes, quantiles, axis=0) for points in (x, y))
    return float(np.abs(x_sorted - y_sorted).mean())


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
    if class_index is not None and not (network and network.has_classes):
        raise InputError("--class-index needs --features with an output called 'probs'")
    test_paths = _list(data / f"test{source}")
    reference_paths = _list(data / f"train{target}")[:REFERENCE_PICTURES]
    real_paths = _list(data / f"test{target}")
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])

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
    protocol = _describe_protocol(network, data.name, source, target, test_paths, reference_paths)
    return Evaluation(
        metrics=tuple(
            Metric(name, round(value, 4), *_METRICS[name.split(" ")[0]], protocol)
            for name, value in results["translated"].items()
        ),
        untouched={name: round(value, 4) for name, value in results["untouched"].items()},
        real={name: round(value, 4) for name, value in results["real"].items()},
        warnings=_warn(network, len(test_paths)),
    )


_METRICS: dict[str, tuple[str, Literal["lower", "higher"]]] = {  # unit, which is better
    "KID": ("x100", "lower"),
    "FID": ("", "lower"),
    "SWD": ("x100", "lower"),
    "recognised": ("%", "higher"),
}


def translate(session: ort.InferenceSession, card: ModelCard, rgb: RGB) -> RGB:
    """Translate a picture of any size as the card says. Shape: uint8 [H, W, 3] -> the same."""
    padded, crop = pad_to_multiple(rgb, card.size_multiple, card.border)
    (answer,) = session.run([card.output_name], {card.input_name: to_network(padded)})
    return crop_back(from_network(answer), crop)


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
        f"features of {network.name} at {network.size} pixels (bicubic)"
        if network
        else "pixels of 16-pixel thumbnails, 256 directions"
    )
    return (
        f"{data}: all {len(test_paths)} pictures of test{source} translated at their own size, "
        f"against the first {len(reference_paths)} of train{target} by name; {by}; "
        "KID unbiased with the cubic kernel; not comparable with other protocols"
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


def _list(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; expected testA, testB, trainA, trainB")
    paths = find_pictures(folder)
    if len(paths) < 2:
        raise DatasetError(f"{folder}: found {len(paths)} pictures, expected at least 2")
    return paths
