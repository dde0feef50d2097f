from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.models.vgg import cfgs, make_layers

from cyclegan.contract.errors import CheckpointError
from cyclegan.losses import feature_distance
from cyclegan.perceptual import load_vgg


def test_features_and_their_distance_are_those_by_hand(tmp_path: Path, vgg_file: Path) -> None:
    # Every convolution hands its channel 0 on and drops the rest: what is left is red, normalised,
    # without what is negative, and the largest of each 2x2.
    weights = {name: torch.zeros_like(w) for name, w in torch.load(vgg_file).items()}
    for index in (0, 2, 5, 7):
        weights[f"features.{index}.weight"][0, 0, 1, 1] = 1
    torch.save(weights, tmp_path / "red.pth")
    see = load_vgg(tmp_path / "red.pth")
    real_A = torch.full((1, 3, 2, 4), -1.0)  # 2x2 of black, and 2x2 of which one pixel is red
    rec_A = real_A.clone()
    rec_A[0, 0, 1, 3] = 0.5
    wanted = (0.75 - 0.485) / 0.229  # 0.5 in [-1, 1] is 0.75 in [0, 1]
    features = see(rec_A)
    assert features.shape == (1, 128, 1, 2)
    torch.testing.assert_close(features[0, 0, 0], torch.tensor([0.0, wanted]))
    assert not features[:, 1:].any()
    assert not see(real_A).any()
    distance = feature_distance(features, see(real_A))
    torch.testing.assert_close(distance, torch.tensor(wanted**2 / (128 * 2)))  # a mean


def test_features_are_those_of_torchvision_at_relu2_2(tmp_path: Path) -> None:
    torchvision = make_layers(cfgs["D"])  # vgg16().features, 13 convolutions
    weights = {f"features.{name}": w for name, w in torchvision.state_dict().items()}
    torch.save(weights, tmp_path / "vgg16.pth")
    rgb = torch.rand(2, 3, 20, 24)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        wanted = torchvision[:9]((rgb - mean[:, None, None]) / std[:, None, None])
        found = load_vgg(tmp_path / "vgg16.pth")(rgb * 2 - 1)
    torch.testing.assert_close(found, wanted)


def test_pictures_learn_from_it_and_it_learns_nothing(vgg_file: Path) -> None:
    see = load_vgg(vgg_file)
    rec_A = torch.zeros(1, 3, 8, 8, requires_grad=True)
    feature_distance(see(rec_A), see(torch.ones(1, 3, 8, 8))).backward()
    assert rec_A.grad is not None
    assert rec_A.grad.abs().max() > 0
    assert not any(parameter.requires_grad for parameter in see.parameters())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"features.5.weight": None}, r"expected features\.5\.weight of .*, found nothing; give"),
        (
            {"features.2.weight": torch.zeros(64)},  # of a norm: vgg16_bn
            r"expected features\.2\.weight of shape \[64, 64, 3, 3\], found \[64\]; give",
        ),
        ({"epoch": 3}, "expected tensors by name"),
    ],
)
def test_other_weights_are_refused_by_name(
    tmp_path: Path, vgg_file: Path, changes: dict[str, Any], sentence: str
) -> None:
    weights: dict[str, Tensor] = torch.load(vgg_file) | changes
    kept = {name: weight for name, weight in weights.items() if weight is not None}
    torch.save(kept, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=rf"other\.pth: {sentence}"):
        load_vgg(tmp_path / "other.pth")


def test_a_file_that_is_none_of_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vgg16.pth").write_bytes(b"<html>")
    with pytest.raises(CheckpointError, match=r"vgg16\.pth: damaged, or not a file of weights"):
        load_vgg(tmp_path / "vgg16.pth")
