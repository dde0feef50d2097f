"""The networks: generators, discriminators and how they start out.

Losses, optimizers and data live elsewhere. Source: Zhu et al. 2017, "Unpaired Image-to-Image
Translation using Cycle-Consistent Adversarial Networks", section 4 and appendix 7.2.

No generator keeps running statistics and none has dropout, so `eval()` changes
nothing and an exported model computes what was trained.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class InstanceNorm(nn.Module):
    """Normalise every channel of every picture to mean 0 and variance 1; holds no state.

    Shape: [N, C, H, W] -> the same. Statistics are taken in float32 whatever the input's type.
    Equal to `F.instance_norm` (a test says so), written so that channels-last tensors stay
    channels-last and a compiler can fuse it: `F.instance_norm` goes through a reshaped batch norm,
    whose layout copies took half the time of a small network's training step on a CPU.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.channels = channels
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        if torch.onnx.is_in_onnx_export():  # one InstanceNormalization node
            return F.instance_norm(x, eps=self.eps)
        variance, mean = torch.var_mean(x.float(), dim=(2, 3), correction=0, keepdim=True)
        return ((x - mean) * torch.rsqrt(variance + self.eps)).to(x.dtype)


class ResnetBlock(nn.Module):
    """Residual block of two reflection-padded 3x3 convolutions with instance norm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            InstanceNorm(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            InstanceNorm(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class Generator(nn.Module):
    """What every generator is: float32 [N, 3, H, W] in [-1, 1] -> the same shape and range."""

    size_multiple: int  # pixels; H and W are multiples of it


class ResnetGenerator(Generator):
    """The paper's generator: c7s1-64, d128, d256, residual blocks, u128, u64, c7s1-3.

    Args:
        width: channels after the first convolution (64 in the paper).
        blocks: residual blocks (9 for 256x256 pictures in the paper, 6 for 128x128).

    Source: Zhu et al. 2017, appendix 7.2.
    """

    size_multiple = 4

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.ReflectionPad2d(3),
            nn.Conv2d(3, width, 7),
            InstanceNorm(width),
            nn.ReLU(inplace=True),
        ]
        for channels in (width, 2 * width):  # [H, W] -> [H/2, W/2] -> [H/4, W/4]
            layers += [
                nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1),
                InstanceNorm(2 * channels),
                nn.ReLU(inplace=True),
            ]
        layers += [ResnetBlock(4 * width) for _ in range(blocks)]
        for channels in (4 * width, 2 * width):
            layers += [
                nn.ConvTranspose2d(
                    channels, channels // 2, 3, stride=2, padding=1, output_padding=1
                ),
                InstanceNorm(channels // 2),
                nn.ReLU(inplace=True),
            ]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class PlainBlock(nn.Module):
    """Residual block of two zero-padded 3x3 convolutions, no normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.conv1(x)))


class PlainGenerator(Generator):
    """Convolutions only, at a quarter of the resolution: runs at the speed of the hardware.

    Pixel-unshuffle by 4, a 3x3 convolution to `width` channels, residual blocks, a 3x3 convolution,
    pixel-shuffle by 4, tanh. Without normalisation and reflection padding inside, its receptive
    field is finite and a CPU runtime keeps its blocked layout throughout.

    Args:
        width: channels of the residual blocks.
        blocks: residual blocks.

    Differs from the paper: no normalisation, one scale, zero padding; because on a CPU it takes
    three times as many training steps in the same time as a ResNet of half the width, keeps
    backgrounds and colours as they are, and translates a 256x256 picture about 25 times faster
    than the ResNet of width 64.
    """

    size_multiple = 4

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        patch = self.size_multiple
        self.head = nn.Sequential(
            nn.PixelUnshuffle(patch), nn.Conv2d(3 * patch**2, width, 3, padding=1)
        )
        self.body = nn.Sequential(*(PlainBlock(width) for _ in range(blocks)))
        self.tail = nn.Sequential(
            nn.Conv2d(width, 3 * patch**2, 3, padding=1), nn.PixelShuffle(patch), nn.Tanh()
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.tail(self.body(self.head(x)))


class PatchDiscriminator(nn.Module):
    """PatchGAN that judges every 70x70 patch of a picture: C64-C128-C256-C512, then one logit each.

    Shape: [N, 3, H, W] -> logits [N, 1, H/8 - 2, W/8 - 2]; H and W at least 24.
    Source: Zhu et al. 2017, appendix 7.2; Isola et al. 2017, section 3.2.2.

    Args:
        width: channels after the first convolution (64 in the paper).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(3, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        for channels, stride in ((width, 2), (2 * width, 2), (4 * width, 1)):
            layers += [
                nn.Conv2d(channels, 2 * channels, 4, stride=stride, padding=1),
                InstanceNorm(2 * channels),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        layers.append(nn.Conv2d(8 * width, 1, 4, padding=1))
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


@dataclass(frozen=True)
class GeneratorSpec:
    """What a generator name stands for."""

    build: Callable[[int, int], Generator]  # (width, blocks) -> network
    blocks: int  # residual blocks unless the config says otherwise
    border: int  # pixels of reflection that keep the padding's traces out of a translated picture


GENERATORS = {
    "resnet6": GeneratorSpec(ResnetGenerator, blocks=6, border=0),
    "resnet9": GeneratorSpec(ResnetGenerator, blocks=9, border=0),
    "plain": GeneratorSpec(PlainGenerator, blocks=8, border=16),
}
DISCRIMINATORS = {"patch70": PatchDiscriminator}


def build_generator(name: str, width: int, blocks: int = 0) -> Generator:
    """Build a generator of `GENERATORS`; `blocks` 0 takes the name's own number."""
    spec = GENERATORS[name]
    return spec.build(width, blocks or spec.blocks)


def init_weights(network: nn.Module, generator: torch.Generator, std: float = 0.02) -> None:
    """Draw every convolution's weights from N(0, std) and set biases to 0.

    Source: Zhu et al. 2017, section 4.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, std, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def count_parameters(network: nn.Module) -> int:
    """Count the trainable numbers of a network."""
    return sum(parameter.numel() for parameter in network.parameters())
