"""The ResNet generators, with a mask or without one.

Source: Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks", section 4 and appendix 7.2.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyclegan.layers import (
    PADDINGS,
    BlurDownsample,
    BlurUpsample,
    Generator,
    GeneratorOptions,
    InstanceNorm,
)
from cyclegan.winograd import Conv3x3

# Pixels on every side that a ResNet sees beyond its blocks, with any options; a few are to spare.
RESNET_ENDS = 24

# Contrast of a mask at the start: the sigmoid takes values of mean 0 and this standard deviation.
MASK_CONTRAST = 4.0


class ResnetBlock(nn.Module):
    """Residual block of two padded 3x3 convolutions with instance norm."""

    def __init__(self, channels: int, options: GeneratorOptions) -> None:
        super().__init__()
        pad, affine = PADDINGS[options.padding], options.is_affine
        self.conv_block = nn.Sequential(
            pad(1),
            Conv3x3(channels, channels, bias=not affine),
            InstanceNorm(channels, affine),
            nn.ReLU(inplace=True),
            pad(1),
            Conv3x3(channels, channels, bias=not affine),
            InstanceNorm(channels, affine),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class ResnetGenerator(Generator):
    """The paper's generator: c7s1-64, d128, d256, residual blocks, u128, u64, c7s1-3.

    Args:
        width: channels after the first convolution (64 in the paper).
        blocks: residual blocks (9 for 256x256 pictures in the paper, 6 for 128x128).

    Source: Zhu et al. 2017, appendix 7.2. Resizing before a convolution: Odena et al. 2016,
    "Deconvolution and Checkerboard Artifacts". Blurring: Zhang 2019, as Park et al. 2020 (CUT) use
    it.
    """

    size_multiple = 4

    def __init__(self, width: int, blocks: int, options: GeneratorOptions) -> None:
        super().__init__()
        self.receptive_field = _resnet_receptive_field(blocks)
        trunk = _resnet_trunk(width, blocks, options)
        self.model = nn.Sequential(*trunk, *_resnet_decoder(width, options))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class MaskedResnet(nn.Module):
    """A ResNet that answers a picture and the mask of what it changed in it.

    Shape: float32 [N, 3, H, W] -> the same, and [N, 1, H, W]. Range: [-1, 1], and [0, 1].
    The mask is normalised before its sigmoid, so that it cannot vanish in all places at once.
    Without that it falls from 0.85 to 0.07 within 75 steps on horse2zebra and to 0.01 within 200,
    where no gradient is left: to keep the input is what the L1 terms ask for. Normalised it stays
    at a third of the picture. Its learned factor and offset move by a learning rate a step, which
    leaves the discriminators the time to object.

    It is predicted at a quarter of the resolution, and made larger bilinearly: from the last layer,
    at full resolution, a training of 2,700 images on horse2zebra made it a grid of dots, which
    satisfies the norm and changes next to nothing.
    """

    def __init__(self, width: int, blocks: int, options: GeneratorOptions) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*_resnet_trunk(width, blocks, options))
        self.content = nn.Sequential(*_resnet_decoder(width, options))
        self.mask = nn.Conv2d(4 * width, 1, 3, padding=1)
        self.mask_norm = InstanceNorm(1, affine=True)
        assert self.mask_norm.weight is not None, "an affine norm learns a factor"
        nn.init.constant_(self.mask_norm.weight, MASK_CONTRAST)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(x)
        logits = self.mask_norm(self.mask(features).float())
        mask = torch.sigmoid(F.interpolate(logits, scale_factor=4, mode="bilinear"))
        return mask * self.content(features) + (1 - mask) * x, mask


class AttentionGenerator(Generator):
    """A `ResnetGenerator` that keeps the background: mask * content + (1 - mask) * input.

    Source: Mejjati et al. 2018, "Unsupervised Attention-guided Image-to-Image Translation", eq. 1;
    Tang et al. 2019, "AttentionGAN", section 3.2: one network predicts both, from the same
    features. Differs from them: one content, and the discriminators see whole pictures.
    """

    size_multiple = 4
    has_mask = True

    def __init__(self, width: int, blocks: int, options: GeneratorOptions) -> None:
        super().__init__()
        self.receptive_field = _resnet_receptive_field(blocks)
        self.masked = MaskedResnet(width, blocks, options)

    def forward(self, x: Tensor) -> Tensor:
        picture, _ = self.with_mask(x)
        return picture

    def with_mask(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """As `Generator` has it."""
        both: tuple[Tensor, Tensor] = self.masked(x)
        return both


def _resnet_receptive_field(blocks: int) -> int:
    """Side in pixels; a block has two convolutions that each add a cell of 4 pixels on a side."""
    return ResnetGenerator.size_multiple + 2 * (2 * blocks * 4 + RESNET_ENDS)


def _resnet_trunk(width: int, blocks: int, options: GeneratorOptions) -> list[nn.Module]:
    """Layers from a picture [N, 3, H, W] to features [N, 4 * width, H/4, W/4]."""
    affine = options.is_affine
    layers: list[nn.Module] = [
        nn.ReflectionPad2d(3),
        nn.Conv2d(3, width, 7, bias=not affine),
        InstanceNorm(width, affine),
        nn.ReLU(inplace=True),
    ]
    for channels in (width, 2 * width):  # [H, W] -> [H/2, W/2] -> [H/4, W/4]
        is_blurred = options.downsample == "blur"
        stride = 1 if is_blurred else 2
        layers += [
            nn.Conv2d(channels, 2 * channels, 3, stride, padding=1, bias=not affine),
            InstanceNorm(2 * channels, affine),
            nn.ReLU(inplace=True),
        ]
        layers += [BlurDownsample(2 * channels)] if is_blurred else []
    return [*layers, *(ResnetBlock(4 * width, options) for _ in range(blocks))]


def _resnet_decoder(width: int, options: GeneratorOptions) -> list[nn.Module]:
    """Layers from features [N, 4 * width, H/4, W/4] to a picture [N, 3, H, W] in [-1, 1]."""
    affine = options.is_affine
    layers: list[nn.Module] = []
    for channels in (4 * width, 2 * width):
        layers += [
            *_doubling_convolution(options.upsample, channels, bias=not affine),
            InstanceNorm(channels // 2, affine),
            nn.ReLU(inplace=True),
        ]
    return [*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]


def _doubling_convolution(upsample: str, channels: int, bias: bool) -> list[nn.Module]:
    """Layers from [N, C, H, W] to [N, C/2, 2H, 2W]."""
    filters = channels // 2
    if upsample == "transpose":
        return [nn.ConvTranspose2d(channels, filters, 3, 2, 1, output_padding=1, bias=bias)]
    doubling = BlurUpsample(channels) if upsample == "blur" else nn.Upsample(scale_factor=2)
    return [doubling, nn.Conv2d(channels, filters, 3, padding=1, bias=bias)]
