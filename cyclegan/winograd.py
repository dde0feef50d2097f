"""A 3x3 convolution with a quarter of the multiplications, for CPUs where these are the bottleneck.

The same sum in another order, in float32, where oneDNN computes it term by term: pictures are cut
into tiles of 6x6 that overlap by 2, and between two linear changes of basis a tile's 4x4 outputs
take 36 products a pair of channels instead of 144. Source: Lavin and Gray 2016, "Fast Algorithms
for Convolutional Neural Networks", section 4.3, F(4x4, 3x3).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

TILE, STEP = 6, 4  # pixels: side of a tile, and from one tile to the next


def _both_axes(rows: list[list[float]]) -> Tensor:
    """Turn a change of basis of a line into that of a square: [m, n] -> [m * m, n * n]."""
    matrix = torch.tensor(rows, dtype=torch.float64)
    return torch.kron(matrix, matrix).float()


INPUT = _both_axes(  # B of the paper, transposed: 6x6 pixels -> 36 products' first factors
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
FILTER = _both_axes(  # G: 3x3 weights -> 36 products' second factors
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
OUTPUT = _both_axes(  # A, transposed: 36 products -> 4x4 pixels
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]
)


def suits_winograd() -> bool:
    """Whether `Conv3x3.uses_winograd` pays on this CPU: it has AVX2 and no AVX-512.

    There convolutions and matrix products are equally fast (75 GFLOP/s a core of an EPYC 7003), and
    a step of the preset `paper` takes 0.56 of its time at crops of 128 pixels. With AVX-512
    convolutions are three times as fast as matrix products.
    """
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx2")) and not capabilities.get("avx512_f")


class Conv3x3(nn.Conv2d):
    """`nn.Conv2d` of 3x3 filters without padding, which can take the shorter way.

    Shape: [N, C, H, W] -> [N, K, H - 2, W - 2].
    """

    uses_winograd = False  # for float32 on a CPU, where H - 2 and W - 2 are multiples of 4

    def __init__(self, channels: int, filters: int, bias: bool = True) -> None:
        super().__init__(channels, filters, kernel_size=3, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.uses_winograd and all((side - 2) % STEP == 0 for side in x.shape[2:]):
            y: Tensor = _Winograd.apply(x, self.weight)
            return y if self.bias is None else y + self.bias[:, None, None]
        return super().forward(x)


class _Winograd(torch.autograd.Function):
    """The convolution, and both of its gradients by the transposed changes of basis."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        count, channels, height, width = x.shape
        filters, down, across = len(weight), (height - 2) // STEP, (width - 2) // STEP
        ctx.sizes = (count, channels, filters, down, across)
        tiles = x.unfold(2, TILE, STEP).unfold(3, TILE, STEP)  # [N, C, down, across, 6, 6]
        tiles = tiles.permute(4, 5, 1, 0, 2, 3).reshape(TILE * TILE, -1)
        pixels = (INPUT @ tiles).view(TILE * TILE, channels, -1)
        taps = FILTER @ weight.permute(2, 3, 0, 1).reshape(9, -1)
        taps = taps.view(TILE * TILE, filters, channels)
        ctx.save_for_backward(pixels, taps)
        y = OUTPUT @ torch.bmm(taps, pixels).view(TILE * TILE, -1)
        # [4 * 4, K * N * down * across] -> [N, K, 4 * down, 4 * across]
        y = y.view(STEP, STEP, filters, count, down, across).permute(3, 2, 4, 0, 5, 1)
        return y.reshape(count, filters, height - 2, width - 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        pixels, taps = ctx.saved_tensors
        count, channels, filters, down, across = ctx.sizes
        of_y = gradients[0].reshape(count, filters, down, STEP, across, STEP)
        of_y = of_y.permute(3, 5, 1, 0, 2, 4).reshape(STEP * STEP, -1)
        of_products = (OUTPUT.T @ of_y).view(TILE * TILE, filters, -1)
        of_taps = torch.bmm(of_products, pixels.mT).view(TILE * TILE, -1)
        of_weight = (FILTER.T @ of_taps).view(3, 3, filters, channels).permute(2, 3, 0, 1)
        of_pixels = torch.bmm(taps.mT, of_products).view(TILE * TILE, -1)
        of_tiles = (INPUT.T @ of_pixels).view(TILE, TILE, channels, count, down, across)
        # Each tile lies on a cell of 4x4 and laps over by 2 into the cells below and to the right.
        of_x = of_y.new_zeros(count, channels, down + 1, STEP, across + 1, STEP)
        cells = of_x.permute(3, 5, 1, 0, 2, 4)  # [4, 4, C, N, down + 1, across + 1]
        over = TILE - STEP
        cells[..., :-1, :-1] = of_tiles[:STEP, :STEP]
        cells[:over, ..., 1:, :-1] += of_tiles[STEP:, :STEP]
        cells[:, :over, ..., :-1, 1:] += of_tiles[:STEP, STEP:]
        cells[:over, :over, ..., 1:, 1:] += of_tiles[STEP:, STEP:]
        of_x = of_x.view(count, channels, STEP * (down + 1), STEP * (across + 1))
        return of_x[:, :, : STEP * down + over, : STEP * across + over], of_weight
