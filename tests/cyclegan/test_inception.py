from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from cyclegan.contract.errors import ModelError
from cyclegan.features import load_yardstick


class Blank(FeatureExtractorInceptionV3):  # type: ignore[misc]
    """The network with random weights, where torch-fidelity would load its own."""

    def load_state_dict(self, *_: Any, **__: Any) -> None:
        pass


@pytest.fixture(scope="module")
def inception(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, torch.nn.Module]:
    folder = tmp_path_factory.mktemp("inception")
    torch.save({}, folder / "empty.pth")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Blank("blank", ["2048"], str(folder / "empty.pth"))
    torch.save(network.state_dict(), folder / "weights.pth")
    return folder / "weights.pth", network


def test_pictures_are_described_as_torch_fidelity_describes_them(
    inception: tuple[Path, torch.nn.Module],
) -> None:
    path, network = inception
    pictures = np.random.default_rng(0).integers(0, 256, (2, 40, 50, 3), dtype=np.uint8)
    yardstick = load_yardstick(path)
    features, classes = yardstick.describe(pictures)
    with torch.no_grad():
        (wanted,) = network(torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()))
    assert features.shape == (2, 2048)
    np.testing.assert_allclose(features, wanted.numpy(), rtol=1e-3, atol=1e-6)
    assert classes.size == 0
    assert yardstick.compare(features, features)["FID"] == pytest.approx(0, abs=1e-9)
    assert "weights.pth" in yardstick.protocol


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"other.pth: expected the weights of Inception"):
        load_yardstick(tmp_path / "other.pth")


def test_code_in_a_file_of_weights_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    torch.save({"trap": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(ModelError, match="expected the weights of Inception"):
        load_yardstick(tmp_path / "trap.pth")
    assert not (tmp_path / "sprung").exists()
