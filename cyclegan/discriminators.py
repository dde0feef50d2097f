"""The discriminators; the generators are listed in `networks.py`."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from cyclegan.config import TrainConfig
from cyclegan.layers import BlurDownsample, InstanceNorm


class PatchDiscriminator(nn.Module):
    """PatchGAN that judges every 70x70 patch of a picture: C64-C128-C256-C512, then one logit each.

    Shape: [N, 3, H, W] -> logits [N, 1, H/8 - 2, W/8 - 2]; H and W at least 24.
    Source: Zhu et al. 2017, appendix 7.2; Isola et al. 2017, section 3.2.2.

    Args:
        width: channels after the first convolution (64 in the paper).
        norm: "instance" as in the paper; "affine" learns a factor and an offset for each channel;
            "spectral" divides every weight by its largest singular value instead (Miyato et al.
            2018); "none".
        downsample: "stride" of the convolution as in the paper; "blur" after it (Park et al. 2020).
    """

    def __init__(self, width: int, norm: str = "instance", downsample: str = "stride") -> None:
        super().__init__()
        is_blurred = downsample == "blur"

        def conv(channels: int, filters: int, stride: int, bias: bool = True) -> nn.Module:
            layer = nn.Conv2d(channels, filters, 4, stride, padding=1, bias=bias)
            return spectral_norm(layer) if norm == "spectral" else layer

        layers: list[nn.Module] = []
        for channels, filters, halves in (
            (3, width, True),
            (width, 2 * width, True),
            (2 * width, 4 * width, True),
            (4 * width, 8 * width, False),
        ):
            is_normed = channels > 3 and norm in ("instance", "affine")
            is_affine = is_normed and norm == "affine"
            stride = 2 if halves and not is_blurred else 1
            layers.append(conv(channels, filters, stride, bias=not is_affine))
            layers += [InstanceNorm(filters, is_affine)] if is_normed else []
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            layers += [BlurDownsample(filters)] if halves and is_blurred else []
        layers.append(conv(8 * width, 1, 1))
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class ProjectedDiscriminator(nn.Module):
    """Judges the four maps of a `Projection`, each by convolutions of its own.

    Shape: what `Projection` answers for [N, 3, H, W] -> logits [N, 4, H/16, W/16], 5 with pixels.
    Source: Sauer et al. 2021, "Projected GANs Converge Faster", section 3.1.

    Args:
        width: channels of each map.
        pixels: judge the picture too, by convolutions of its pixels: a pretrained network hardly
            sees a grid of two pixels, so that a generator which starts anew paints one.

    Differs from the paper: no batch norm, as a batch may be a single picture; and logits for every
    place of 16 pixels in place of 4x4 for the whole picture, which let a generator paint stripes
    where there is no horse, as long as there were some.
    """

    def __init__(self, width: int, pixels: bool = False) -> None:
        super().__init__()
        heads = [self._head(width, width, halvings) for halvings in (2, 1, 0, 0)]
        heads += [self._head(3, width, halvings=4)] if pixels else []
        self.heads = nn.ModuleList(heads)

    def _head(self, channels: int, width: int, halvings: int) -> nn.Sequential:
        """Convolutions that halve a map so often, then one logit for each place."""
        widths = [channels, *[2 * width] * halvings]
        if channels < width:
            widths[1] = width
        convolutions = [
            nn.Conv2d(before, after, 4, stride=2, padding=1) for before, after in pairwise(widths)
        ]
        convolutions.append(nn.Conv2d(widths[-1], widths[-1], 3, padding=1))
        layers: list[nn.Module] = []
        for convolution in convolutions:
            layers += [spectral_norm(convolution), nn.LeakyReLU(0.2, inplace=True)]
        return nn.Sequential(*layers, spectral_norm(nn.Conv2d(widths[-1], 1, 1)))

    def forward(self, seen: list[Tensor]) -> Tensor:
        logits = [head(x) for head, x in zip(self.heads, seen, strict=False)]
        places = logits[0].shape[2:]
        return torch.cat([F.interpolate(each, size=places) for each in logits], dim=1)


DISCRIMINATORS: dict[str, Callable[[TrainConfig], nn.Module]] = {
    "patch70": lambda config: PatchDiscriminator(
        config.discriminator_width, config.discriminator_norm, config.discriminator_downsample
    ),
    "projected": lambda config: ProjectedDiscriminator(
        config.discriminator_width, config.discriminator_pixels
    ),
}


def discriminator_from(config: TrainConfig) -> nn.Module:
    """Build the discriminator that a config describes."""
    return DISCRIMINATORS[config.discriminator](config)
