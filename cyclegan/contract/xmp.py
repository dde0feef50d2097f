"""A packet of XMP, which is XML, without what is unwanted in it; the rest stays byte for byte.

What is unwanted is decided elsewhere.
"""

import re
from collections.abc import Callable
from typing import NoReturn
from xml.parsers import expat

IsUnwanted = Callable[[str, str], bool]

# One attribute after another of a start tag, where a parser has found it well-formed.
_ATTRIBUTE = re.compile(rb"""\s[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*')""")


def cut_xmp(xmp: bytes, is_unwanted: IsUnwanted) -> bytes | None:
    """The packet without what is unwanted; None if it cannot be looked through.

    That is where it is not UTF-8, not well-formed, or declares a document type: XMP has none, and
    its entities could grow without end, or be files.

    `is_unwanted` is asked with a name and a text: of an element none (it goes with all that is in
    it), of an attribute its value. What has no name of its own is called as in DOM: `#text` is all
    text between two tags, `#comment` a comment. An instruction is called ? and its target.
    """
    xmp = xmp.rstrip(b"\0")  # some writers end it as C ends its strings
    try:
        ranges = _Search(xmp, is_unwanted).run()
    except expat.ExpatError:
        return None
    kept, position = bytearray(), 0
    for start, end in sorted(ranges):
        kept += xmp[position:start]  # nothing where another range goes further
        position = max(position, end)
    return bytes(kept + xmp[position:])


class _Search:
    """Where in a packet something unwanted is: expat goes through it once, and says where it is.

    It takes what is XML for what it is, in linear time, as patterns do not: comments, CDATA, `>` in
    a value, elements in others of the same name, a character by its number.
    """

    def __init__(self, xmp: bytes, is_unwanted: IsUnwanted) -> None:
        self._xmp = xmp
        self._is_unwanted = is_unwanted
        self._ranges: list[tuple[int, int]] = []
        self._unended: int | None = None  # start of a range that ends where the next token starts
        self._elements: list[int | None] = []  # of those that are open: the start, if unwanted
        self._texts: list[str] = []  # since the last tag
        self._text_start = 0  # of the first of them
        self._parser = parser = expat.ParserCreate("utf-8")  # whatever the packet declares
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._read
        parser.StartCdataSectionHandler = lambda: self._read("")  # its mark is part of the text
        parser.CommentHandler = lambda text: self._look("#comment", text)
        parser.ProcessingInstructionHandler = lambda target, text: self._look(f"?{target}", text)
        parser.DefaultHandler = lambda _text: self._step()
        parser.StartDoctypeDeclHandler = _refuse

    def run(self) -> list[tuple[int, int]]:
        """Start and end of each, in bytes; some may overlap. Raises: ExpatError."""
        self._parser.Parse(self._xmp, True)
        self._step()
        return self._ranges

    def _step(self) -> int:
        """Where the token starts that the parser has come to, and the one before it ends."""
        here = self._parser.CurrentByteIndex
        if self._unended is not None:
            self._ranges.append((self._unended, here))
            self._unended = None
        return here

    def _start(self, name: str, attributes: list[str]) -> None:
        here = self._tag()
        self._elements.append(here if self._is_unwanted(name, "") else None)
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        # In this order, so that nothing is searched for behind the last attribute.
        for pair, found in zip(pairs, _ATTRIBUTE.finditer(self._xmp, here), strict=False):
            if self._is_unwanted(*pair):
                self._ranges.append(found.span())

    def _end(self, _name: str) -> None:
        self._tag()
        self._unended = self._elements.pop()

    def _tag(self) -> int:
        here = self._step()
        if self._texts and self._is_unwanted("#text", "".join(self._texts)):
            self._ranges.append((self._text_start, here))
        self._texts = []
        return here

    def _read(self, text: str) -> None:
        here = self._step()
        if not self._texts:
            self._text_start = here
        self._texts.append(text)

    def _look(self, name: str, text: str) -> None:
        here = self._step()
        if self._is_unwanted(name, text):
            self._unended = here


def _refuse(*_declared: object) -> NoReturn:
    raise expat.ExpatError("a document type")
