"""Animated PNG: its frames out of a file, and into one.

Single PNGs, which its frames are once they are taken apart, are Pillow's. Pillow's own reader of
animations shows black where an opaque frame is to leave nothing behind, makes what is blended less
opaque than it is, and draws frames over a first picture that is not part of the animation; its
writer keeps all frames in memory, and makes one of those that are alike.

Source: Portable Network Graphics (PNG) Specification, Third Edition, 4.9 and 11.3.4.
"""

import io
import itertools
import os
import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cached_property
from typing import Any, BinaryIO, NamedTuple

from PIL import Image
from PIL.PngImagePlugin import Blend, Disposal, PngImageFile, getchunks, putchunk

from cyclegan.contract.modes import mend_clear_colour, to_8_bits

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CONTROL = struct.Struct(">IIIIIHHBB")  # of a frame (fcTL)
_MOST = 65_535  # in a numerator or denominator of a duration


class _Part(NamedTuple):
    """A frame as the file has it: what is drawn over those before it."""

    box: tuple[int, int, int, int]  # left, top, right, bottom; pixels of the whole
    duration_ms: float
    disposal: int  # what is done with the box before the next one is drawn
    blend: int
    data: list[tuple[int, int]]  # where in the file its pixels are: position and length


class AnimatedPng(Image.Image):
    """Frames that are decoded one by one, as those of Pillow's own formats: `seek`, then `load`.

    Only forward. A first picture that is not part of the animation is no frame. What the file says
    of itself is known from the start, wherever in the file it stands.
    """

    format = PngImageFile.format

    def __init__(self, file: BinaryIO, header: PngImageFile) -> None:
        """`header` is the same file, as Pillow opened it."""
        super().__init__()
        self.n_frames = header.n_frames - header.default_image
        self._file = file
        self._said, self._parts = _take_apart(file, header.size)
        has_alpha = header.has_transparency_data or _has_holes(self._parts, header.size)
        self._mode, self._size = "RGBA" if has_alpha else "RGB", header.size
        self.info = self._single(header.size, self._said, []).info | {"loop": header.info["loop"]}
        self.info.pop("transparency", None)  # the number of a colour: of the parts
        self._undo: tuple[Image.Image, tuple[int, int, int, int]] | None = None
        self._shown = -1

    @cached_property
    def _canvas(self) -> Image.Image:
        """What frames are drawn on; not made before the first: a header may say any size."""
        return Image.new(self.mode, self.size)

    def load(self) -> Any:
        """The pixels of the frame that it is at, at first those of the first one."""
        self.seek(max(self._shown, 0))
        return super().load()

    def seek(self, frame: int) -> None:
        """Go on to a frame. Raises: OSError if it is not there; what Pillow raises, if damaged."""
        while self._shown < frame:
            if self._shown + 1 == len(self._parts):
                raise OSError(f"frame {frame + 1} of {self.n_frames} is not there")
            self._draw(self._parts[self._shown + 1])
            self._shown += 1

    def _draw(self, part: _Part) -> None:
        drawn = self._decode(part)
        if self._undo:
            self._canvas.paste(*self._undo)
        under = self._canvas.crop(part.box)
        if part.blend == Blend.OP_OVER and self.mode == "RGBA":
            drawn = Image.alpha_composite(under, drawn)
        self._canvas.paste(drawn, part.box)
        self._undo = None
        if part.disposal == Disposal.OP_BACKGROUND:
            self._undo = Image.new(self.mode, under.size), part.box
        elif part.disposal == Disposal.OP_PREVIOUS:
            self._undo = under, part.box
        self.im = self._canvas.im
        self.info["duration"] = part.duration_ms

    def _decode(self, part: _Part) -> Image.Image:
        left, top, right, bottom = part.box
        colours = [each for each in self._said if each[0] in (b"IHDR", b"PLTE", b"tRNS")]
        return to_8_bits(self._single((right - left, bottom - top), colours, part.data)).convert(
            self.mode
        )

    def _single(
        self,
        size: tuple[int, int],
        chunks: Iterable[tuple[bytes, bytes]],
        data: Iterable[tuple[int, int]],
    ) -> PngImageFile:
        """A PNG that is not animated."""
        single = io.BytesIO()
        single.write(_SIGNATURE)
        for kind, content in chunks:
            header = struct.pack(">II", *size) + content[8:]
            putchunk(single, kind, header if kind == b"IHDR" else content)
        putchunk(single, b"IDAT", *(_read(self._file, at, length) for at, length in data))
        putchunk(single, b"IEND")
        single.seek(0)
        image = PngImageFile(single)
        mend_clear_colour(image)
        return image


