"""What a picture file says beside its pixels, as far as it stays true of a translation.

Pixels, and their turning upright, are in images.py.
"""

import logging

from PIL import ExifTags, Image

# The rest of EXIF's first directory is about the file that it was read from (strips, samples,
# primaries, a preview of the untranslated picture).
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


def read_exif(image: Image.Image) -> tuple[int, bytes | None]:
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
