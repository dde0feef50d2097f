"""What a picture file says beside its pixels, as far as it stays true of a translation.

Pixels, and their turning upright, are in images.py.
"""

import logging
import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Self, get_args

from PIL import (
    ExifTags,
    Image,
    IptcImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
)

from cyclegan.contract.whereabouts import (
    PLACE_OF_IPTC,
    PLACE_OF_NAME,
    cut_place_of_xmp,
    tells_place,
)
from cyclegan.contract.xmp import cut_xmp

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
    ExifTags.Base.DocumentName,
    ExifTags.Base.HostComputer,
    ExifTags.Base.Rating,  # this and the rest are what people say of a picture in Windows
    ExifTags.Base.RatingPercent,
    ExifTags.Base.XPTitle,
    ExifTags.Base.XPComment,
    ExifTags.Base.XPAuthor,
    ExifTags.Base.XPKeywords,
    ExifTags.Base.XPSubject,
)
_DIRECTORIES = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)  # beside the first
_STALE_EXIF = (
    ExifTags.Base.ColorSpace,
    ExifTags.Base.ExifImageWidth,
    ExifTags.Base.ExifImageHeight,
    ExifTags.IFD.Interop,
)

# Of what Photoshop writes beside a JPEG, the rest is of the untranslated picture, or here already.
_IPTC_OF_PHOTOSHOP = 0x0404
_IPTC_OF_TIFF = 33723

# Texts of a PNG that are fields of their own here, or a second copy of one.
_NO_TEXT = re.compile(r"Software|XML:com\.adobe\.xmp|Raw profile type .*")

# The last two are a preview, whose own EXIF may say where it was taken.
_STALE_XMP = ("tiff:Orientation", "xmp:Thumbnails", "xap:Thumbnails")

# What a JPEG segment has room for; the picture is worth more than its metadata.
_MAX_JPEG = 65_000  # bytes
_MOST_PER_INCH = 2**16 - 1  # pixels; in the header of a JPEG

log = logging.getLogger(__name__)


class Record(NamedTuple):
    """One of those of IPTC's older standard, which agencies still write."""

    number: int  # 2 has what people say of a picture
    data_set: int  # which of that, as 5 for a title
    value: bytes


@dataclass(frozen=True)
class Metadata:
    """What a file says of its picture. Nothing in it says how the picture is turned."""

    exif: bytes | None = None  # as Pillow reads and writes it, without Software
    xmp: bytes | None = None  # a packet of XML
    iptc: tuple[Record, ...] = ()  # of JPEG and TIFF
    texts: tuple[tuple[str, str], ...] = ()  # key and text, as Pillow reads them; of PNG
    comment: bytes | None = None  # in whatever encoding; of JPEG and GIF
    icc: bytes | None = None  # of sRGB, as the pixels are; None where the file had no profile
    software: str | None = None  # what made the picture

    def kept(self, keep: Keep) -> Self:
        """All of it, the profile alone, or nothing."""
        if keep == "all":
            return self
        return type(self)(icc=self.icc if keep == "icc" else None)

    def without_place(self) -> Self:
        """It without where the picture was taken: no coordinates, and no names of places.

        Coordinates are taken out with the text that they are in. What people wrote in words, as
        "Paris" in a title, stays. What cannot be looked through is left out: a camera's own notes,
        XMP that is not well-formed UTF-8.
        """
        exif = None
        if self.exif:
            rest = Image.Exif()
            rest.load(self.exif)
            rest = _copy_exif(rest, [ExifTags.IFD.Exif], _has_no_place)
            exif = rest.tobytes() if len(rest) else None
        return replace(
            self,
            exif=exif,
            xmp=cut_place_of_xmp(self.xmp) if self.xmp else None,
            iptc=tuple(
                each
                for each in self.iptc
                if not (each.number == 2 and each.data_set in PLACE_OF_IPTC)
                and not tells_place(each.value)
            ),
            texts=tuple(
                (key, text)
                for key, text in self.texts
                if not PLACE_OF_NAME.search(key) and not tells_place(text)
            ),
            comment=None if self.comment and tells_place(self.comment) else self.comment,
        )


