"""What in metadata says where a picture was taken, and XMP without it or other properties."""

import html
import re

# What says where a picture was taken, or what it shows: coordinates, and the names of places.
_PLACE_OF_XMP = (
    rb"(?:[\w.-]+:)?(?:[Gg][Pp][Ss]\w*|\w*(?:Latitude|Longitude)\w*|lat|long"
    rb"|(?:Sub)?[Ll]ocation\w*|City|(?:Province)?State|Country\w*)"
)
PLACE_OF_IPTC = {26, 27, 90, 92, 95, 100, 101}  # data sets of its second record
PLACE_OF_KEY = re.compile(
    r"gps|geotag|geoloc|latitude|longitude|location|coordinate|\bplace|city|country", re.I
)
# Their sign; UTF-8 that was read as Latin-1 has another before it, and careless programs write ?.
_DEGREES = r"\s*[\u00c2?]?[\u00b0\u00ba?]"
# A lens is "50mm f/1.8 S": a number without a sign of degrees wants two decimals.
_PLACE_OF_TEXT = re.compile(
    r"\b(?i:gps|geo:|(?:lat|lon|lng)\b\W*\d)|(?i:latitude|longitude)"
    r"|[+-]\d{1,7}\.\d+[+-]\d{1,7}\.\d+"  # ISO 6709
    r"|\b\d{1,3}\.\d{2,}(?:\s*[,;/]\s*|\s+)[+-]?\d{1,3}\.\d{2,}"
    r"|\d\.\d{2,}\s*[NSEW]\b|\b[NSEW]\s*\d{1,3}\.\d{2,}"
    rf"|\d{_DEGREES}[^A-Za-z]{{0,24}}[NSEW]\b|\b[NSEW]\s*\d{{1,3}}(?:\.\d+)?{_DEGREES}"
)
_CODE_OF_COMMENT = re.compile(rb"\A(?:ASCII|UNICODE|JIS)\0+")  # before one of EXIF
_TEXT_OF_XMP = re.compile(
    rb"""(?<=>)[^<>]+|\s(?!xmlns)[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*')"""  # of elements, or one
)


def tells_place(text: str | bytes) -> bool:
    """Whether there are coordinates in a text, of whatever encoding."""
    if isinstance(text, bytes):
        text = _CODE_OF_COMMENT.sub(b"", text)
        text = text.replace(b"\0", b"").decode("latin-1")  # of UTF-16, which has zeros, the digits
    return _PLACE_OF_TEXT.search(text) is not None


def cut_place_of_xmp(xmp: bytes) -> bytes | None:
    """The packet without coordinates and names of places; None: it cannot be looked through."""
    if b"\0" in xmp or b"<![CDATA[" in xmp:  # UTF-16 has zeros
        return None

    def keep(found: re.Match[bytes]) -> bytes:
        return b"" if tells_place(html.unescape(found[0].decode("utf-8", "replace"))) else found[0]

    return _TEXT_OF_XMP.sub(keep, cut_xmp(xmp, _PLACE_OF_XMP))


def cut_xmp(xmp: bytes, names: bytes) -> bytes:
    """The packet without the properties of these names, attributes and elements."""
    xmp = re.sub(rb"\s(?!xmlns)" + names + rb"""\s*=\s*("[^"]*"|'[^']*')""", b"", xmp)
    tags = re.finditer(
        rb"<(?:/(?P<end>" + names + rb")\s*|(?P<start>" + names + rb")\b[^<>]*)>", xmp
    )
    # In one pass: to look for the end of each element from its start on takes hours where a hostile
    # packet has many without one.
    starts: dict[bytes, int] = {}
    cuts: list[tuple[int, int]] = []
    for tag in tags:
        if tag["end"] in starts:
            cuts.append((starts.pop(tag["end"]), tag.end()))
        elif tag[0].endswith(b"/>"):
            cuts.append(tag.span())
        elif tag["start"]:
            starts.setdefault(tag["start"], tag.start())
    kept, position = bytearray(), 0
    for start, end in sorted(cuts):
        kept += xmp[position:start]  # nothing where another cut goes further
        position = max(position, end)
    return bytes(kept + xmp[position:])
