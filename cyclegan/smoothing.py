"""Pictures with their edges smoothed: to a discriminator of drawings, the fakes worth knowing.

Shown them, it cannot go by colours and content alone, which they share with the real pictures: what
they lack are lines. Source: Chen et al. 2018, CartoonGAN, section 3.2.1.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from cyclegan.contract.pixels import LUMA

EDGE = 0.2  # step between a pixel's neighbours that makes it one of an edge, of the range of 2
REACH = 2  # pixels around an edge that are smoothed, and from where they are averaged
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)  # a Gaussian of 1 pixel, nearly


def smooth_edges(pictures: Tensor) -> Tensor:
    """Blur what lies around edges, and leave the rest as it is, bit for bit.

    Args:
        pictures: float32 [N, 3, H, W] in [-1, 1], H and W at least 3.

    Returns: the same shape and range.
    """
    luma = (pictures * pictures.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
    around = F.pad(luma, (1, 1, 1, 1), mode="replicate")
    across = (around[..., 1:-1, 2:] - around[..., 1:-1, :-2]).abs()
    down = (around[..., 2:, 1:-1] - around[..., :-2, 1:-1]).abs()
    edges = (torch.maximum(across, down) > EDGE).to(pictures.dtype)
    near = F.max_pool2d(edges, 2 * REACH + 1, stride=1, padding=REACH)
    return torch.where(near > 0, _blur(pictures), pictures)


def _blur(pictures: Tensor) -> Tensor:
    kernel = pictures.new_tensor(_BINOMIAL)
    channels = pictures.shape[1]
    padded = F.pad(pictures, (REACH,) * 4, mode="reflect")
    rows = F.conv2d(padded, kernel.expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(rows, kernel[:, None].expand(channels, 1, -1, 1), groups=channels)
