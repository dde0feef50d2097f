"""What in metadata says where a picture was taken, and XMP without it.

The search for it is linear: what is read comes from strangers.
"""

import re

from cyclegan.contract.xmp import cut_xmp

PLACE_OF_IPTC = {26, 27, 90, 92, 95, 100, 101}  # data sets of its second record
# Keys of texts in a PNG, and names of XMP: coordinates, and the names of places.
PLACE_OF_NAME = re.compile(
    r"(?i:gps|\bgeo(?:rss)?:|geotag|geoloc|latitude|longitude|coordinate|location|country|province"
    r"|world.?region|\bplace|(?:\A|:)(?:lat|long?|lng|state|coverage)\Z)"
    r"|(?<=[a-z])L(?:at|on|ng)\Z|(?<![a-z])[Cc]ity|CITY"  # no velocity
)
# Their sign; UTF-8 that was read as Latin-1 has another before it, and careless programs write ?.
_DEGREES = r"\s*[\u00c2?]?[\u00b0\u00ba?]"
# A lens is "50mm f/1.8 S": a number without a sign of degrees wants two decimals.
_PLACE_OF_TEXT = re.compile(
    r"\b(?i:gps|geo:|(?:lat|lon|lng)\b\W*\d)|(?i:latitude|longitude)"
    r"|[+-]\d{1,7}\.\d+[+-]\d{1,7}\.\d+"  # ISO 6709
    r"|\b\d{1,3}\.\d{2,}(?:\s*[,;/]\s*|\s+)[+-]?\d{1,3}\.\d{2,}"
    r"|\d\.\d{2,}\s*[NSEW]\b|\b[NSEW]\s*\d{1,3}\.\d{2,}"
    r"|\b\d{1,3},\s?\d{1,2}(?:\.\d+|,\s?\d{1,2}(?:\.\d+)?)\s?[NSEW]\b"  # of XMP: 48,51.5N
    rf"|\d{_DEGREES}[^A-Za-z]{{0,24}}[NSEW]\b|\b[NSEW]\s*\d{{1,3}}(?:\.\d+)?{_DEGREES}"
)
_CODE_OF_COMMENT = re.compile(rb"\A(?:ASCII|UNICODE|JIS)\0+")  # before one of EXIF


def tells_place(text: str | bytes) -> bool:
    """Whether there are coordinates in a text, of whatever encoding."""
    if isinstance(text, bytes):
        text = _CODE_OF_COMMENT.sub(b"", text)
        text = text.replace(b"\0", b"").decode("latin-1")  # of UTF-16, which has zeros, the digits
    return _PLACE_OF_TEXT.search(text) is not None


def cut_place_of_xmp(xmp: bytes) -> bytes | None:
    """The packet without coordinates, names of places and comments; None: see `cut_xmp`."""
    return cut_xmp(xmp, _says_place)


def _says_place(name: str, text: str) -> bool:
    if name.partition(":")[0] == "xmlns":  # what follows is a prefix
        return False
    is_aside = name == "#comment" or (name[0] == "?" and name != "?xpacket")
    return is_aside or PLACE_OF_NAME.search(name) is not None or tells_place(text)
