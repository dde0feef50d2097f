"""What a picture file says beside its pixels, as far as it stays true of a translation.

Pixels, and their turning upright, are in images.py.
"""

import logging
import re
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, get_args

from PIL import ExifTags, Image, PngImagePlugin

Keep = Literal["all", "icc", "none"]
KEEPS: tuple[Keep, ...] = get_args(Keep)

# The rest of EXIF's first directory is about the file that it was read from (strips, samples,
# primaries, a preview of the untranslated picture), or a field of its own here.
_KEPT_EXIF = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.XResolution,
    ExifTags.Base.YResolution,
    ExifTags.Base.ResolutionUnit,
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

# What a JPEG segment has room for; the picture is worth more than its metadata.
_MAX_JPEG = 65_000  # bytes

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Metadata:
    """What a file says of its picture. Nothing in it says how the picture is turned."""

    exif: bytes | None = None  # as Pillow reads and writes it, without Software
    xmp: bytes | None = None  # a packet of XML
    icc: bytes | None = None  # of sRGB, as the pixels are; None where the file had no profile
    software: str | None = None  # what made the picture

    def kept(self, keep: Keep) -> Self:
        """All of it, the profile alone, or nothing."""
        if keep == "all":
            return self
        return type(self)(icc=self.icc if keep == "icc" else None)

    def without_place(self) -> Self:
        """It without the coordinates of where the picture was taken."""
        exif = None
        if self.exif:
            rest = Image.Exif()
            rest.load(self.exif)
            rest = _copy_exif(rest, [ExifTags.IFD.Exif])
            exif = rest.tobytes() if len(rest) else None
        return replace(self, exif=exif, xmp=self.xmp and _cut_xmp(self.xmp, rb"exif:GPS\w+"))


NOTHING_SAID = Metadata()


def read_metadata(image: Image.Image, icc: bytes | None) -> tuple[int, Metadata]:
    """The orientation (1 is upright), and what remains true. `icc` is the profile to say."""
    orientation = 1
    xmp = image.info.get("xmp")
    if isinstance(xmp, bytes):
        xmp = _cut_xmp(xmp, rb"tiff:Orientation")
    try:
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        kept = _copy_exif(exif, [ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo])
        software = exif.get(ExifTags.Base.Software)
        return orientation, Metadata(
            kept.tobytes() if len(kept) else None,
            xmp if isinstance(xmp, bytes) else None,
            icc,
            software if isinstance(software, str) else None,
        )
    # Damaged tags fail in as many ways as damaged pictures; the picture is worth more than they.
    except Exception as error:  # noqa: BLE001
        log.debug("damaged EXIF is left out: %s", error)
        return orientation, Metadata(icc=icc)


def metadata_options(metadata: Metadata, codec: str) -> dict[str, Any]:
    """What Pillow's writer of JPEG, PNG, WebP, AVIF or TIFF is given so that it says all of it."""
    exif = Image.Exif()
    if metadata.exif:
        exif.load(metadata.exif)
    if metadata.software:
        exif[ExifTags.Base.Software] = metadata.software
    options: dict[str, Any] = {}
    if metadata.xmp and codec == "TIFF":
        exif[ExifTags.Base.XMLPacket] = metadata.xmp
    elif metadata.xmp and (codec != "JPEG" or len(metadata.xmp) < _MAX_JPEG):
        options["xmp"] = metadata.xmp
    if len(exif) and (codec != "JPEG" or len(exif.tobytes()) < _MAX_JPEG):
        options["exif"] = exif
    if metadata.icc:
        options["icc_profile"] = metadata.icc
    if codec == "PNG":
        texts = PngImagePlugin.PngInfo()
        if metadata.software:  # many programs read no EXIF in a PNG
            texts.add_text("Software", metadata.software)
        if "xmp" in options:
            texts.add_itxt("XML:com.adobe.xmp", options.pop("xmp").decode("utf-8", "replace"))
        options["pnginfo"] = texts
    return options


def _copy_exif(exif: Image.Exif, directories: list[ExifTags.IFD]) -> Image.Exif:
    """What stays true of the first directory and of those named."""
    kept = Image.Exif()
    kept.update({tag: exif[tag] for tag in _KEPT_EXIF if tag in exif})
    for directory in directories:
        entries = exif.get_ifd(directory)
        entries = {tag: value for tag, value in entries.items() if tag not in _STALE_EXIF}
        if entries:
            kept[directory] = entries
    return kept


def _cut_xmp(xmp: bytes, names: bytes) -> bytes:
    """The packet without the properties of these names, attributes and elements."""
    xmp = re.sub(rb"\s" + names + rb"""\s*=\s*("[^"]*"|'[^']*')""", b"", xmp)
    return re.sub(rb"<(" + names + rb")\b[^>]*?(/>|>.*?</\1\s*>)", b"", xmp, flags=re.DOTALL)
