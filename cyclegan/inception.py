"""Pictures compared by the Inception network of published FIDs, through torch-fidelity.

FID depends on the very network: figures are comparable with published ones only by its weights,
`pt_inception-2015-12-05-6726825d.pth` of the torch-fidelity project, ported from the TensorFlow of
Heusel et al. 2017. The file is the user's own: nothing is downloaded.
"""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from cyclegan.checkpoint import load_weights
from cyclegan.contract.errors import CheckpointError, ModelError, brief
from cyclegan.contract.pixels import RGB
from cyclegan.features import Points, compare_features


class Inception:
    """A yardstick like `features.FeatureNetwork`: 2048 features of a picture, no classes."""

    metrics: ClassVar[tuple[str, ...]] = ("KID", "FID")
    classes = 0

    def __init__(self, path: Path) -> None:
        """Load weights, never code. Raises ModelError: not those of this network."""
        try:
            weights = load_weights(path)
            with TemporaryDirectory() as folder:
                # torch-fidelity would run code in a file: it is given one of tensors alone.
                checked = Path(folder, "weights.pth")
                torch.save(weights, checked)
                self._network = FeatureExtractorInceptionV3("inception", ["2048"], str(checked))
        except (CheckpointError, RuntimeError, OSError) as error:
            raise ModelError(
                f"{path}: expected the weights of Inception as torch-fidelity has them "
                f"(pt_inception-2015-12-05-6726825d.pth): {brief(error):.200}"
            ) from error
        self.protocol = (
            f"2048 features of Inception ({path.name}, torch-fidelity), KID unbiased with the "
            "cubic kernel"
        )

    @torch.no_grad()
    def describe(self, pictures: Iterable[RGB]) -> tuple[Points, NDArray[np.int64]]:
        """Return the features [N, 2048], and no classes."""
        features = []
        for rgb in pictures:
            picture = torch.from_numpy(rgb.transpose(2, 0, 1).copy())[None]  # uint8 [1, 3, H, W]
            (answer,) = self._network(picture)
            features.append(answer[0].numpy())
        return np.array(features, np.float64), np.array([], np.int64)

    def compare(self, found: Points, reference: Points) -> dict[str, float]:
        """Return the `metrics`, distances between two sets of features."""
        return compare_features(found, reference)