def write_frames(
    frames: Iterable[tuple[Image.Image, float]],
    file: BinaryIO,
    *,
    count: int,
    plays: int,
    mode: str,
    **options: Any,
) -> None:
    """Write frames and for how many milliseconds each is shown, one in memory at a time.

    `count` is how many there are, `plays` how often they are shown (0: for ever), `mode` one of
    RGB and RGBA, `options` are those of Pillow's writer.
    """
    numbers = itertools.count()
    file.write(_SIGNATURE)
    for place, (image, duration_ms) in enumerate(frames):
        chunks = getchunks(image if image.mode == mode else image.convert(mode), **options)
        if place == 0:
            for kind, content, _ in chunks:
                if kind not in (b"IDAT", b"IEND"):
                    putchunk(file, kind, content)
            putchunk(file, b"acTL", struct.pack(">II", count, plays))
        control = next(numbers), *image.size, 0, 0, *_delay(duration_ms)
        putchunk(file, b"fcTL", _CONTROL.pack(*control, Disposal.OP_NONE, Blend.OP_SOURCE))
        for kind, content, _ in chunks:
            if kind == b"IDAT" and place == 0:  # which programs show that know no animation
                putchunk(file, b"IDAT", content)
            elif kind == b"IDAT":
                putchunk(file, b"fdAT", struct.pack(">I", next(numbers)), content)
    putchunk(file, b"IEND")


def _take_apart(
    file: BinaryIO, size: tuple[int, int]
) -> tuple[list[tuple[bytes, bytes]], list[_Part]]:
    """What is said of the whole, by kind, and the frames as far as they are there."""
    said: list[tuple[bytes, bytes]] = []
    parts: list[_Part] = []
    number = 0
    for kind, at, length in _chunks(file):
        if kind in (b"fcTL", b"fdAT"):
            if _read(file, at, 4) != struct.pack(">I", number):
                break  # a part of the file is missing
            number += 1
        if kind == b"fcTL":
            part = _read_control(_read(file, at, length))
            left, top, right, bottom = part.box
            if not (left < right <= size[0] and top < bottom <= size[1]):
                break
            parts.append(part)
        elif kind == b"fdAT" and parts:
            parts[-1].data.append((at + 4, length - 4))
        elif kind == b"IDAT" and parts:
            parts[-1].data.append((at, length))
        elif kind not in (b"acTL", b"IDAT", b"fdAT", b"IEND"):
            said.append((kind, _read(file, at, length)))
    return said, parts


def _has_holes(parts: list[_Part], size: tuple[int, int]) -> bool:
    """Whether opaque frames may leave something transparent."""
    covers = bool(parts) and parts[0].box == (0, 0, *size)
    stays = covers and parts[0].disposal == Disposal.OP_NONE
    return not stays or any(part.disposal == Disposal.OP_BACKGROUND for part in parts)


def _read_control(content: bytes) -> _Part:
    _, width, height, left, top, delay, units, disposal, blend = _CONTROL.unpack(content)
    box = left, top, left + width, top + height
    return _Part(box, 1000 * delay / (units or 100), disposal, blend, [])


def _delay(duration_ms: float) -> tuple[int, int]:
    """Seconds as a fraction of 16 bits above and below."""
    seconds = min(duration_ms / 1000, float(_MOST))
    return Fraction(seconds).limit_denominator(int(_MOST / max(seconds, 1))).as_integer_ratio()


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, position and length of what the file has, as far as it is whole."""
    size = file.seek(0, os.SEEK_END)
    at = len(_SIGNATURE) + 8
    while at + 4 <= size:
        length, kind = struct.unpack(">I4s", _read(file, at - 8, 8))
        if at + length + 4 > size:
            return
        yield kind, at, length
        at += length + 12


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
