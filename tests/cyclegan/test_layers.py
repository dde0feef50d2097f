import pytest
import torch
from torch.nn import functional as F

from cyclegan.layers import BlurDownsample, BlurUpsample, ChangeMask, InstanceNorm


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


def test_of_a_change_a_mask_keeps_the_share_that_its_size_says() -> None:
    mask = ChangeMask(0.05, cell=4)
    for change, kept in ((0.0, 0.0), (0.025, 1 / 17), (0.05, 0.5), (0.1, 16 / 17), (1.0, 1.0)):
        found = mask(torch.full((1, 3, 32, 48), -2 * change))
        torch.testing.assert_close(found, torch.full((1, 1, 32, 48), kept), rtol=0, atol=1e-5)


def test_a_mask_can_be_worked_out_in_half_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "float", lambda self: self)  # as in a model of fp16
    change = torch.linspace(-2, 2, 32 * 32).reshape(1, 1, 32, 32).expand(-1, 3, -1, -1).half()
    for threshold in (0.001, 0.05, 0.5):
        found = ChangeMask(threshold, 4)(change)
        wanted = ChangeMask(threshold, 4)(change.double())
        torch.testing.assert_close(found.double(), wanted, rtol=0, atol=3e-3)


def test_a_mask_counts_the_colour_that_changes_most_whatever_its_sign() -> None:
    change = torch.zeros(1, 3, 32, 32)
    change[:, 1, :, ::2], change[:, 1, :, 1::2] = 0.1, -0.1  # stripes of a mean of 0
    torch.testing.assert_close(ChangeMask(0.05, 4)(change), torch.full((1, 1, 32, 32), 0.5))


def test_a_mask_looks_as_far_as_it_says() -> None:
    mask = ChangeMask(0.05, cell=4)
    change = torch.zeros(1, 3, 64, 64)
    change[..., 32:36, 32:36] = 2
    seen = (mask(change)[0, 0] > 0).nonzero()
    first, last = 32 - 4 * mask.REACH, 32 + 4 * mask.REACH + 3
    assert seen.min() >= first
    assert seen.max() <= last
    assert (seen.min(), seen.max()) == (first + 2, last - 2)  # bilinear: half a cell less


def test_a_small_change_can_learn_to_be_a_large_one() -> None:
    change = torch.full((1, 3, 16, 16), 0.02, requires_grad=True)
    (ChangeMask(0.05, 4)(change) * change).sum().backward()
    assert change.grad is not None
    assert change.grad.min() > 0


def test_a_mask_holds_no_state() -> None:
    assert list(ChangeMask(0.05, 4).state_dict()) == []
