"""The yardstick: the CycleGAN of the paper in plain PyTorch, float32, layer by layer.

Written out once more, apart from `cyclegan.networks` and `cyclegan.step`, so that whatever is made
faster there leaves the yardstick as it is. Source: Zhu et al. 2017, sections 3, 4, appendix 7.2.
"""

import random
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ReferenceBlock(nn.Module):
    """A residual block of the generator."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def reference_generator(width: int = 64, blocks: int = 9) -> nn.Sequential:
    """The generator: [N, 3, H, W] in [-1, 1] to the same, H and W multiples of 4."""

    def norm(channels: int) -> list[nn.Module]:
        return [nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)]

    def up(channels: int) -> nn.Module:
        return nn.ConvTranspose2d(channels, channels // 2, 3, stride=2, padding=1, output_padding=1)

    return nn.Sequential(
        *(nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), *norm(width)),
        *(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), *norm(2 * width)),
        *(nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1), *norm(4 * width)),
        *(ReferenceBlock(4 * width) for _ in range(blocks)),
        *(up(4 * width), *norm(2 * width)),
        *(up(2 * width), *norm(width)),
        *(nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()),
    )


class ReferencePlainBlock(nn.Module):
    """A residual block of the plain generator."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def reference_plain_generator(width: int = 64, blocks: int = 8) -> nn.Sequential:
    """The generator of our preset `fast` in its sizes, written like the other one."""
    return nn.Sequential(
        *(nn.PixelUnshuffle(4), nn.Conv2d(48, width, 3, padding=1)),
        *(ReferencePlainBlock(width) for _ in range(blocks)),
        *(nn.Conv2d(width, 48, 3, padding=1), nn.PixelShuffle(4), nn.Tanh()),
    )


def reference_discriminator(width: int = 64) -> nn.Sequential:
    """The discriminator of 70x70 patches: [N, 3, H, W] -> logits [N, 1, H/8 - 2, W/8 - 2]."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    for channels, stride in ((width, 2), (2 * width, 2), (4 * width, 1)):
        layers += [
            nn.Conv2d(channels, 2 * channels, 4, stride, 1),
            nn.InstanceNorm2d(2 * channels),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))


class ReferenceStep:
    """One update of the four networks: least squares, cycle 10, identity 5, pools of 50 fakes."""

    def __init__(
        self,
        generator: Callable[[], nn.Module] = reference_generator,
        width: int = 64,
        device: torch.device | None = None,
    ) -> None:
        """Build the networks, on the CPU unless told otherwise; `width` is the discriminators'."""
        self.G_AB, self.G_BA = generator().to(device), generator().to(device)
        self.D_A, self.D_B = (reference_discriminator(width).to(device) for _ in range(2))
        self.optimizer_G = self._adam(self.G_AB, self.G_BA)
        self.optimizer_D = self._adam(self.D_A, self.D_B)
        self.pool_A: list[Tensor] = []
        self.pool_B: list[Tensor] = []
        self.random = random.Random(0)

    def __call__(self, real_A: Tensor, real_B: Tensor) -> None:
        """Train on one batch, float32 [N, 3, H, W] in [-1, 1]."""
        for network in (self.D_A, self.D_B):
            network.requires_grad_(False)
        self.optimizer_G.zero_grad()
        fake_B, fake_A = self.G_AB(real_A), self.G_BA(real_B)
        cycle = F.l1_loss(self.G_BA(fake_B), real_A) + F.l1_loss(self.G_AB(fake_A), real_B)
        identity = F.l1_loss(self.G_AB(real_B), real_B) + F.l1_loss(self.G_BA(real_A), real_A)
        adversarial = _judged(self.D_A(fake_A), 1.0) + _judged(self.D_B(fake_B), 1.0)
        (adversarial + 10 * cycle + 5 * identity).backward()
        self.optimizer_G.step()

        for network in (self.D_A, self.D_B):
            network.requires_grad_(True)
        self.optimizer_D.zero_grad()
        for judge, real, fake, pool in (
            (self.D_A, real_A, fake_A, self.pool_A),
            (self.D_B, real_B, fake_B, self.pool_B),
        ):
            old = self._exchange(pool, fake.detach())
            (0.5 * (_judged(judge(real), 1.0) + _judged(judge(old), 0.0))).backward()
        self.optimizer_D.step()

    def _exchange(self, pool: list[Tensor], fake: Tensor) -> Tensor:
        if len(pool) < 50:
            pool.append(fake)
        elif self.random.random() < 0.5:
            place = self.random.randrange(50)
            pool[place], fake = fake, pool[place]
        return fake

    @staticmethod
    def _adam(*networks: nn.Module) -> torch.optim.Adam:
        parameters = [parameter for network in networks for parameter in network.parameters()]
        return torch.optim.Adam(parameters, lr=2e-4, betas=(0.5, 0.999))


def _judged(logits: Tensor, wanted: float) -> Tensor:
    return F.mse_loss(logits, torch.full_like(logits, wanted))
