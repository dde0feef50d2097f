"""The formats of picture files: what tells them apart, and how each is written.

Pixels are read in images.py and written in saving.py.
"""

from dataclasses import dataclass, field
from typing import Any, BinaryIO

from PIL import (  # the plugins that read and write; Image.init() would import forty more
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from cyclegan.contract.apng import AnimatedPng
from cyclegan.contract.errors import PictureError, brief
from cyclegan.contract.modes import mend_clear_colour


@dataclass(frozen=True)
class Format:
    """One format."""

    name: str  # as Pillow calls it
    suffixes: tuple[str, ...]  # the first one is for new files
    is_written: bool = True
    options: dict[str, Any] = field(default_factory=dict)  # for Pillow's writer
    max_side: int = 1_000_000  # pixels
    has_alpha: bool = True
    has_metadata: bool = True  # whatever metadata_options gives it
    is_animated: bool = False  # whether frames are read and written one by one


_HEIF = Format("HEIF", (".heic", ".heif"), is_written=False)  # see _open_heif

# Pillow knows more, but some of it starts other programs (EPS) or is never a photo.
FORMATS = (
    Format(
        JpegImagePlugin.JpegImageFile.format,
        (".jpg", ".jpeg", ".jfif"),
        options={"quality": 95, "subsampling": 0},
        max_side=65_500,
        has_alpha=False,
    ),
    # 12 megapixels of photos: 1.25 s, 22.1 MB; at Pillow's level 6: 2.77 s, 22.8 MB.
    Format(
        PngImagePlugin.PngImageFile.format,
        (".png", ".apng"),
        options={"compress_level": 3},
        is_animated=True,
    ),
    Format(
        WebPImagePlugin.WebPImageFile.format,
        (".webp",),
        options={"quality": 95},
        max_side=16_383,
        is_animated=True,
    ),
    Format(
        AvifImagePlugin.AvifImageFile.format,
        (".avif",),
        options={"quality": 95},
        max_side=32_768,
        is_animated=True,
    ),
    # With a compression, Pillow fails on EXIF's inner directories.
    Format(TiffImagePlugin.TiffImageFile.format, (".tif", ".tiff"), options={"compression": "raw"}),
    Format(BmpImagePlugin.BmpImageFile.format, (".bmp",), has_alpha=False, has_metadata=False),
    Format(
        GifImagePlugin.GifImageFile.format,
        (".gif",),
        max_side=65_535,
        is_animated=True,
    ),
    _HEIF,
)
_BY_SUFFIX = {suffix: each for each in FORMATS for suffix in each.suffixes}

PICTURE_SUFFIXES = frozenset(_BY_SUFFIX)
WRITABLE_SUFFIXES = frozenset(suffix for suffix, each in _BY_SUFFIX.items() if each.is_written)


def format_to_write(suffix: str, name: str) -> Format:
    """The format of files with a suffix like ".jpg"; `name` is what errors call the file.

    Raises: PictureError if it is not one that we write.
    """
    if suffix.lower() not in WRITABLE_SUFFIXES:
        raise PictureError(
            f"{name}: pictures cannot be written as {suffix or 'a file without a suffix'}; "
            f"use one of {' '.join(sorted(WRITABLE_SUFFIXES))}"
        )
    return _BY_SUFFIX[suffix.lower()]


def open_header(file: BinaryIO, name: str) -> Image.Image:
    """Read the header alone: size, format, metadata; no pixel yet. Raises: PictureError.

    The content decides what it is, not its name; `name` is what errors call the file.
    """
    # Image.open() is not used: its limit on pixels is a global of Pillow's that warns at 89 and
    # refuses at 179 megapixels without saying the size; load_picture has a limit of its own.
    start = file.read(64)
    file.seek(0)
    if not start:
        raise PictureError(f"{name} is empty (0 bytes); save or copy it again")
    codec = _recognize(start)
    if codec is None:
        usual = ", ".join(each.name for each in FORMATS if each.is_written)
        raise PictureError(f"{name} is not a picture that can be read; use one of {usual}")
    try:
        if codec == _HEIF.name:
            return _open_heif(file)
        image = Image.OPEN[codec][0](file, "")
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            _mend_planes(image)
        if isinstance(image, PngImagePlugin.PngImageFile):
            if image.is_animated:
                return AnimatedPng(file, image)
            mend_clear_colour(image)
        return image
    except ModuleNotFoundError as error:
        raise PictureError(
            f"{name} is a HEIC picture, for which pi-heif is not installed; "
            "run: pip install 'cyclegan[heif]'"
        ) from error
    # Pillow's plugins raise a dozen kinds of exceptions on damaged files; see `reading`.
    except Exception as error:
        raise PictureError(
            f"{name} has a damaged or unusual {codec} header ({brief(error)}); copy it again, or "
            "save it with 8 bits a channel"
        ) from error


def _mend_planes(image: TiffImagePlugin.TiffImageFile) -> None:
    """Let channels of 16 bits be read as such that are stored one after the other, uncompressed.

    Pillow reads them as if they had 8.
    """
    is_apart = image.tag_v2.get(TiffImagePlugin.PLANAR_CONFIGURATION) == 2
    if is_apart and image.mode != "I;16" and 16 in image.tag_v2[TiffImagePlugin.BITSPERSAMPLE]:
        order = "L" if image.tag_v2.prefix == TiffImagePlugin.II else "B"
        image.tile = [
            tile._replace(args=(f"{tile.args[0]};16{order}", *tile.args[1:]))
            if tile.codec_name == "raw" and isinstance(tile.args, tuple)
            else tile
            for tile in image.tile
        ]


def _recognize(start: bytes) -> str | None:
    """The name of the format that a file begins like."""
    # A container as AVIF is: its first brand may be that of both, so all of them are looked at.
    if start[4:8] == b"ftyp":
        size = int.from_bytes(start[:4], "big")
        brands = {start[at : at + 4] for at in range(8, min(size, len(start)), 4)}
        if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}:
            return _HEIF.name
    for each in FORMATS:
        _, accept = Image.OPEN.get(each.name, (None, None))
        if accept and accept(start[:16]) is True:
            return each.name
    return None


def _open_heif(file: BinaryIO) -> Image.Image:
    from pi_heif import HeifImageFile  # lazy: the extra `heif`

    image: Image.Image = HeifImageFile(file, "")
    return image