NOTHING_SAID = Metadata()


def read_metadata(image: Image.Image, icc: bytes | None) -> tuple[int, Metadata]:
    """The orientation (1 is upright), and what remains true. `icc` is the profile to say."""
    texts = _read_texts(image)
    orientation, software, kept = 1, texts.get("Software"), None
    try:
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        software = exif.get(ExifTags.Base.Software, software)
        rest = _copy_exif(exif, _DIRECTORIES)
        _add_resolution(rest, image)
        kept = rest.tobytes() if len(rest) else None
    # Damaged tags fail in as many ways as damaged pictures; the picture is worth more than they.
    except Exception as error:  # noqa: BLE001
        log.debug("damaged EXIF is left out: %s", error)
    return orientation, Metadata(
        exif=kept,
        xmp=_read_xmp(image),
        iptc=_read_iptc(image),
        texts=tuple(each for each in texts.items() if not _NO_TEXT.fullmatch(each[0])),
        comment=_read_comment(image),
        icc=icc,
        software=software if isinstance(software, str) else None,
    )


def metadata_options(metadata: Metadata, codec: str) -> dict[str, Any]:
    """What Pillow's writer of a codec is given so that it says all that there is room for."""
    if codec == "GIF":
        made_by = metadata.software.encode() if metadata.software else None
        return {"comment": b"\n".join(filter(None, (metadata.comment, made_by)))}
    exif = Image.Exif()
    if metadata.exif:
        exif.load(metadata.exif)
        for entries in (exif, *(exif.get_ifd(each) for each in _DIRECTORIES if each in exif)):
            entries.update({tag: _verbatim(value) for tag, value in entries.items()})
    if metadata.software:
        exif[ExifTags.Base.Software] = _verbatim(metadata.software)
    options: dict[str, Any] = {}
    iptc = _pack(metadata.iptc)
    if iptc and codec == "TIFF":
        exif[_IPTC_OF_TIFF] = iptc
    elif iptc and codec == "JPEG" and len(iptc) < _MAX_JPEG:
        options["extra"] = _segment_of(iptc)
    if metadata.xmp and codec == "TIFF":
        exif[ExifTags.Base.XMLPacket] = metadata.xmp
    elif metadata.xmp and (codec != "JPEG" or len(metadata.xmp) < _MAX_JPEG):
        options["xmp"] = metadata.xmp
    if len(exif) and (codec != "JPEG" or len(exif.tobytes()) < _MAX_JPEG):
        options["exif"] = exif
    if codec in ("JPEG", "PNG") and (per_inch := _per_inch(exif)):
        options["dpi"] = per_inch  # many programs look at their headers alone
    if metadata.icc:
        options["icc_profile"] = metadata.icc
    if codec == "JPEG" and metadata.comment and len(metadata.comment) < _MAX_JPEG:
        options["comment"] = metadata.comment
    if codec == "PNG":
        texts = PngImagePlugin.PngInfo()
        for key, text in metadata.texts:
            texts.add_text(key, text)
        if metadata.software:  # many programs read no EXIF in a PNG
            texts.add_text("Software", metadata.software)
        if "xmp" in options:
            texts.add_itxt("XML:com.adobe.xmp", options.pop("xmp").decode("utf-8", "replace"))
        options["pnginfo"] = texts
    return options


def _copy_exif(
    exif: Image.Exif,
    directories: Iterable[ExifTags.IFD],
    is_wanted: Callable[[int, Any], bool] = lambda _tag, _value: True,
) -> Image.Exif:
    """What stays true of the first directory and of those named, where it is wanted."""
    kept = Image.Exif()
    for tag in _KEPT_EXIF:
        if tag in exif and is_wanted(tag, exif[tag]):
            kept[tag] = _verbatim(exif[tag])
    for directory in directories:
        entries = {
            tag: _verbatim(value)
            for tag, value in exif.get_ifd(directory).items()
            if tag not in _STALE_EXIF and is_wanted(tag, value)
        }
        if entries:
            kept[directory] = entries
    return kept


