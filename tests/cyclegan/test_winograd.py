import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cyclegan.winograd import Conv3x3


def layer_and_input(height: int, width: int) -> tuple[Conv3x3, Tensor]:
    torch.manual_seed(0)
    layer = Conv3x3(5, 7)
    layer.uses_winograd = True
    return layer, torch.randn(2, 5, height, width, requires_grad=True)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_outputs_and_gradients_equal_the_convolutions_in_float64(
    memory_format: torch.memory_format,
) -> None:
    layer, x = layer_and_input(14, 10)
    y = layer(x.contiguous(memory_format=memory_format))
    x64, weight64, bias64 = (
        t.detach().double().requires_grad_() for t in (x, layer.weight, layer.bias)
    )
    y64 = F.conv2d(x64, weight64, bias64)
    seed = torch.randn(y.shape)
    found = torch.autograd.grad(y, (x, layer.weight, layer.bias), seed)
    wanted = torch.autograd.grad(y64, (x64, weight64, bias64), seed.double())
    for ours, exact in zip((y, *found), (y64, *wanted), strict=True):
        torch.testing.assert_close(ours.double(), exact, rtol=1e-4, atol=1e-4)


def test_a_size_that_tiles_do_not_fit_is_convolved_directly() -> None:
    layer, x = layer_and_input(13, 14)
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight, layer.bias), rtol=0, atol=0)
