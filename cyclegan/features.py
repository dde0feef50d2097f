"""What pictures are compared by: the features of an ONNX network, or the pixels of thumbnails.

Which pictures are compared is said in `evaluate.py` for finished models and in `gauge.py` for a
training; the distances are in `distances.py`. No torch here: the Inception of published FIDs, which
needs it, is in `inception.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image

from cyclegan.contract.errors import DependencyError, ModelError, brief
from cyclegan.contract.pixels import RGB, to_network
from cyclegan.distances import (
    frechet_inception_distance,
    kernel_inception_distance,
    sliced_wasserstein_distance,
)

PATCH_SIZE = 224  # pixels; side at which pictures are compared where no network says otherwise
THUMBNAIL_SIZE = 16  # pixels
# By a name's first word.
UNITS = {"KID": "x100", "FID": "", "SWD": "x100", "recognised": "%", "SSIM": ""}

Points = NDArray[np.float64]  # [N, D]


@dataclass(frozen=True)
class FeatureNetwork:
    """An ONNX classifier to compare pictures with.

    Takes float32 [N, 3, S, S] RGB in [-1, 1]; answers "features" [N, D] and, if it can, "probs"
    [N, classes].
    """

    session: ort.InferenceSession
    name: str
    metrics: ClassVar[tuple[str, ...]] = ("KID", "FID")

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

    @property
    def protocol(self) -> str:
        """How it compares, in words."""
        return (
            f"features of {self.name} at {self.size} pixels (bicubic), KID unbiased with the "
            "cubic kernel"
        )

    def describe(self, pictures: Iterable[RGB]) -> tuple[Points, NDArray[np.int64]]:
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

    def compare(self, found: Points, reference: Points) -> dict[str, float]:
        """Return the `metrics`, distances between two sets of features."""
        return compare_features(found, reference)


class Thumbnails:
    """What there is without a network: it knows colours and layout, and nothing of content."""

    metrics: ClassVar[tuple[str, ...]] = ("SWD",)
    classes = 0
    protocol = f"pixels of {THUMBNAIL_SIZE}-pixel thumbnails, 256 directions"

    def describe(self, pictures: Iterable[RGB]) -> tuple[Points, NDArray[np.int64]]:
        """Return the pixels of a small square version [N, D] in [0, 1], and no classes."""
        size = (THUMBNAIL_SIZE, THUMBNAIL_SIZE)
        points = [
            np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX)).ravel() / 255
            for rgb in pictures
        ]
        return np.array(points), np.array([], np.int64)

    def compare(self, found: Points, reference: Points) -> dict[str, float]:
        """Return the `metrics`, a distance between two sets of thumbnails."""
        return {"SWD": 100 * sliced_wasserstein_distance(found, reference)}


class Yardstick(Protocol):
    """What `FeatureNetwork`, `Thumbnails` and `inception.Inception` have in common."""

    metrics: ClassVar[tuple[str, ...]]  # of `compare`, the one to go by first

    @property
    def classes(self) -> int:
        """How many classes it tells apart; 0 if none."""

    @property
    def protocol(self) -> str:
        """How it compares, in words."""

    def describe(self, pictures: Iterable[RGB]) -> tuple[Points, NDArray[np.int64]]:
        """Return the pictures as points [N, D], and their likeliest classes if it tells any."""

    def compare(self, found: Points, reference: Points) -> dict[str, float]:
        """Return the `metrics`, distances between two sets of points."""


def load_yardstick(features: Path | None) -> Yardstick:
    """Load a feature network (.onnx, or .pth: Inception's weights), or else take thumbnails.

    Raises ModelError: none, or not of the right form. DependencyError: Inception needs packages.
    """
    if features is None:
        return Thumbnails()
    if features.suffix != ".pth":
        return FeatureNetwork.load(features)
    try:
        from cyclegan.inception import Inception  # lazy: torch
    except ModuleNotFoundError as error:
        raise DependencyError(
            f"{features}: Inception needs {error.name}, which is not installed; install it with: "
            "pip install 'cyclegan[train,metrics]'"
        ) from error
    return Inception(features)


def compare_features(found: Points, reference: Points) -> dict[str, float]:
    """Return KID (times 100) and FID of two sets of features, [N, D] and [M, D]."""
    return {
        "KID": 100 * kernel_inception_distance(found, reference),
        "FID": frechet_inception_distance(found, reference),
    }


def load_session(path: Path) -> ort.InferenceSession:
    """Load an ONNX file to run on the CPU. Raises ModelError."""
    options = ort.SessionOptions()
    # PyTorch computes on the same CPUs between two runs; threads that spin would be in its way.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class
        raise ModelError(f"{path} cannot be loaded: {brief(error)}") from error


def _is_square(node: ort.NodeArg) -> bool:
    """Whether an input takes one square RGB picture at a time: [N or 1, 3, S, S]."""
    shape = node.shape
    is_one_or_free = bool(shape) and (shape[0] == 1 or not isinstance(shape[0], int))
    return len(shape) == 4 and is_one_or_free and shape[1] == 3 and shape[2] == shape[3]