class _Text(str):
    """A text of EXIF that Pillow writes as the bytes that it was, and else as UTF-8.

    Pillow reads any bytes as Latin-1, cameras write UTF-8 for the most part, and what is no ASCII
    Pillow would write as question marks.
    """

    def encode(self, encoding: str = "latin-1", errors: str = "strict") -> bytes:
        try:
            return super().encode("latin-1")
        except UnicodeEncodeError:  # it was not read from EXIF
            return super().encode("utf-8")


def _add_resolution(exif: Image.Exif, image: Image.Image) -> None:
    """Say how many pixels an inch has, where only the header of the file does."""
    is_told = image.format != "JPEG" or image.info.get("jfif_unit")  # or Pillow supposes 72
    per_inch = image.info.get("dpi", (0, 0))
    if is_told and ExifTags.Base.XResolution not in exif and min(per_inch) > 1:  # 1 is TIFF's none
        sides = ExifTags.Base.XResolution, ExifTags.Base.YResolution
        exif.update(zip(sides, (round(float(n), 2) for n in per_inch), strict=True))
        exif[ExifTags.Base.ResolutionUnit] = 2


def _per_inch(exif: Image.Exif) -> tuple[float, ...] | None:
    """How many pixels an inch has across and down; None where nobody knows."""
    inches = {2: 1, 3: 2.54}.get(exif.get(ExifTags.Base.ResolutionUnit, 2), 0)
    said = exif.get(ExifTags.Base.XResolution), exif.get(ExifTags.Base.YResolution)
    numbers = (n for n in said if isinstance(n, int | float | TiffImagePlugin.IFDRational))
    sides = tuple(float(n) * inches for n in numbers)
    return sides if len(sides) == 2 and all(1 <= n < _MOST_PER_INCH for n in sides) else None


def _verbatim(value: Any) -> Any:
    return _Text(value) if isinstance(value, str) else value


def _has_no_place(tag: int, value: Any) -> bool:
    is_text = isinstance(value, str | bytes)
    return tag != ExifTags.Base.MakerNote and not (is_text and tells_place(value))


def _read_xmp(image: Image.Image) -> bytes | None:
    xmp = image.info.get("xmp")
    if not isinstance(xmp, bytes):
        return None
    if not any(name.encode() in xmp for name in _STALE_XMP):
        return xmp  # as it is, however damaged
    kept = cut_xmp(xmp, lambda name, _text: name in _STALE_XMP)
    if kept is None:
        log.debug("damaged XMP, with what is no longer true, is left out")
    return kept


def _read_iptc(image: Image.Image) -> tuple[Record, ...]:
    if not isinstance(image, JpegImagePlugin.JpegImageFile | TiffImagePlugin.TiffImageFile):
        return ()
    try:
        found = IptcImagePlugin.getiptcinfo(image) or {}
    except (SyntaxError, ValueError, OSError) as error:
        log.debug("damaged IPTC is left out: %s", error)
        return ()
    return tuple(
        Record(*kind, value)
        for kind, values in found.items()
        for value in (values if isinstance(values, list) else [values])
    )


def _pack(records: Iterable[Record]) -> bytes:
    return b"".join(
        struct.pack(">BBBH", 0x1C, each.number, each.data_set, len(each.value)) + each.value
        for each in records
        if len(each.value) < 2**15  # longer ones have a length of another form
    )


def _segment_of(iptc: bytes) -> bytes:
    """The segment of a JPEG that has these records."""
    said = struct.pack(">4sHHI", b"8BIM", _IPTC_OF_PHOTOSHOP, 0, len(iptc)) + iptc
    said = b"Photoshop 3.0\0" + said + bytes(len(iptc) % 2)
    return struct.pack(">2sH", b"\xff\xed", 2 + len(said)) + said


def _read_comment(image: Image.Image) -> bytes | None:
    comment = image.info.get("comment") if image.format in ("JPEG", "MPO", "GIF") else None
    return comment if isinstance(comment, bytes) and comment else None


def _read_texts(image: Image.Image) -> dict[str, str]:
    if image.format != "PNG":
        return {}
    return {
        key: text
        for key, text in image.info.items()
        if isinstance(key, str) and isinstance(text, str)
    }
