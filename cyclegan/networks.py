"""The generators, and how networks start out; those of convolutions only are in `plain.py`, what
judges them in `discriminators.py`.

Losses, optimizers and data live elsewhere. Source: Zhu et al. 2017, "Unpaired Image-to-Image
Translation using Cycle-Consistent Adversarial Networks", section 4 and appendix 7.2.

No generator keeps running statistics and none has dropout, so `eval()` changes
nothing and an exported model computes what was trained.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyclegan.config import TrainConfig
from cyclegan.layers import PADDINGS, BlurDownsample, BlurUpsample, Generator, InstanceNorm
from cyclegan.plain import PlainGenerator
from cyclegan.winograd import Conv3x3

# Pixels on every side that a ResNet sees beyond its blocks, with any options; a few are to spare.
RESNET_ENDS = 24

# Contrast of a mask at the start: the sigmoid takes values of mean 0 and this standard deviation.
MASK_CONTRAST = 4.0


@dataclass(frozen=True)
class GeneratorOptions:
    """What a generator can be told beside its size; the defaults are the paper's.

    A U-Net knows the norm alone, a plain generator the levels and the border alone.
    """

    norm: str = "instance"  # or "affine": with a learned factor and offset for each channel
    padding: str = "reflect"  # of the residual blocks: a key of layers.PADDINGS
    downsample: str = "stride"  # of the convolution, or "blur": after it, against aliasing
    upsample: str = "transpose"  # or "resize" or "blur" before a convolution: no checkerboard
    levels: int = 1  # of resolution, in a plain generator; see PlainGenerator
    border: int = 0  # pixels mirrored around a picture, in a plain generator

    @property
    def is_affine(self) -> bool:
        """Whether norms learn; no convolution before one needs a bias then."""
        return self.norm == "affine"


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

    `masked` answers the mask beside the picture.

    Source: Mejjati et al. 2018, "Unsupervised Attention-guided Image-to-Image Translation", eq. 1;
    Tang et al. 2019, "AttentionGAN", section 3.2: one network predicts both, from the same
    features. Differs from them: one content, and the discriminators see whole pictures.
    """

    size_multiple = 4

    def __init__(self, width: int, blocks: int, options: GeneratorOptions) -> None:
        super().__init__()
        self.receptive_field = _resnet_receptive_field(blocks)
        self.masked = MaskedResnet(width, blocks, options)

    def forward(self, x: Tensor) -> Tensor:
        picture, _ = self.masked(x)
        return picture


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


@dataclass(frozen=True)
class GeneratorSpec:
    """What a generator name stands for."""

    build: Callable[[int, int, GeneratorOptions], Generator]  # (width, blocks, options) -> network
    blocks: int  # residual blocks unless the config says otherwise
    border: int  # pixels of reflection that keep the padding's traces out of a translated picture


def _build_plain(width: int, blocks: int, options: GeneratorOptions) -> Generator:
    return PlainGenerator(width, blocks, options.levels, options.border)


GENERATORS = {
    # Reflection inside a ResNet needs pictures of 8 pixels: the border makes any large enough.
    "resnet6": GeneratorSpec(ResnetGenerator, blocks=6, border=4),
    "resnet9": GeneratorSpec(ResnetGenerator, blocks=9, border=4),
    "attention": GeneratorSpec(AttentionGenerator, blocks=9, border=4),
    "unet128": GeneratorSpec(lambda width, _, given: UnetGenerator(width, 7, given), 0, border=0),
    "unet256": GeneratorSpec(lambda width, _, given: UnetGenerator(width, 8, given), 0, border=0),
    "plain": GeneratorSpec(_build_plain, 8, border=16),
}


def build_generator(
    name: str, width: int, blocks: int = 0, options: GeneratorOptions | None = None
) -> Generator:
    """Build a generator of `GENERATORS`; `blocks` 0 takes the name's own number."""
    spec = GENERATORS[name]
    return spec.build(width, blocks or spec.blocks, options or GeneratorOptions())


def generator_from(config: TrainConfig) -> Generator:
    """Build the generator that a config describes."""
    options = GeneratorOptions(
        norm=config.generator_norm,
        padding=config.generator_padding,
        downsample=config.generator_downsample,
        upsample=config.generator_upsample,
        levels=config.generator_levels,
        border=config.border,
    )
    return build_generator(
        config.generator, config.generator_width, config.generator_blocks, options
    )


def init_weights(network: nn.Module, generator: torch.Generator, std: float = 0.02) -> None:
    """Draw every convolution's weights from N(0, std) and set biases to 0.

    Source: Zhu et al. 2017, section 4.
    """
    for name, parameter in network.named_parameters():
        if parameter.ndim == 4:
            nn.init.normal_(parameter, 0.0, std, generator=generator)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)


def count_parameters(network: nn.Module) -> int:
    """Count the trainable numbers of a network."""
    return sum(parameter.numel() for parameter in network.parameters())
