"""Files in each project's layout compute the same here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from cyclegan.contract.errors import CheckpointError
from cyclegan.discriminators import discriminator_from
from cyclegan.importer import read
from cyclegan.networks import generator_from
from tests.cyclegan.foreign_networks import assert_equal_outputs, drawn, patches, resnet, save, unet

LAYOUTS: dict[str, tuple[Callable[[], nn.Module], dict[str, Any]]] = {
    "resnet9": (lambda: resnet(9), {"generator": "resnet9", "generator_blocks": 0}),
    "resnet6": (lambda: resnet(6), {"generator": "resnet6", "generator_norm": "instance"}),
    "4 blocks": (lambda: resnet(4), {"generator": "resnet9", "generator_blocks": 4}),
    "width": (lambda: resnet(6, width=6), {"generator_width": 6}),
    "dropout": (lambda: resnet(6, dropout=0.5), {"generator_padding": "reflect"}),
    "zero": (lambda: resnet(6, padding="zero"), {"generator_padding": "zero"}),
    "zero, dropout": (
        lambda: resnet(6, padding="zero", dropout=0.5),
        {"generator_padding": "zero"},
    ),
    "batch": (lambda: resnet(6, "batch"), {"generator_norm": "affine"}),
    "batch, dropout": (lambda: resnet(6, "batch", dropout=0.5), {"generator_norm": "affine"}),
    "2017": (lambda: resnet(6, "affine"), {"generator_norm": "affine"}),
    "PyTorch 0.3": (lambda: resnet(6, "tracking"), {"generator_norm": "instance"}),
    "CUT": (
        lambda: resnet(6, blurs=True),
        {"generator_downsample": "blur", "generator_upsample": "blur"},
    ),
    "gan-compression": (lambda: resnet(6, dropout=0.0), {"generator_padding": "reflect"}),
    "UPIT": (lambda: resnet(6).model, {"generator": "resnet6"}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_of_every_layout_computes_the_same_here(tmp_path: Path, layout: str) -> None:
    build, settings = LAYOUTS[layout]
    theirs = drawn(build())
    imported = read(save(theirs, tmp_path / "latest_net_G_A.pth"))
    assert {key: getattr(imported.config, key) for key in settings} == settings
    ours = generator_from(imported.config)
    ours.load_state_dict(imported.weights["G_AB"])
    assert_equal_outputs(ours, theirs)


@pytest.mark.parametrize(("levels", "norm"), [(7, "batch"), (8, "instance"), (8, "batch")])
def test_a_unet_computes_the_same_here(tmp_path: Path, levels: int, norm: str) -> None:
    theirs = drawn(unet(levels, norm))
    imported = read(save(theirs, tmp_path / "latest_net_G.pth"))
    assert imported.config.generator == f"unet{2**levels}"
    ours = generator_from(imported.config)
    ours.load_state_dict(imported.weights["G_AB"])
    assert_equal_outputs(ours, theirs, side=2**levels)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "_orig_mod.module."])
def test_prefixes_of_wrappers_are_taken_off(tmp_path: Path, prefix: str) -> None:
    imported = read(save(resnet(6), tmp_path / "latest_net_G_A.pth", prefix))
    assert list(imported.weights["G_AB"]) == list(generator_from(imported.config).state_dict())


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize("blurs", [False, True])
def test_a_discriminator_computes_the_same_here(tmp_path: Path, norm: str, blurs: bool) -> None:
    save(resnet(6), tmp_path / "latest_net_G.pth")
    theirs = drawn(patches(norm, blurs))
    save(theirs, tmp_path / "latest_net_D.pth")
    imported = read(tmp_path)
    ours = discriminator_from(imported.config)
    ours.load_state_dict(imported.weights["D_B"])
    assert_equal_outputs(ours, theirs, side=64)


@pytest.mark.parametrize("lost", ["model.26.bias", "model.0.bias"])  # of a ResNet, of patches
def test_a_lost_bias_is_named_where_no_norm_follows(tmp_path: Path, lost: str) -> None:
    for network, name in ((resnet(9), "G"), (patches(), "D")):
        state = {key: weight for key, weight in network.state_dict().items() if key != lost}
        torch.save(state, tmp_path / f"latest_net_{name}.pth")
    with pytest.raises(CheckpointError, match=f"{lost}: is missing, and no norm follows"):
        read(tmp_path)


def test_a_norm_does_without_a_bias(tmp_path: Path) -> None:
    theirs = drawn(resnet(6))
    path = save(theirs, tmp_path / "latest_net_G.pth")
    state = {key: weight for key, weight in theirs.state_dict().items() if key != "model.4.bias"}
    torch.save(state, path)
    imported = read(path)
    ours = generator_from(imported.config)
    ours.load_state_dict(imported.weights["G_AB"])
    assert_equal_outputs(ours, theirs)
