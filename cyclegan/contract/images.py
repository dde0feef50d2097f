"""Pictures from files: bytes -> upright 8-bit sRGB within limits, still or frame by frame.

Which formats there are is in formats.py, how pictures are written in saving.py, which files of a
folder are pictures in walk.py, what networks see of a picture in pixels.py.
"""

import io
import logging
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageCms, TiffImagePlugin

from cyclegan.contract.errors import PictureError, brief
from cyclegan.contract.formats import FORMATS, open_header
from cyclegan.contract.metadata import NOTHING_SAID, Metadata, read_metadata
from cyclegan.contract.modes import to_8_bits
from cyclegan.contract.pixels import strips

MAX_PIXELS = 100_000_000

Source = Path | bytes | BinaryIO

# Pillow dates what it makes, and the same picture would be another file every second.
_MADE_NOW = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_SRGB = _MADE_NOW[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + _MADE_NOW[36:]

_ANIMATED = {each.name for each in FORMATS if each.is_animated}

# What a page of a TIFF is (NewSubfileType): a smaller copy of another, or its mask of transparency.
_SUBFILE, _COPY_OR_MASK = 254, 1 | 4

# Mixtures of nine steps of each channel, in a row. [1, 729, 3]
_COLOURS = (np.indices((9, 9, 9)).reshape(3, -1).T * 255 // 8).astype(np.uint8)[None]

# EXIF's orientation: whether rows are stored as columns, and whether rows and columns are stored
# backwards.
_STORED = {
    1: (False, 1, 1),
    2: (False, 1, -1),
    3: (False, -1, -1),
    4: (False, -1, 1),
    5: (True, 1, 1),
    6: (True, -1, 1),
    7: (True, -1, -1),
    8: (True, 1, -1),
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Picture:
    """An upright sRGB picture and what must survive its translation."""

    rgb: NDArray[np.uint8]  # [H, W, 3]
    alpha: NDArray[np.uint8] | None = None  # [H, W], 255 is opaque; None where the file has none
    metadata: Metadata = NOTHING_SAID
    pages: int = 1  # of its file, a TIFF, or frames of an animation; this is the first one

    def flattened(self, colour: tuple[int, int, int]) -> Self:
        """The picture as it looks on a colour (R, G, B), without alpha."""
        if self.alpha is None:
            return self
        rgb = np.empty_like(self.rgb)
        for rows in strips(len(rgb)):
            image = Image.fromarray(np.dstack([self.rgb[rows], self.alpha[rows]]))  # [h, W, 4]
            ground = Image.new("RGBA", image.size, colour)
            rgb[rows] = np.asarray(Image.alpha_composite(ground, image).convert("RGB"))
        return replace(self, rgb=rgb, alpha=None)


class Frame(NamedTuple):
    """One picture of an animation."""

    picture: Picture
    duration_ms: float  # how long it is shown


@dataclass(frozen=True)
class Animation:
    """Pictures one after the other, each decoded when it is asked for."""

    frames: Iterator[Frame]  # can be gone through once, while the file is open
    count: int  # of frames
    plays: int  # how often it is shown; 0: for ever
    has_alpha: bool = True  # False: none of the pictures has one

    def map(self, change: Callable[[Picture], Picture]) -> "Animation":
        """The animation of the changed pictures, each changed when it is asked for."""
        frames = (Frame(change(picture), duration) for picture, duration in self.frames)
        return replace(self, frames=frames)


def load_picture(
    source: Source, *, max_pixels: int = MAX_PIXELS, name: str | None = None
) -> Picture:
    """Read a picture as people see it: turned upright, in sRGB, 8 bits a channel, alpha kept.

    16-bit greys are scaled, CMYK and palettes converted; of an animation, the first frame.
    `name` is what errors call a source that is not a path.

    Raises: PictureError if there is no such file, it is empty, not a picture, truncated, or of
    more than `max_pixels` pixels (refused from its header, before anything is decoded).
    """
    with _open_image(source, max_pixels, name) as (image, called):
        picture = _read(image, called)
        with suppress(Exception):  # of a decoder: a later frame is damaged, this one is whole
            return replace(picture, pages=max(picture.pages, _count_frames(image)))
        return picture


@contextmanager
def open_picture(
    source: Source, *, max_pixels: int = MAX_PIXELS, name: str | None = None
) -> Iterator[Picture | Animation]:
    """Read a picture, or the frames of an animation as long as the block lasts.

    Raises: PictureError as `load_picture`, for a frame when it is asked for.
    """
    with _open_image(source, max_pixels, name) as (image, called):
        with _decoding(called):
            count = _count_frames(image)
        if count > 1:
            yield _read_animation(image, called, count)
            return
        still = [_read(image, called)]
    del image  # larger than the picture, which nothing here holds on to either
    yield still.pop()


@contextmanager
def _open_image(
    source: Source, max_pixels: int, name: str | None
) -> Iterator[tuple[Image.Image, str]]:
    """The header of a picture that is not too large, and what to call it in errors."""
    name = name or (str(source) if isinstance(source, Path) else "the picture")
    with ExitStack() as stack:
        try:
            if isinstance(source, Path):
                file: BinaryIO = stack.enter_context(source.open("rb"))
            else:
                file = io.BytesIO(source) if isinstance(source, bytes) else source
            image = open_header(file, name)
        except OSError as error:
            raise PictureError(f"{name} cannot be opened: {brief(error)}") from error
        width, height = image.size
        if width * height > max_pixels:
            raise PictureError(
                f"{name} is too large: {width} x {height} pixels, the limit is "
                f"{max_pixels / 1e6:g} megapixels; make it smaller first"
            )
        yield image, name


def _read(image: Image.Image, name: str) -> Picture:
    """The pixels of an opened image, or of the frame that it is at. Raises: PictureError."""
    with _decoding(name):
        pages = _count_pages(image)
        image.load()
        mode = to_8_bits(image.crop((0, 0, 1, 1))).mode
        to_srgb, icc = _conversion("RGB" if mode == "RGBA" else mode, image.info.get("icc_profile"))
        orientation, metadata = read_metadata(image, icc)  # after load(): TIFF is upright then
        is_negative = image.mode == "I;16" and _has_white_as_0(image)
        is_turned, down, right = _STORED.get(orientation, _STORED[1])
        height, width = image.size if is_turned else image.size[::-1]
        rgb = np.empty((height, width, 3), np.uint8)
        alpha = np.empty((height, width), np.uint8) if mode == "RGBA" else None

        def stored(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return (pixels.swapaxes(0, 1) if is_turned else pixels)[::down, ::right]

        for rows in strips(image.height):  # each step on the whole would be a copy of all
            pixels = to_8_bits(image.crop((0, rows.start, image.width, rows.stop)))
            if is_negative:
                pixels = ImageChops.invert(pixels)
            if alpha is not None:
                stored(alpha)[rows] = np.asarray(pixels.getchannel("A"))
                pixels = pixels.convert("RGB")
            stored(rgb)[rows] = np.asarray(to_srgb(pixels))
        return Picture(rgb, alpha, metadata, pages)


def _count_frames(image: Image.Image) -> int:
    """How many frames an animation has; 1 of any other picture."""
    return getattr(image, "n_frames", 1) if image.format in _ANIMATED else 1


def _count_pages(image: Image.Image) -> int:
    """How many pictures a TIFF has, without smaller copies and masks of others; 1 of any other."""
    count = 1
    if not isinstance(image, TiffImagePlugin.TiffImageFile) or image.fp is None:
        return count
    image.fp.seek(0)
    pages = TiffImagePlugin.TiffImageFile(image.fp)  # not to lose the place in the first one
    try:
        while True:
            pages.seek(pages.tell() + 1)
            count += not pages.tag_v2.get(_SUBFILE, 0) & _COPY_OR_MASK
    except Exception:  # noqa: BLE001 (there are no more, or none that can be read)
        return count


def _has_white_as_0(image: Image.Image) -> bool:
    """Whether 0 is white in a TIFF, which Pillow minds up to 8 bits, not with 16."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    return image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0


def _read_animation(image: Image.Image, name: str, count: int) -> Animation:
    size = width, height = image.size

    def frames() -> Iterator[Frame]:
        for place in range(count):
            with _decoding(name):
                image.seek(place)
            picture = _read(image, name)
            if image.size != size:  # of a GIF: a frame reaches beyond it, and browsers cut that off
                alpha = None if picture.alpha is None else picture.alpha[:height, :width]
                picture = replace(picture, rgb=picture.rgb[:height, :width], alpha=alpha)
            yield Frame(picture, image.info.get("duration", 0))

    plays = image.info.get("loop", 0 if image.format == "AVIF" else 1)  # Pillow knows no other AVIF
    if image.format == "GIF" and plays and "loop" in image.info:
        plays += 1  # it says how often it is repeated, the others how often it is shown
    has_alpha = image.format == "GIF" or image.has_transparency_data  # of GIF, only frames say it
    return Animation(frames(), count, plays, has_alpha)


@contextmanager
def _decoding(name: str) -> Iterator[None]:
    """Errors of decoders as ours, which say `name`."""
    try:
        yield
    except PictureError as error:
        raise PictureError(f"{name} {error}") from error
    except MemoryError as error:
        raise PictureError(f"{name} needs more memory than there is; make it smaller") from error
    # Pillow's decoders raise a dozen kinds of exceptions on damaged files (OSError, SyntaxError,
    # ValueError, struct.error, zlib.error, ...); whichever it is, this file is not readable.
    except Exception as error:
        raise PictureError(
            f"{name} is truncated or damaged ({brief(error)}); save or copy it again"
        ) from error


def _conversion(
    mode: str, icc: bytes | None
) -> tuple[Callable[[Image.Image], Image.Image], bytes | None]:
    """What makes sRGB of colours in `mode` with the embedded profile, and the profile to say.

    A profile that cannot be used is left out.
    """

    def convert(colours: Image.Image) -> Image.Image:
        return colours.convert("RGB")

    if not icc:
        return convert, None
    try:
        if _is_srgb(icc):
            return convert, icc  # exact, where a conversion would round
        profile, is_rgb = _read_profile(icc)
        transform = _to_srgb(profile, "RGB" if is_rgb else mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        log.debug("a colour profile is left out: %s", error)
        return convert, None

    def transform_colours(colours: Image.Image) -> Image.Image:
        return _apply(transform, convert(colours) if is_rgb else colours)

    return transform_colours, _SRGB


@lru_cache(maxsize=8)  # the pictures of a folder have few; this takes 7 ms
def _is_srgb(icc: bytes) -> bool:
    """Whether a profile leaves colours as they are, but for rounding.

    By what it does: one that is called sRGB-elle-V2-g10 is linear. Raises: PyCMSError, OSError.
    """
    profile, is_rgb = _read_profile(icc)
    if not is_rgb:
        return False
    after = np.asarray(_apply(_to_srgb(profile, "RGB"), Image.fromarray(_COLOURS)))
    return bool(np.abs(after.astype(np.int16) - _COLOURS).max() <= 1)


def _read_profile(icc: bytes) -> tuple[ImageCms.ImageCmsProfile, bool]:
    """A profile, and whether it is one of RGB."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    return profile, profile.profile.xcolor_space.strip() == "RGB"


def _to_srgb(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    """What makes sRGB of colours with a profile."""
    return ImageCms.buildTransform(
        profile,
        ImageCms.ImageCmsProfile(io.BytesIO(_SRGB)),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,  # both as browsers show pictures
    )


def _apply(transform: ImageCms.ImageCmsTransform, colours: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(colours, transform)
    assert converted is not None, "a picture comes back unless it is converted in place"
    return converted
