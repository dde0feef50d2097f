"""Pictures from files: bytes -> upright 8-bit sRGB within limits, still or frame by frame.

Which formats there are is in formats.py, how pictures are written in saving.py, which files of a
folder are pictures in walk.py, what networks see of a picture in pixels.py.
"""

import io
import logging
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile

from cyclegan.contract.errors import PictureError, brief
from cyclegan.contract.formats import FORMATS, open_header
from cyclegan.contract.metadata import NOTHING_SAID, Metadata, read_metadata

MAX_PIXELS = 100_000_000

Source = Path | bytes | BinaryIO

# Pillow dates what it makes, and the same picture would be another file every second.
_MADE_NOW = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_SRGB = _MADE_NOW[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + _MADE_NOW[36:]

_ANIMATED = {each.name for each in FORMATS if each.is_animated}

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Picture:
    """An upright sRGB picture and what must survive its translation."""

    rgb: NDArray[np.uint8]  # [H, W, 3]
    alpha: NDArray[np.uint8] | None = None  # [H, W], 255 is opaque; None where the file has none
    metadata: Metadata = NOTHING_SAID

    def flattened(self, colour: tuple[int, int, int]) -> Self:
        """The picture as it looks on a colour (R, G, B), without alpha."""
        if self.alpha is None:
            return self
        image = Image.fromarray(np.dstack([self.rgb, self.alpha]))  # [H, W, 4]
        ground = Image.new("RGBA", image.size, colour)
        rgb = np.asarray(Image.alpha_composite(ground, image).convert("RGB"))
        return replace(self, rgb=rgb, alpha=None)


class Frame(NamedTuple):
    """One picture of an animation."""

    picture: Picture
    duration_ms: int  # how long it is shown


@dataclass(frozen=True)
class Animation:
    """Pictures one after the other, each decoded when it is asked for."""

    frames: Iterator[Frame]  # can be gone through once, while the file is open
    count: int  # of frames
    plays: int  # how often it is shown; 0: for ever

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
        return _read(image, called)


@contextmanager
def open_picture(
    source: Source, *, max_pixels: int = MAX_PIXELS, name: str | None = None
) -> Iterator[Picture | Animation]:
    """Read a picture, or the frames of an animation (GIF, WebP) as long as the block lasts.

    Raises: PictureError as `load_picture`, for a frame when it is asked for.
    """
    with _open_image(source, max_pixels, name) as (image, called):
        with _decoding(called):
            count = getattr(image, "n_frames", 1) if image.format in _ANIMATED else 1
        yield _read_animation(image, called, count) if count > 1 else _read(image, called)


@contextmanager
def _open_image(
    source: Source, max_pixels: int, name: str | None
) -> Iterator[tuple[ImageFile.ImageFile, str]]:
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
        image.load()
        profile = image.info.get("icc_profile")
        pixels = _to_8_bits(image)
        colours = pixels.convert("RGB") if pixels.mode == "RGBA" else pixels
        rgb, icc = _to_srgb(colours, profile) if profile else (colours.convert("RGB"), None)
        orientation, metadata = read_metadata(image, icc)  # after load(): TIFF is upright then
        alpha = pixels.getchannel("A") if pixels.mode == "RGBA" else None
        if orientation in _UPRIGHT:
            rgb = rgb.transpose(_UPRIGHT[orientation])
            alpha = alpha and alpha.transpose(_UPRIGHT[orientation])
        return Picture(np.asarray(rgb), np.asarray(alpha) if alpha else None, metadata)


def _read_animation(image: ImageFile.ImageFile, name: str, count: int) -> Animation:
    def frames() -> Iterator[Frame]:
        for place in range(count):
            with _decoding(name):
                image.seek(place)
            picture = _read(image, name)
            yield Frame(picture, round(image.info.get("duration", 0)))

    plays = image.info.get("loop", 1)
    if image.format == "GIF" and plays and "loop" in image.info:
        plays += 1  # it says how often it is repeated, WebP how often it is shown
    return Animation(frames(), count, plays)


@contextmanager
def _decoding(name: str) -> Iterator[None]:
    """Errors of decoders as ours, which say `name`."""
    try:
        yield
    except PictureError as error:
        raise PictureError(f"{name} {error}") from error
    # Pillow's decoders raise a dozen kinds of exceptions on damaged files (OSError, SyntaxError,
    # ValueError, struct.error, zlib.error, ...); whichever it is, this file is not readable.
    except Exception as error:
        raise PictureError(
            f"{name} is truncated or damaged ({brief(error)}); save or copy it again"
        ) from error


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Palettes, bits, 16-bit greys and premultiplied alpha -> one of L, RGB, CMYK, RGBA."""
    if image.mode.startswith("I;16"):
        # v / 257 rounded: 65535 -> 255. Pillow's own conversion clips everything above 255.
        grey = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((grey + 128) // 257).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise PictureError("has 32-bit samples of unknown range; save it with 8 or 16 bits")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "CMYK") else image.convert("RGB")


def _to_srgb(colours: Image.Image, icc: bytes) -> tuple[Image.Image, bytes | None]:
    """Colours by the embedded profile -> sRGB and its profile.

    A profile that cannot be used is left out.
    """
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if ImageCms.getProfileDescription(profile).startswith("sRGB"):
            return colours.convert("RGB"), icc  # exact, where a conversion would round
        is_rgb = profile.profile.xcolor_space.strip() == "RGB"
        converted = ImageCms.profileToProfile(
            colours.convert("RGB") if is_rgb else colours,
            profile,
            ImageCms.ImageCmsProfile(io.BytesIO(_SRGB)),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,  # both as browsers show pictures
        )
        assert converted is not None, "a picture comes back unless it is converted in place"
        return converted, _SRGB
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        log.debug("a colour profile is left out: %s", error)
        return colours.convert("RGB"), None
