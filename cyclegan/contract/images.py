"""Pictures as files: bytes -> upright 8-bit sRGB within limits, and safely back to a file.

What networks see of a picture is in pixels.py, which files are pictures in walk.py.
"""

import io
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import (  # the plugins that read and write; Image.init() would import forty more
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from cyclegan.contract.errors import PictureError, brief
from cyclegan.contract.files import atomic_write

MAX_PIXELS = 100_000_000

# What may be read. Pillow knows more, but some of it starts other programs (EPS) or is never a
# photo; a file's content decides, not its name.
_READABLE = tuple(
    plugin.format
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        WebPImagePlugin.WebPImageFile,
        AvifImagePlugin.AvifImageFile,
        TiffImagePlugin.TiffImageFile,
        BmpImagePlugin.BmpImageFile,
        GifImagePlugin.GifImageFile,
    )
)

# What may be written, by suffix.
_WRITABLE = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".avif": "AVIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    # 12 megapixels of photos: 1.25 s, 22.1 MB; at Pillow's level 6: 2.77 s, 22.8 MB.
    "PNG": {"compress_level": 3},
    "WEBP": {"quality": 95},
    "AVIF": {"quality": 95},
    "TIFF": {"compression": "raw"},  # with another, Pillow fails on EXIF's inner directories
    "BMP": {},
}
_MAX_SIDE = {"JPEG": 65_500, "WEBP": 16_383, "AVIF": 32_768}  # pixels
WRITABLE_SUFFIXES = frozenset(_WRITABLE)
PICTURE_SUFFIXES = WRITABLE_SUFFIXES | {".gif"}

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What is true of the translated picture too. The rest of EXIF's first directory is about the
# file that it was read from (strips, samples, primaries, a preview of the untranslated picture).
_KEPT_EXIF = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.XResolution,
    ExifTags.Base.YResolution,
    ExifTags.Base.ResolutionUnit,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
)
_STALE_EXIF = (
    ExifTags.Base.ColorSpace,
    ExifTags.Base.ExifImageWidth,
    ExifTags.Base.ExifImageHeight,
    ExifTags.IFD.Interop,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Picture:
    """An upright sRGB picture and what must survive its translation."""

    rgb: NDArray[np.uint8]  # [H, W, 3]
    alpha: NDArray[np.uint8] | None = None  # [H, W], 255 is opaque; None where the file has none
    exif: bytes | None = None  # as Pillow reads and writes it; its orientation is taken out


def load_picture(
    source: Path | bytes | BinaryIO, *, max_pixels: int = MAX_PIXELS, name: str | None = None
) -> Picture:
    """Read a picture as people see it: turned upright, in sRGB, 8 bits a channel, alpha kept.

    16-bit greys are scaled, CMYK and palettes converted; of an animation, the first frame.
    `name` is what errors call a source that is not a path.

    Raises: PictureError if there is no such file, it is empty, not a picture, truncated, or of
    more than `max_pixels` pixels (refused from its header, before anything is decoded).
    """
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                return load_picture(file, max_pixels=max_pixels, name=name or str(source))
        except OSError as error:
            raise PictureError(f"{source} cannot be opened: {brief(error)}") from error
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    name = name or "the picture"
    image = open_header(stream, name)
    width, height = image.size
    if width * height > max_pixels:
        raise PictureError(
            f"{name} is too large: {width} x {height} pixels, the limit is "
            f"{max_pixels / 1e6:g} megapixels; make it smaller first"
        )
    try:
        image.load()
        profile = image.info.get("icc_profile")
        orientation, exif = _read_exif(image)  # after load(): TIFF is upright then
        upright = _to_8_bits(image)
        if orientation in _UPRIGHT:
            upright = upright.transpose(_UPRIGHT[orientation])
        alpha = np.asarray(upright.getchannel("A")) if upright.mode == "RGBA" else None
        rgb = np.asarray(_to_srgb(upright, profile) if profile else upright.convert("RGB"))
    except PictureError as error:
        raise PictureError(f"{name} {error}") from error
    # Pillow's decoders raise a dozen kinds of exceptions on damaged files (OSError, SyntaxError,
    # ValueError, struct.error, zlib.error, ...); whichever it is, this file is not readable.
    except Exception as error:
        raise PictureError(
            f"{name} is truncated or damaged ({brief(error)}); save or copy it again"
        ) from error
    return Picture(rgb, alpha, exif)


def save_picture(picture: Picture, path: Path, *, quality: int = 95) -> None:
    """Write a picture so that it is whole or not there; the suffix decides the format.

    `quality` (1 to 100) is for JPEG, WebP and AVIF. Formats without alpha (JPEG, BMP) show the
    picture on white.

    Raises: PictureError if the format is not one we write or cannot hold the picture; StorageError.
    """
    image, options = _prepare(picture, path.suffix, str(path), quality)
    with atomic_write(path) as temporary:
        image.save(temporary, **options)


def encode_picture(picture: Picture, suffix: str, *, quality: int = 95) -> bytes:
    """The bytes of the file that `save_picture` would write. Raises: PictureError."""
    image, options = _prepare(picture, suffix, "the picture", quality)
    encoded = io.BytesIO()
    image.save(encoded, **options)
    return encoded.getvalue()


def _prepare(
    picture: Picture, suffix: str, name: str, quality: int
) -> tuple[Image.Image, dict[str, Any]]:
    """What Pillow saves, and its options; `name` is what errors call the file."""
    codec = _WRITABLE.get(suffix.lower())
    if codec is None:
        raise PictureError(
            f"{name}: pictures cannot be written as {suffix or 'a file without a suffix'}; "
            f"use one of {' '.join(sorted(WRITABLE_SUFFIXES))}"
        )
    height, width = picture.rgb.shape[:2]
    if max(height, width) > _MAX_SIDE.get(codec, max(height, width)):
        raise PictureError(
            f"{name}: {codec} has room for {_MAX_SIDE[codec]} pixels a side, the picture is "
            f"{width} x {height}; use PNG"
        )
    options: dict[str, Any] = {"format": codec, **_OPTIONS[codec]}
    if "quality" in options:
        options["quality"] = quality
    # A JPEG segment holds no more than 64 kB; the picture is worth more than its metadata.
    if picture.exif and codec != "BMP" and (codec != "JPEG" or len(picture.exif) < 65_000):
        options["exif"] = picture.exif
    return _to_image(picture, with_alpha=codec not in ("JPEG", "BMP")), options


def open_header(file: BinaryIO, name: str) -> ImageFile.ImageFile:
    """Read the header alone: size, format, metadata; no pixel yet. Raises: PictureError.

    `name` is what errors call the file.
    """
    # Image.open() is not used: its limit on pixels is a global of Pillow's that warns at 89 and
    # refuses at 179 megapixels without saying the size; load_picture has a limit of its own.
    start = file.read(16)
    file.seek(0)
    if not start:
        raise PictureError(f"{name} is empty (0 bytes); save or copy it again")
    for codec in _READABLE:
        factory, accept = Image.OPEN[codec]
        if not accept or accept(start) is not True:
            continue
        try:
            return factory(file, "")
        except Exception as error:  # see load_picture
            raise PictureError(
                f"{name} has a damaged {codec} header ({brief(error)}); save or copy it again"
            ) from error
    raise PictureError(f"{name} is not a picture that can be read; use JPEG, PNG, WebP or TIFF")


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


def _to_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    """Colours by the embedded profile -> sRGB; a profile that cannot be used is left out."""
    colours = image.convert("RGB") if image.mode == "RGBA" else image
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if ImageCms.getProfileDescription(profile).startswith("sRGB"):
            return colours.convert("RGB")  # exact, where a conversion would round
        if profile.profile.xcolor_space.strip() == "RGB":
            colours = colours.convert("RGB")
        converted = ImageCms.profileToProfile(
            colours,
            profile,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,  # both as browsers show pictures
        )
        assert converted is not None, "a picture comes back unless it is converted in place"
        return converted
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        log.debug("a colour profile is left out: %s", error)
        return colours.convert("RGB")


def _to_image(picture: Picture, with_alpha: bool) -> Image.Image:
    if picture.alpha is None:
        return Image.fromarray(picture.rgb)
    image = Image.fromarray(np.dstack([picture.rgb, picture.alpha]))  # [H, W, 4]
    if with_alpha:
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _read_exif(image: Image.Image) -> tuple[int, bytes | None]:
    """The orientation (1 is upright), and what of the EXIF remains true, as bytes."""
    orientation = 1
    try:
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        kept = Image.Exif()
        kept.update({tag: exif[tag] for tag in _KEPT_EXIF if tag in exif})
        for directory in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            entries = exif.get_ifd(directory)
            entries = {tag: value for tag, value in entries.items() if tag not in _STALE_EXIF}
            if entries:
                kept[directory] = entries
        return orientation, kept.tobytes() if len(kept) else None
    # Damaged tags fail in as many ways as damaged pictures; the picture is worth more than they.
    except Exception as error:  # noqa: BLE001
        log.debug("damaged EXIF is left out: %s", error)
        return orientation, None
