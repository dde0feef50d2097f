"""Pictures into files: a picture or an animation -> a file that is whole or not there.

Which formats there are is in formats.py, how pictures are read in images.py.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import GifImagePlugin, Image

from cyclegan.contract.apng import write_frames
from cyclegan.contract.errors import PictureError
from cyclegan.contract.files import PlainFile, atomic_write
from cyclegan.contract.formats import format_to_write
from cyclegan.contract.images import Animation, Frame, Picture
from cyclegan.contract.metadata import metadata_options

DEFAULT_QUALITY = 95
_WHITE = (255, 255, 255)
_MOST_PLAYS = 2**16 - 1  # of a GIF and a WebP
_MANY = 2**15  # colours
_COARSE = [value & 0xFC | 0x02 for value in range(256)] * 3  # 6 bits of R, G and B


def save_picture(
    picture: Picture | Animation,
    path: Path,
    *,
    quality: int = DEFAULT_QUALITY,
    check: Callable[[], None] | None = None,
) -> tuple[int, int]:
    """Write a picture so that it is whole or not there; see `write_picture`.

    `check` is called before each part of the file, and what it raises ends the work. WebP and AVIF
    are made in one part.

    Raises: PictureError; StorageError.
    """
    format_to_write(path.suffix, str(path))  # before a file or folder is made
    with atomic_write(path) as temporary, _open(temporary, check) as file:
        return write_picture(picture, file, path.suffix, name=str(path), quality=quality)


def _open(path: Path, check: Callable[[], None] | None) -> BinaryIO:
    return _Checked(path, check) if check else PlainFile(path)


class _Checked(PlainFile):
    """A file that asks before each part of it."""

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        super().__init__(path)
        self._check = check

    def write(self, part: Any) -> int:
        self._check()
        return super().write(part)


def write_picture(
    picture: Picture | Animation,
    file: BinaryIO,
    suffix: str,
    *,
    name: str = "the picture",
    quality: int = DEFAULT_QUALITY,
) -> tuple[int, int]:
    """Write a picture in the format of files with a suffix like ".jpg".

    `quality` (1 to 100) is for JPEG, WebP and AVIF. Formats without alpha (JPEG, BMP) show the
    picture on white. Of an animation, formats that know none take the first frame; an AVIF plays
    for ever.

    Returns its height and width in pixels. Raises: PictureError if the format is not one we write
    or cannot hold the picture; `name` is what it calls the file.
    """
    form = format_to_write(suffix, name)
    if isinstance(picture, Picture):
        picture = Animation(iter([Frame(picture, 0)]), count=1, plays=1)
    frames, count, plays = picture.frames, picture.count, picture.plays
    first = next(frames)
    height, width = first.picture.rgb.shape[:2]
    if max(height, width) > form.max_side:
        raise PictureError(
            f"{name}: {form.name} has room for {form.max_side} pixels a side, the picture is "
            f"{width} x {height}; use PNG"
        )
    options = dict(form.options)
    if "quality" in options:
        options["quality"] = quality
    if form.has_metadata:
        options |= metadata_options(first.picture.metadata, form.name)
    images = (_to_image(frame, form.has_alpha) for frame in chain([first], frames))
    if form.name == "GIF":
        _write_gif(images, file, plays, options)
    elif form.name == "PNG" and count > 1:
        mode = "RGBA" if picture.has_alpha else "RGB"
        write_frames(images, file, count=count, plays=plays, mode=mode, **options)
    elif form.is_animated and count > 1:
        moving = _Moving(images, count)
        options |= {"duration": moving.durations_ms, "loop": min(plays, _MOST_PLAYS)}
        moving.save(file, form.name, save_all=True, **options)
    else:
        next(images).image.save(file, form.name, **options)
    return height, width


class _Shown(NamedTuple):
    """A frame as Pillow has it."""

    image: Image.Image
    duration_ms: float


class _Whole:
    """Durations in the unit of a format: what one frame loses the next one gets."""

    def __init__(self, unit_ms: int) -> None:
        self._unit_ms = unit_ms
        self._late_ms = 0.0

    def of(self, duration_ms: float) -> int:
        """How long a frame is shown, in milliseconds."""
        self._late_ms += duration_ms
        shown_ms = round(self._late_ms / self._unit_ms) * self._unit_ms
        self._late_ms -= shown_ms
        return shown_ms


def _to_image(frame: Frame, with_alpha: bool) -> _Shown:
    picture = frame.picture if with_alpha else frame.picture.flattened(_WHITE)
    pixels = picture.rgb
    if picture.alpha is not None:
        pixels = np.dstack([picture.rgb, picture.alpha])  # [H, W, 4]
    return _Shown(Image.fromarray(pixels), frame.duration_ms)


class _Moving(Image.Image):
    """Frames that are made when Pillow asks for them: one at a time is in memory."""

    def __init__(self, frames: Iterator[_Shown], count: int) -> None:
        super().__init__()
        self.n_frames = count
        self.is_animated = True
        self.durations_ms: list[int] = []  # of the frames so far; read after each of them
        self._frames = frames
        self._whole = _Whole(1)
        self.seek(0)

    def tell(self) -> int:
        return len(self.durations_ms) - 1

    def seek(self, frame: int) -> None:
        if frame == len(self.durations_ms):  # Pillow goes forward, and in the end back to the first
            image, duration_ms = next(self._frames)
            self.durations_ms.append(self._whole.of(duration_ms))
            self.im, self._mode, self._size = image.im, image.mode, image.size


def _write_gif(frames: Iterator[_Shown], file: BinaryIO, plays: int, said: dict[str, Any]) -> None:
    """Write frame after frame, each with colours of its own. Pillow's writer keeps all of them."""
    whole = _Whole(10)
    is_first = True
    for image, duration_ms in frames:
        paletted, transparent = _to_palette(image)
        options: dict[str, Any] = {"duration": whole.of(duration_ms)}
        if transparent is not None:
            options |= {"transparency": transparent, "disposal": 2}
        if is_first:
            # It says how often the animation is repeated (0: for ever), and nothing for once.
            loop = {} if plays == 1 else {"loop": min(max(plays - 1, 0), _MOST_PLAYS)}
            header, _ = GifImagePlugin.getheader(paletted, info=options | loop | said)
            file.writelines(header)
        options["include_color_table"] = not is_first  # the first one has that of the header
        file.writelines(GifImagePlugin.getdata(paletted, **options))
        is_first = False
    file.write(b";")


def _to_palette(image: Image.Image) -> tuple[Image.Image, int | None]:
    """The image in 256 colours at most, and the number of the one that is transparent."""
    if image.mode == "RGB":
        return _quantize(image, 256), None
    paletted = _quantize(image.convert("RGB"), 255)
    pixels = np.asarray(paletted).copy()
    pixels[np.asarray(image)[..., 3] < 128] = 255
    again = Image.fromarray(pixels, "P")
    again.putpalette(_padded(paletted))
    return again, 255


def _quantize(image: Image.Image, count: int) -> Image.Image:
    """The image in its own colours where those are at most `count`, else in that many others.

    Of very many colours, those that are nearly the same are taken for one first: a frame of
    640 x 480 pixels takes 67 ms instead of 251, and comes 38.1 dB near, not 38.6.
    """
    few = image.getcolors(_MANY) is not None
    return (image if few else image.point(_COARSE)).quantize(count)


def _padded(paletted: Image.Image) -> list[int]:
    colours = paletted.getpalette() or []
    return colours + [0] * (768 - len(colours))
