import pytest
import torch

from cyclegan.discriminators import PatchDiscriminator, ProjectedDiscriminator
from cyclegan.layers import InstanceNorm
from cyclegan.networks import count_parameters
from cyclegan.projection import REDUCTIONS
from tests.cyclegan.runs import layout_of


# Counted on the class definitions of pytorch-CycleGAN-and-pix2pix; its batch norm learns what our
# affine instance norm learns.
@pytest.mark.parametrize(("norm", "parameters"), [("instance", 2_764_737), ("affine", 2_765_633)])
def test_a_discriminator_is_as_large_as_the_reference(norm: str, parameters: int) -> None:
    assert count_parameters(PatchDiscriminator(64, norm)) == parameters


@pytest.mark.parametrize("norm", ["instance", "affine", "spectral", "none"])
@pytest.mark.parametrize("downsample", ["stride", "blur"])
def test_a_discriminator_judges_patches(norm: str, downsample: str) -> None:
    logits = PatchDiscriminator(4, norm, downsample)(torch.rand(2, 3, 64, 48))
    # By hand: 64 -> 32 -> 16 -> 8 -> 7 -> 6 by strides; 64 -> 63 -> 32 -> 31 -> 16 -> 15 -> 8 -> 7
    # -> 6 by blurs; 48 ends in 4 both ways.
    assert logits.shape == (2, 1, 6, 4)


def test_a_projected_discriminator_has_one_logit_of_each_scale_for_a_place() -> None:
    maps = [torch.rand(2, 4, 64 // each, 96 // each, requires_grad=True) for each in REDUCTIONS]
    logits = ProjectedDiscriminator(4)(maps)
    assert logits.shape == (2, 4, 4, 6)  # a place has 16 pixels a side
    logits[:, 1].sum().backward()
    assert [each.grad is not None and bool(each.grad.any()) for each in maps] == [
        False,
        True,
        False,
        False,
    ]


def test_a_projected_discriminator_judges_pixels_only_if_it_is_told_to() -> None:
    maps = [torch.rand(1, 4, 64 // each, 96 // each) for each in REDUCTIONS]
    picture = torch.rand(1, 3, 64, 96, requires_grad=True)
    for pixels, judged in ((False, 4), (True, 5)):
        logits = ProjectedDiscriminator(4, pixels)([*maps, picture])
        assert logits.shape == (1, judged, 4, 6)
        assert logits.sum().requires_grad
        (gradient,) = torch.autograd.grad(logits.sum(), picture, allow_unused=not pixels)
        assert (gradient is not None) == pixels
    assert gradient.any(dim=1).all()  # of every pixel


@pytest.mark.parametrize(
    ("norm", "downsample", "layout"),
    [
        ("instance", "stride", "8432db8a"),
        ("instance", "blur", "b56e2b01"),
        ("affine", "stride", "1b44e45f"),
        ("spectral", "stride", "0719a254"),
        ("none", "blur", "7b8a09ed"),
    ],
)
def test_checkpoints_of_earlier_versions_fit_the_discriminators(
    norm: str, downsample: str, layout: str
) -> None:
    assert layout_of(PatchDiscriminator(4, norm, downsample)) == layout


@pytest.mark.parametrize(("pixels", "layout"), [(False, "5f03f7c9"), (True, "ef11ba2f")])
def test_checkpoints_of_earlier_versions_fit_the_projected_discriminators(
    pixels: bool, layout: str
) -> None:
    assert layout_of(ProjectedDiscriminator(4, pixels)) == layout


def test_a_discriminator_logit_sees_a_patch_of_70_pixels() -> None:
    network = PatchDiscriminator(4).double()
    for module in network.modules():  # let the patch alone decide, not the picture's statistics
        if isinstance(module, InstanceNorm):
            module.forward = lambda x: x  # type: ignore[method-assign]
    x = torch.zeros(1, 3, 256, 256, dtype=torch.float64, requires_grad=True)
    logits = network(x)
    assert logits.shape == (1, 1, 30, 30)
    logits[0, 0, 15, 15].backward()
    assert x.grad is not None
    touched = x.grad[0].abs().sum(0).nonzero()
    assert (touched.max(0).values - touched.min(0).values + 1).tolist() == [70, 70]
