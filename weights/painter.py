"""A hand-made teacher for `photo2anime`: what a photograph becomes under the brush of a painter.

    python weights/painter.py DATA OUT.onnx

Brush strokes by a Kuwahara filter of soft sectors (Papari et al. 2007); dark lines by a difference
of Gaussians (Winnemoeller et al. 2006), where an edge runs straight (Weickert 1999) and stands
alone; and colours part of the way to the target's, by the linear map that takes one distribution of
colours to the other (Pitie & Kokaram 2007), found from the two folders. Nothing else in it was
learned: `cyclegan distill` lets a generator learn it, which is many times as fast, and which a
discriminator of real pictures brings nearer to them.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from cyclegan.contract.images import load_picture
from cyclegan.domains import list_domain
from cyclegan.export import write_onnx
from cyclegan.layers import Generator

SECTORS, RADIUS = 8, 3  # of the brush; pixels
ROUNDS = 2  # of painting
SHARPNESS = 6  # how much more the calmest sector counts than the others
LINE_SIGMA, LINE_RATIO = 1.0, 1.6  # pixels of the narrow Gaussian; the wide one is so much wider
LINE_GAIN, LINE_THRESHOLD, LINE_STRENGTH = 60.0, 0.012, 0.75
STRAIGHT_SIGMA, STRAIGHT = 2.5, (0.45, 0.8)  # pixels; from no line to a whole one
CROWD_SIGMA, CROWDED = 5.0, (0.15, 0.3)  # pixels; from a whole line to none
PALETTE = 0.3  # of the way to the colours of the target
SHADOWS, GAMMA, SATURATION = 0.06, 0.85, 1.25  # the lightness of black, of middle tones; colours
LUMA = (0.299, 0.587, 0.114)


class Painter(Generator):
    """Float32 [N, 3, H, W] in [-1, 1] -> the same, sides being multiples of 16."""

    size_multiple = 16

    sectors: Tensor
    matrix: Tensor
    offset: Tensor
    luma: Tensor

    def __init__(self, matrix: NDArray[np.float64], offset: NDArray[np.float64]) -> None:
        super().__init__()
        self.register_buffer("sectors", _sectors().repeat(3, 1, 1, 1))
        self.register_buffer("matrix", torch.from_numpy(matrix).float().view(3, 3, 1, 1))
        self.register_buffer("offset", torch.from_numpy(offset).float())
        self.register_buffer("luma", torch.tensor(LUMA).view(1, 3, 1, 1))

    def forward(self, picture: Tensor) -> Tensor:
        """Paint, draw lines, change the colours."""
        painted = self._paint((picture + 1) / 2)
        lines = _lines(self._lightness(painted))
        for _ in range(ROUNDS - 1):
            painted = self._paint(painted)
        coloured = self._brighten(F.conv2d(painted, self.matrix, self.offset))
        return (coloured * (1 - LINE_STRENGTH * lines)).clamp(0.0, 1.0) * 2 - 1

    def _paint(self, photo: Tensor) -> Tensor:
        """Each pixel as the mean of the sectors around it, the calmest counting most."""
        sides = photo.shape[-2:]
        around = F.pad(photo, [RADIUS] * 4, mode="reflect")
        mean, square = (
            F.conv2d(each, self.sectors, groups=3).view(-1, 3, SECTORS, *sides)
            for each in (around, around * around)
        )
        deviation = (square - mean * mean).clamp_min(0.0).sum(1, keepdim=True).sqrt()
        weight = (deviation + 0.02) ** -SHARPNESS
        return (weight * mean).sum(2) / weight.sum(2)

    def _lightness(self, photo: Tensor) -> Tensor:
        return F.conv2d(photo, self.luma)

    def _brighten(self, photo: Tensor) -> Tensor:
        before = self._lightness(photo).clamp_min(1e-4)
        after = SHADOWS + (1 - SHADOWS) * before**GAMMA
        gain = (after / before.clamp_min(0.08)).clamp_max(1.6)
        return after + SATURATION * gain * (photo - before)


def _sectors() -> Tensor:
    """The weights of each sector of the brush, [SECTORS, 1, side, side], of sum 1."""
    steps = torch.arange(-RADIUS, RADIUS + 1.0)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    distance = torch.hypot(x, y)
    disc = torch.exp(-2 * (distance / RADIUS) ** 2) * (distance < RADIUS + 0.5)
    towards = 2 * torch.pi * torch.arange(SECTORS).view(-1, 1, 1) / SECTORS
    apart = torch.remainder(torch.atan2(y, x) - towards + torch.pi, 2 * torch.pi) - torch.pi
    sectors = torch.exp(-((apart * SECTORS / torch.pi) ** 2) / 2)
    sectors[:, RADIUS, RADIUS] = 1.0  # the centre lies in all of them
    sectors = sectors * disc
    return (sectors / sectors.sum((1, 2), keepdim=True)).unsqueeze(1)


def _lines(lightness: Tensor) -> Tensor:
    """Where a painter would draw a line: 0 for nowhere to 1. Both [N, 1, H, W]."""
    wide = _blur(lightness, LINE_SIGMA * LINE_RATIO)
    dark_side = F.relu(wide - _blur(lightness, LINE_SIGMA) - LINE_THRESHOLD)
    lines = (LINE_GAIN * dark_side).clamp_max(1.0) * _ramp(_straightness(lightness), *STRAIGHT)
    return lines * (1 - _ramp(_blur(lines, CROWD_SIGMA), *CROWDED))


def _straightness(lightness: Tensor) -> Tensor:
    """The coherence of the structure tensor: 0 where nothing has a direction, 1 at an edge."""
    around = F.pad(lightness, [1] * 4, mode="reflect")
    right = around[..., 1:-1, 2:] - around[..., 1:-1, :-2]
    down = around[..., 2:, 1:-1] - around[..., :-2, 1:-1]
    xx, xy, yy = (
        _blur(each, STRAIGHT_SIGMA) for each in (right * right, right * down, down * down)
    )
    return (((xx - yy) ** 2 + 4 * xy**2) / ((xx + yy) ** 2 + 1e-6)).sqrt()


def _blur(plane: Tensor, sigma: float) -> Tensor:
    radius = int(3 * sigma + 0.5)
    steps = torch.arange(-radius, radius + 1, dtype=torch.float32)
    weights = torch.exp(-(steps**2) / (2 * sigma**2))
    weights = weights / weights.sum()
    around = F.pad(plane, [radius] * 4, mode="reflect")
    return F.conv2d(F.conv2d(around, weights.view(1, 1, 1, -1)), weights.view(1, 1, -1, 1))


def _ramp(values: Tensor, low: float, high: float) -> Tensor:
    """0 up to `low`, 1 from `high` on, and smooth in between."""
    steps = ((values - low) / (high - low)).clamp(0.0, 1.0)
    return steps * steps * (3 - 2 * steps)


def palette(
    photos: NDArray[np.float64], targets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The linear map of least change that takes one cloud of colours to another.

    Args:
        photos, targets: [N, 3], [M, 3], RGB in [0, 1].

    Returns:
        The matrix [3, 3] and the offset [3] of `matrix @ colour + offset`.

    Source: Pitie & Kokaram 2007, equation 8.
    """
    of_photos, of_targets = (np.cov(each, rowvar=False) for each in (photos, targets))
    root = _root(of_photos)
    back = np.linalg.inv(root)
    matrix = back @ _root(root @ of_targets @ root) @ back
    return matrix, targets.mean(0) - matrix @ photos.mean(0)


def _root(symmetric: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(symmetric)
    root: NDArray[np.float64] = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return root


def colours_of(folder: Path) -> NDArray[np.float64]:
    """Every 97th pixel of every picture of a folder, [N, 3], RGB in [0, 1]."""
    pictures = (load_picture(path).rgb for path in list_domain(folder))
    return np.concatenate([rgb.reshape(-1, 3)[::97] for rgb in pictures]) / 255


def main(data: Path, out: Path) -> None:
    """Write the painter that takes the pictures of `trainA` towards the colours of `trainB`."""
    matrix, offset = palette(colours_of(data / "trainA"), colours_of(data / "trainB"))
    painter = Painter(PALETTE * matrix + (1 - PALETTE) * np.eye(3), PALETTE * offset)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_onnx(painter.eval(), out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
