"""Differentiable augmentation of what the discriminators see, for small sets of pictures.

The same kinds of change are made to real and fake pictures, so a discriminator cannot learn a small
set by heart, and the generator gets its gradient through them. Augmentation of the training
pictures themselves is in `dataset.py`. Source: Zhao et al. 2020, "Differentiable Augmentation for
Data-Efficient GAN Training", section 3.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

SMALL_SET = 500  # pictures of a domain below which "auto" augments


def augment(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Change colour and place of every picture at random, and cut out a square.

    Args:
        pictures: float [N, 3, H, W] in [-1, 1].
        generator: draws the changes; on the CPU.

    Returns: [N, 3, H, W], differentiable in `pictures`; colours may leave [-1, 1].
    """
    return _cut_out(_translate(_change_colour(pictures, generator), generator), generator)


def _uniform(like: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    """Draw a number for each picture. Shape: [N, 1, 1, 1]."""
    drawn = torch.rand(len(like), 1, 1, 1, generator=generator) * (high - low) + low
    return drawn.to(like.device, like.dtype)


def _change_colour(x: Tensor, generator: torch.Generator) -> Tensor:
    x = x + _uniform(x, -0.5, 0.5, generator)  # brightness
    grey = x.mean(dim=1, keepdim=True)
    x = (x - grey) * _uniform(x, 0.0, 2.0, generator) + grey  # saturation
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return (x - mean) * _uniform(x, 0.5, 1.5, generator) + mean  # contrast


def _translate(x: Tensor, generator: torch.Generator, share: float = 0.125) -> Tensor:
    """Move every picture by up to `share` of its size; zeros come in at the edge."""
    reach_y, reach_x = (int(side * share + 0.5) for side in x.shape[2:])
    padded = F.pad(x, (reach_x, reach_x, reach_y, reach_y))
    moved = []
    for picture in padded.split(1):
        top = int(torch.randint(2 * reach_y + 1, (), generator=generator))
        left = int(torch.randint(2 * reach_x + 1, (), generator=generator))
        moved.append(picture[:, :, top : top + x.shape[2], left : left + x.shape[3]])
    return torch.cat(moved)


def _cut_out(x: Tensor, generator: torch.Generator, share: float = 0.5) -> Tensor:
    """Put zeros into a rectangle of `share` of each side, its middle anywhere in the picture."""
    kept = torch.ones_like(x[:, :1])
    height, width = (int(side * share + 0.5) for side in x.shape[2:])
    for mask in kept:
        middle_y = int(torch.randint(x.shape[2], (), generator=generator))
        middle_x = int(torch.randint(x.shape[3], (), generator=generator))
        top, left = middle_y - height // 2, middle_x - width // 2
        mask[:, max(top, 0) : top + height, max(left, 0) : left + width] = 0
    return x * kept
