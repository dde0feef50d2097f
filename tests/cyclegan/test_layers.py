import pytest
import torch
from torch.nn import functional as F

from cyclegan.layers import BlurDownsample, BlurUpsample, InstanceNorm


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_instance_norm_equals_pytorchs(memory_format: torch.memory_format) -> None:
    x = torch.randn(2, 5, 7, 9, generator=torch.Generator().manual_seed(0)) * 3 + 1
    x = x.contiguous(memory_format=memory_format)
    y = InstanceNorm(5)(x)
    torch.testing.assert_close(y, F.instance_norm(x), rtol=1e-5, atol=1e-5)
    assert y.is_contiguous(memory_format=memory_format)


def test_an_affine_instance_norm_equals_pytorchs() -> None:
    generator = torch.Generator().manual_seed(0)
    x, weight, bias = (torch.randn(shape, generator=generator) for shape in ((2, 5, 7, 9), 5, 5))
    layer = InstanceNorm(5, affine=True)
    layer.load_state_dict({"weight": weight, "bias": bias})
    wanted = F.instance_norm(x, weight=weight, bias=bias)
    torch.testing.assert_close(layer(x), wanted, rtol=1e-5, atol=1e-5)


def test_only_an_affine_instance_norm_holds_state() -> None:
    assert list(InstanceNorm(5).state_dict()) == []
    assert list(InstanceNorm(5, affine=True).state_dict()) == ["weight", "bias"]


def test_blurring_layers_hold_no_state() -> None:
    assert list(BlurDownsample(3).state_dict()) == list(BlurUpsample(3).state_dict()) == []


def test_blurred_sizes_are_halved_upwards_and_doubled() -> None:
    x = torch.rand(2, 3, 7, 10)
    assert BlurDownsample(3)(x).shape == (2, 3, 4, 5)
    assert BlurUpsample(3)(x).shape == (2, 3, 14, 20)


def test_blurring_keeps_an_even_colour() -> None:
    x = torch.full((1, 2, 6, 6), 0.7)
    torch.testing.assert_close(BlurDownsample(2)(x), torch.full((1, 2, 3, 3), 0.7))
    torch.testing.assert_close(BlurUpsample(2)(x), torch.full((1, 2, 12, 12), 0.7))


def test_blurring_halves_by_the_weights_1_2_1() -> None:
    x = torch.tensor([4.0, 8.0, 0.0, 12.0]).expand(1, 1, 4, 4)
    # By hand, the row reflected at its ends: (8 + 2*4 + 8) / 4 and (8 + 2*0 + 12) / 4
    assert BlurDownsample(1)(x)[0, 0].tolist() == [[6, 5]] * 2


def test_blurring_doubles_by_a_quarter_of_the_neighbour() -> None:
    x = torch.tensor([4.0, 8.0]).expand(1, 1, 2, 2)
    # By hand: 3/4 of the pixel itself and 1/4 of the nearer neighbour, which repeats at the ends
    assert BlurUpsample(1)(x)[0, 0].tolist() == [[4, 5, 7, 8]] * 4


def test_a_checkerboard_does_not_survive_halving() -> None:
    board = (torch.arange(8)[:, None] + torch.arange(8)).remainder(2).float()[None, None]
    torch.testing.assert_close(BlurDownsample(1)(board), torch.full((1, 1, 4, 4), 0.5))
