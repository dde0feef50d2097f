"""Differentiable augmentation of what the discriminators see, for small sets of pictures.

The same kinds of change are made to real and fake pictures, so a discriminator cannot learn a small
set by heart, and the generator gets its gradient through them. Augmentation of the training
pictures themselves is in `dataset.py`. Source: Zhao et al. 2020, "Differentiable Augmentation for
Data-Efficient GAN Training", section 3.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

DRAWS = 7  # random numbers that the change of one picture takes


def augment(pictures: Tensor, draws: Tensor) -> Tensor:
    """Change colour and place of every picture as its draws say, and cut out a square.

    Args:
        pictures: float [N, 3, H, W] in [-1, 1].
        draws: float32 [N, DRAWS], uniform in [0, 1), on the CPU.

    Returns: [N, 3, H, W], differentiable in `pictures`; colours may leave [-1, 1].
    """
    return _cut_out(_translate(_change_colour(pictures, draws[:, :3]), draws[:, 3:5]), draws[:, 5:])


def translate(pictures: Tensor, draws: Tensor) -> Tensor:
    """Change the place alone; otherwise as `augment`.

    A generator that makes its cells of 4 pixels beside a discriminator of even strides learns to
    paint what only that one alignment of the two lets pass.
    """
    return _translate(pictures, draws[:, 3:5])


def _change_colour(x: Tensor, draws: Tensor) -> Tensor:
    # [N, 3] -> [3, N, 1, 1, 1]
    draws = draws.T.reshape(3, -1, 1, 1, 1).to(x.device, x.dtype, non_blocking=True)
    x = x + (draws[0] - 0.5)  # brightness
    grey = x.mean(dim=1, keepdim=True)
    x = (x - grey) * (2 * draws[1]) + grey  # saturation
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return (x - mean) * (draws[2] + 0.5) + mean  # contrast


def _translate(x: Tensor, draws: Tensor, share: float = 0.125) -> Tensor:
    """Move every picture by up to `share` of its size; zeros come in at the edge."""
    height, width = x.shape[2:]
    reach_y, reach_x = int(height * share + 0.5), int(width * share + 0.5)
    padded = F.pad(x, (reach_x, reach_x, reach_y, reach_y))
    moved = []
    for picture, (draw_y, draw_x) in zip(padded.split(1), draws.tolist(), strict=True):
        top, left = int(draw_y * (2 * reach_y + 1)), int(draw_x * (2 * reach_x + 1))
        moved.append(picture[:, :, top : top + height, left : left + width])
    return torch.cat(moved)


def _cut_out(x: Tensor, draws: Tensor, share: float = 0.5) -> Tensor:
    """Put zeros into a rectangle of `share` of each side, its middle anywhere in the picture."""
    kept = torch.ones_like(x[:, :1])
    height, width = (int(side * share + 0.5) for side in x.shape[2:])
    for mask, (draw_y, draw_x) in zip(kept, draws.tolist(), strict=True):
        top = int(draw_y * x.shape[2]) - height // 2
        left = int(draw_x * x.shape[3]) - width // 2
        mask[:, max(top, 0) : top + height, max(left, 0) : left + width] = 0
    return x * kept


AUGMENTATIONS = {"on": augment, "translation": translate}  # by what `diffaugment` comes to
