"""The U-Net generators."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from cyclegan.layers import Generator, GeneratorOptions, InstanceNorm


class UnetLevel(nn.Module):
    """Halve, do what is `within`, double again, and lay the result beside the input.

    Shape: [N, outer, H, W] -> [N, 2 * outer, H, W]; H and W even.
    """

    def __init__(self, outer: int, inner: int, within: nn.Module | None, affine: bool) -> None:
        super().__init__()
        # The innermost level has no norm on its way down: it may be a single pixel.
        body = [] if within is None else [InstanceNorm(inner, affine), within]
        channels = inner if within is None else 2 * inner
        self.model = nn.Sequential(
            nn.LeakyReLU(0.2),
            nn.Conv2d(outer, inner, 4, stride=2, padding=1, bias=not affine),
            *body,
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(channels, outer, 4, stride=2, padding=1, bias=not affine),
            InstanceNorm(outer, affine),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.model(x)], dim=1)


class UnetGenerator(Generator):
    """Encoder and decoder with a shortcut at every scale, down to a single pixel.

    Args:
        width: channels after the first convolution (64 in the paper); deeper levels have up to 8
            times as many.
        levels: how often height and width are halved.

    Source: Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks",
    appendix 6.1.1. Differs from the paper: no dropout, so that training equals inference.
    """

    def __init__(self, width: int, levels: int, options: GeneratorOptions) -> None:
        super().__init__()
        self.size_multiple = 2**levels
        affine = options.is_affine
        widths = [width * min(2**level, 8) for level in range(levels)]
        within: nn.Module | None = None
        for outer, inner in reversed(list(pairwise(widths))):
            within = UnetLevel(outer, inner, within, affine)
        assert within is not None, "a U-Net has at least two levels"
        self.model = nn.Sequential(
            nn.Conv2d(3, width, 4, stride=2, padding=1, bias=not affine),
            within,
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(2 * width, 3, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)
