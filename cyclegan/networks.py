"""The generators by name, and how networks start out.

What they are is in `resnet.py`, `unet.py` and `plain.py`, what judges them in `discriminators.py`.

No generator keeps running statistics and none has dropout, so `eval()` changes
nothing and an exported model computes what was trained.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from cyclegan.config import TrainConfig
from cyclegan.layers import Generator, GeneratorOptions
from cyclegan.plain import PlainGenerator
from cyclegan.resnet import AttentionGenerator, ResnetGenerator
from cyclegan.unet import UnetGenerator


@dataclass(frozen=True)
class GeneratorSpec:
    """What a generator name stands for."""

    build: Callable[[int, int, GeneratorOptions], Generator]  # (width, blocks, options) -> network
    blocks: int  # residual blocks unless the config says otherwise
    border: int  # pixels of reflection that keep the padding's traces out of a translated picture


def _build_plain(width: int, blocks: int, options: GeneratorOptions) -> Generator:
    return PlainGenerator(width, blocks, options.levels, options.border, options.mask_threshold)


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
        mask_threshold=config.mask_threshold,
    )
    return build_generator(
        config.generator, config.generator_width, config.generator_blocks, options
    )


def blocks_of(config: TrainConfig) -> int:
    """How many residual blocks the generator of a config has."""
    return config.generator_blocks or GENERATORS[config.generator].blocks


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
    """Count the numbers that a network learns, frozen ones included."""
    return sum(parameter.numel() for parameter in network.parameters())
