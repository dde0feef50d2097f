"""What networks are made of: layers that PyTorch lacks, choices of them by name, and a generator's
base and options. What they become is in `resnet.py`, `unet.py` and `plain.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PADDINGS: dict[str, type[nn.Module]] = {
    "reflect": nn.ReflectionPad2d,
    "zero": nn.ZeroPad2d,
    "replicate": nn.ReplicationPad2d,
}


@dataclass(frozen=True)
class GeneratorOptions:
    """What a generator can be told beside its size; the defaults are the paper's.

    A U-Net knows the norm alone, a plain generator the last three alone.
    """

    norm: str = "instance"  # or "affine": with a learned factor and offset for each channel
    padding: str = "reflect"  # of the residual blocks: a key of PADDINGS
    downsample: str = "stride"  # of the convolution, or "blur": after it, against aliasing
    upsample: str = "transpose"  # or "resize" or "blur" before a convolution: no checkerboard
    levels: int = 1  # of resolution, in a plain generator; see PlainGenerator
    border: int = 0  # pixels mirrored around a picture, in a plain generator
    mask_threshold: float = 0.0  # of its ChangeMask; 0: it has none

    @property
    def is_affine(self) -> bool:
        """Whether norms learn; no convolution before one needs a bias then."""
        return self.norm == "affine"


class Generator(nn.Module):
    """What every generator is: float32 [N, 3, H, W] in [-1, 1] -> the same shape and range."""

    size_multiple: int  # pixels; H and W are multiples of it
    # Pixels; side of the square of input around a cell of `size_multiple` pixels of output beyond
    # which nothing changes the cell, but for the statistics of norms. None: larger than pays.
    receptive_field: int | None = None
    has_mask: bool = False  # whether there is `with_mask`

    def with_mask(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The picture, mask * content + (1 - mask) * input, and its mask.

        Range of that: [0, 1], shape [N, 1, H, W].
        """
        raise NotImplementedError


class ChangeMask(nn.Module):
    """How much of a change is kept: hardly anything where it is small all around, else nearly all.

    Of a faint change of skies and grass nothing is left, of a new coat all of it. The mask is
    c**4 / (c**4 + threshold**4) for a mean change c around a place; it is smooth, so that a small
    change can still learn to be a large one, and has no weights, so that it cannot collapse.

    Shape: what was added to a picture in [-1, 1], [N, 3, H, W] -> [N, 1, H, W] in [0, 1]; H and W
    multiples of `cell`. It is the same for all pixels of a cell, but for bilinear steps between.

    Args:
        threshold: mean change of which half is kept; 1 is from black to white.
        cell: pixels a side.

    Source: coring, as in Rossi 1978, "Digital techniques for reducing television noise".
    """

    REACH = 3  # cells on every side that it looks at: one for each average, one between cells

    def __init__(self, threshold: float, cell: int) -> None:
        super().__init__()
        self.threshold = threshold
        self.cell = cell

    def forward(self, change: Tensor) -> Tensor:
        cells = F.avg_pool2d(change.float().abs(), self.cell).amax(1, keepdim=True) / 2
        for _ in range(2):
            cells = F.avg_pool2d(cells, 3, stride=1, padding=1, count_include_pad=False)
        share = cells / (cells + self.threshold)  # fp16 cannot hold a power of their ratio
        kept = share**4 / (share**4 + (1 - share) ** 4)
        return F.interpolate(kept, scale_factor=float(self.cell), mode="bilinear")


class InstanceNorm(nn.Module):
    """Normalise every channel of every picture to mean 0 and variance 1; no running statistics.

    Shape: [N, C, H, W] -> the same. Statistics are taken in float32 whatever the input's type.
    Equal to `F.instance_norm` (a test says so), taken as a group norm of one channel a group: that
    keeps channels-last tensors as they are, on a CPU or compiled, where `F.instance_norm` goes
    through a reshaped batch norm, whose layout copies took half the time of a small network's
    training step on a CPU.

    Args:
        channels: C.
        affine: learn a factor and an offset for each channel; else the layer holds no state.
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None

    def __init__(self, channels: int, affine: bool = False, eps: float = 1e-5) -> None:
        super().__init__()
        self.channels = channels
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        if torch.onnx.is_in_onnx_export():  # one InstanceNormalization node
            return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)
        return F.group_norm(x, self.channels, self.weight, self.bias, self.eps).to(x.dtype)


class BlurDownsample(nn.Module):
    """Halve height and width through a binomial filter of 3 taps, so that fine detail cannot alias.

    Shape: [N, C, H, W] -> [N, C, ceil(H/2), ceil(W/2)]; H and W at least 2.
    Source: Zhang 2019, "Making Convolutional Networks Shift-Invariant Again", section 3.2.
    """

    taps: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        # Constants of the code, not learned: they stay out of checkpoints.
        self.register_buffer("taps", _filter([1, 2, 1], channels), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
        return F.conv2d(padded, self.taps, stride=2, groups=self.channels)


class BlurUpsample(nn.Module):
    """Double height and width through a binomial filter of 4 taps: no checkerboard.

    Shape: [N, C, H, W] -> [N, C, 2H, 2W]. Source: as `BlurDownsample`.
    """

    taps: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        taps = 4 * _filter([1, 3, 3, 1], channels)  # a fourth of the outputs has a pixel under it
        self.register_buffer("taps", taps, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
        # [N, C, H + 2, W + 2] -> [N, C, 2H, 2W]: what the padding adds is cut off again
        return F.conv_transpose2d(padded, self.taps, stride=2, padding=3, groups=self.channels)


def _filter(taps: Sequence[float], channels: int) -> Tensor:
    """Square filter of sum 1 for a convolution of each channel by itself: [channels, 1, k, k]."""
    row = torch.tensor(taps, dtype=torch.float32) / sum(taps)
    return torch.outer(row, row).repeat(channels, 1, 1, 1)
