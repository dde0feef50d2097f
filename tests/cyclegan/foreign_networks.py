"""Plain definitions of other projects' networks, and files of their weights.

They follow what the projects publish of their layouts, not our code.
"""

from collections import OrderedDict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "instance": nn.InstanceNorm2d,
    "batch": nn.BatchNorm2d,
    "affine": lambda channels: nn.InstanceNorm2d(channels, affine=True),  # of 2017
    "none": lambda _: nn.Identity(),
    "tracking": lambda channels: nn.InstanceNorm2d(channels, track_running_stats=True),  # of 0.3
}


class Model(nn.Module):
    """What puts `model.` before the keys."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class Block(nn.Module):
    def __init__(self, channels: int, norm: str, padding: str, dropout: float | None) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for is_first in (True, False):
            pads = {"reflect": [nn.ReflectionPad2d(1)], "replicate": [nn.ReplicationPad2d(1)]}
            layers += pads.get(padding, [])
            padded = int(padding == "zero")
            layers += [nn.Conv2d(channels, channels, 3, padding=padded, bias=norm != "batch")]
            layers += [NORMS[norm](channels)]
            if is_first:
                layers += [nn.ReLU()] + ([] if dropout is None else [nn.Dropout(dropout)])
        self.conv_block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class Down(nn.Module):
    """CUT's: 3 taps, reflection, every other pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        taps = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
        self.register_buffer("filt", taps.repeat(channels, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (1, 1, 1, 1), mode="reflect")
        return F.conv2d(x, self.filt, groups=x.shape[1])[:, :, ::2, ::2]


class Up(nn.Module):
    """CUT's: 4 taps times 4, replication, transposed convolution, one pixel off every side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        row = torch.tensor([1.0, 3, 3, 1]) / 8
        self.register_buffer("filt", 4 * (row[:, None] * row).repeat(channels, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (1, 1, 1, 1), mode="replicate")
        x = F.conv_transpose2d(x, self.filt, stride=2, padding=2, groups=x.shape[1])
        return x[:, :, 1:-1, 1:-1]


def resnet(
    blocks: int,
    norm: str = "instance",
    padding: str = "reflect",
    dropout: float | None = None,
    blurs: bool = False,
    width: int = 4,
) -> Model:
    def then(channels: int) -> list[nn.Module]:
        return [NORMS[norm](channels), nn.ReLU()]

    bias = norm != "batch"
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7, bias=bias), *then(width)]
    for c in (width, 2 * width):
        layers += [nn.Conv2d(c, 2 * c, 3, 1 if blurs else 2, 1, bias=bias), *then(2 * c)]
        layers += [Down(2 * c)] if blurs else []
    layers += [Block(4 * width, norm, padding, dropout) for _ in range(blocks)]
    for c in (4 * width, 2 * width):
        if blurs:
            layers += [Up(c), nn.Conv2d(c, c // 2, 3, padding=1, bias=bias)]
        else:
            layers += [nn.ConvTranspose2d(c, c // 2, 3, 2, 1, output_padding=1, bias=bias)]
        layers += then(c // 2)
    return Model(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())


class Skip(Model):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.model(x)], 1)


class Nested(nn.Module):
    """What puts `model.` before the keys once more."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


def unet(levels: int, norm: str = "instance", width: int = 2) -> Nested:
    bias = norm != "batch"
    widths = [width * min(2**level, 8) for level in range(levels)]
    body: list[nn.Module] = []
    for outer, inner in reversed(list(pairwise(widths))):
        down = [nn.LeakyReLU(0.2, True), nn.Conv2d(outer, inner, 4, 2, 1, bias=bias)]
        within = [NORMS[norm](inner), *body] if body else []
        drops = [nn.Dropout(0.5)] if body and outer == 8 * width else []
        up = nn.ConvTranspose2d(inner * (2 if body else 1), outer, 4, 2, 1, bias=bias)
        body = [Skip(*down, *within, nn.ReLU(True), up, NORMS[norm](outer), *drops)]
    outermost = nn.ConvTranspose2d(2 * width, 3, 4, 2, 1)
    first = nn.Conv2d(3, width, 4, 2, 1, bias=bias)
    return Nested(Model(first, *body, nn.ReLU(True), outermost, nn.Tanh()))


def patches(norm: str = "instance", blurs: bool = False, width: int = 4) -> Model:
    stride = 1 if blurs else 2
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, stride, 1), nn.LeakyReLU(0.2)]
    layers += [Down(width)] if blurs else []
    for c, is_last in ((width, False), (2 * width, False), (4 * width, True)):
        bias = norm not in ("batch", "none")
        layers += [nn.Conv2d(c, 2 * c, 4, 1 if is_last else stride, 1, bias=bias)]
        layers += [NORMS[norm](2 * c), nn.LeakyReLU(0.2)]
        layers += [Down(2 * c)] if blurs and not is_last else []
    return Model(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))


def drawn(network: nn.Module, seed: int = 0) -> nn.Module:
    """Other weights than anybody starts with, and the mode in which the projects test."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.2
    for name, buffer in network.named_buffers():
        if buffer.is_floating_point() and not name.endswith("filt"):
            buffer.data = torch.rand(buffer.shape, generator=generator) + 0.5
    network.train()
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    return network


def save(network: nn.Module, path: Path, prefix: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    state = OrderedDict((prefix + key, value) for key, value in network.state_dict().items())
    torch.save(state, path)
    return path


@torch.no_grad()
def assert_equal_outputs(ours: nn.Module, theirs: nn.Module, side: int = 32) -> None:
    picture = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1
    torch.testing.assert_close(ours(picture), theirs(picture.clone()), atol=5e-5, rtol=1e-5)
