"""Generators of convolutions only: fast, without normalisation, with a finite receptive field."""

from torch import Tensor, nn
from torch.nn import functional as F

from cyclegan.layers import ChangeMask, Generator


class PlainBlock(nn.Module):
    """Residual block of two zero-padded 3x3 convolutions, no normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.conv1(x)))


class CoarseLevel(nn.Module):
    """A body at half the resolution, with twice the channels: the cost of as many blocks above.

    Shape: [N, C, H, W] -> the same; H and W multiples of 2**levels. No filter overlaps another on
    the way down, and every value is repeated on the way up: no checkerboard, and the window stays
    symmetric.
    """

    def __init__(self, channels: int, blocks: int, levels: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(channels, 2 * channels, 2, stride=2)
        self.blocks = _body(2 * channels, blocks, levels)
        self.up = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.join(x, self.blocks(self.down(x)))

    def join(self, x: Tensor, coarse: Tensor) -> Tensor:
        """Add what was found at half the resolution."""
        return x + F.interpolate(self.up(coarse), scale_factor=2.0, mode="nearest")


def _split(blocks: int, levels: int) -> tuple[int, int, int]:
    """How many blocks come before the coarser level, are in it, and come after it."""
    coarse = blocks // 2 if levels > 1 else 0
    before = (blocks - coarse) // 2 if coarse else blocks
    return before, coarse, blocks - coarse - before


def _body(channels: int, blocks: int, levels: int) -> nn.Sequential:
    """Residual blocks, with a coarser level in their midst where there is more than one."""
    before, coarse, after = _split(blocks, levels)
    layers: list[nn.Module] = [PlainBlock(channels) for _ in range(before)]
    layers += [CoarseLevel(channels, coarse, levels - 1)] if coarse else []
    return nn.Sequential(*layers, *(PlainBlock(channels) for _ in range(after)))


def _parts(body: nn.Sequential) -> tuple[list[nn.Module], CoarseLevel | None, list[nn.Module]]:
    """The blocks before the coarser level of a body, that level, and the blocks after it."""
    layers = list(body)
    for place, layer in enumerate(layers):
        if isinstance(layer, CoarseLevel):
            return layers[:place], layer, layers[place + 1 :]
    return layers, None, []


def _walk(body: nn.Sequential, x: Tensor, ends: list[Tensor | None]) -> Tensor:
    """What a body makes of `x`; `ends` gets what each row of blocks ends with, None for no row."""

    def along(row: list[nn.Module], x: Tensor) -> Tensor:
        for block in row:
            x = block(x)
        ends.append(x if row else None)
        return x

    before, coarse, after = _parts(body)
    x = along(before, x)
    if coarse:
        x = along(after, coarse.join(x, _walk(coarse.blocks, coarse.down(x), ends)))
    return x


def _take_over(body: nn.Sequential, deeper: nn.Sequential) -> None:
    """Take the layers of a body from one with as many blocks or more."""
    before, coarse, after = _parts(body)
    their_before, their_coarse, their_after = _parts(deeper)
    theirs = their_before + their_after
    # Where few are left there may be none on one side of the coarser level.
    pairs = (*zip(before, theirs), *zip(after, their_after if before else theirs))  # noqa: B905
    for block, their_block in pairs:
        block.load_state_dict(their_block.state_dict())
    if coarse and their_coarse:
        coarse.down.load_state_dict(their_coarse.down.state_dict())
        coarse.up.load_state_dict(their_coarse.up.state_dict())
        _take_over(coarse.blocks, their_coarse.blocks)


def _reach(beyond: int, blocks: int, levels: int) -> int:
    """How far a body looks, in its cells on a side, for what lies `beyond` an output on its side.

    Each 3x3 convolution adds a cell, a block two; a coarse cell is needed as a whole.
    """
    before, coarse, after = _split(blocks, levels)
    beyond += 2 * after
    if coarse:
        beyond = 2 * _reach(-(-beyond // 2), coarse, levels - 1)
    return beyond + 2 * before


class PlainGenerator(Generator):
    """Convolutions only, at a quarter of the resolution: runs at the speed of the hardware.

    Pixel-unshuffle by 4, a 3x3 convolution to `width` channels, residual blocks, a 3x3 convolution,
    pixel-shuffle by 4, tanh. Without normalisation and reflection padding inside, its receptive
    field is finite and a CPU runtime keeps its blocked layout throughout.

    Args:
        width: channels of the residual blocks.
        blocks: residual blocks.
        levels: of resolution. With 2 half of the blocks, in the middle, work at an eighth of it;
            with 3 half of those at a sixteenth, and so on: the receptive field grows at about the
            same cost.
        border: pixels mirrored around a picture and cut off its translation, so that the zeros
            which pad every layer are further from it; a multiple of half of `size_multiple`.
        mask_threshold: of a `ChangeMask` over what is changed; 0: no mask, every change is kept.

    Differs from the paper: no normalisation, zero padding; because on a CPU it takes three times as
    many training steps in the same time as a ResNet of half the width, keeps backgrounds and
    colours as they are, and translates a 256x256 picture about 25 times faster than the ResNet of
    width 64.
    """

    PATCH = 4  # pixels; side of the cells that become channels

    def __init__(
        self,
        width: int,
        blocks: int,
        levels: int = 1,
        border: int = 0,
        mask_threshold: float = 0.0,
    ) -> None:
        super().__init__()
        self.border = border
        self.mask = ChangeMask(mask_threshold, self.PATCH) if mask_threshold else None
        self.has_mask = self.mask is not None
        self.size_multiple = self.PATCH * 2 ** (levels - 1)
        # The last convolution's cell and those that a mask looks at, and the first one's.
        last = 1 + (self.mask.REACH if self.mask else 0)
        reach = _reach(last, blocks, levels) + 1
        self.receptive_field = self.size_multiple + 2 * self.PATCH * reach
        self.head = nn.Sequential(
            nn.PixelUnshuffle(self.PATCH), nn.Conv2d(3 * self.PATCH**2, width, 3, padding=1)
        )
        self.body = _body(width, blocks, levels)
        self.tail = nn.Sequential(
            nn.Conv2d(width, 3 * self.PATCH**2, 3, padding=1),
            nn.PixelShuffle(self.PATCH),
            nn.Tanh(),
        )

    def take_over(self, deeper: "PlainGenerator") -> None:
        """Become a generator with more blocks, without some of these; width and levels are equal.

        Of the blocks before and after a coarser level the first are taken, as many as there are
        here. Each adds little to what it is given, so what is left does something similar; of the
        blocks of `horse2zebra` no others of as many were nearer to it.
        """
        for ours, theirs in ((self.head, deeper.head), (self.tail, deeper.tail)):
            ours.load_state_dict(theirs.state_dict())
        _take_over(self.body, deeper.body)

    def forward(self, x: Tensor) -> Tensor:
        framed = self._frame(x)
        picture, _ = self._finish(self.tail(self.body(self.head(framed))), framed, x)
        return picture

    def with_mask(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The picture, and the mask of what was changed in it, as `Generator` has it."""
        framed = self._frame(x)
        picture, mask = self._finish(self.tail(self.body(self.head(framed))), framed, x)
        assert mask is not None, "whoever asks has looked at has_mask"
        return picture, mask

    def with_layers(self, x: Tensor) -> tuple[Tensor, list[Tensor | None]]:
        """The picture, and what the blocks before and after each coarser level end with.

        Shape: of these [N, C, h, w], from the outermost level to the coarsest and back; None where
        there are no blocks. Generators of one width and as many levels have as many.
        """
        framed, ends = self._frame(x), list[Tensor | None]()
        translated = self.tail(_walk(self.body, self.head(framed), ends))
        picture, _ = self._finish(translated, framed, x)
        return picture, ends

    def _finish(
        self, translated: Tensor, framed: Tensor, x: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """The picture of what was made of a framed one, and the mask, if there is one."""
        if self.mask is None:
            return self._crop(translated, x), None
        change = translated - framed
        mask = self.mask(change)
        return self._crop(framed + mask * change, x), self._crop(mask, x)

    def _frame(self, x: Tensor) -> Tensor:
        return F.pad(x, (self.border,) * 4, mode="reflect") if self.border else x

    def _crop(self, framed: Tensor, x: Tensor) -> Tensor:
        """The part of what was made of a framed picture that shows the picture."""
        height, width = x.shape[2:]
        border = self.border
        return framed[..., border:, border:][..., :height, :width] if border else framed
