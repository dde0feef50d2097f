"""A packet without what is unwanted in it, byte for byte."""

import pytest

from cyclegan.contract.xmp import cut_xmp

PACKET = (
    b"\xef\xbb\xbf<?xpacket begin='\xef\xbb\xbf' id=\"a\"?>\n<!-- one --><x:xmpmeta\n"
    b""" xmlns:x="adobe:ns:meta/" a = '&#52;8>"' b="/>" ><b/><c  e="1" /><d\n"""
    b" >A &amp; B\r\n<![CDATA[<b>]]></d ><f>\xe5\x86\x99</f></x:xmpmeta>\n"
    b"  <?xpacket end='w'?>"
)
TEXT = b"A &amp; B\r\n<![CDATA[<b>]]>"


def without(xmp: bytes, *names: str) -> bytes | None:
    return cut_xmp(xmp, lambda name, _text: name in names)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a", [b""" a = '&#52;8>"'"""]),
        ("b", [b' b="/>"', b"<b/>"]),
        ("c", [b'<c  e="1" />']),
        ("d", [b"<d\n >" + TEXT + b"</d >"]),
        ("e", [b' e="1"']),
        ("#text", [TEXT, b"\xe5\x86\x99"]),
        ("#comment", [b"<!-- one -->"]),
        ("?xpacket", [b"<?xpacket begin='\xef\xbb\xbf' id=\"a\"?>", b"<?xpacket end='w'?>"]),
        ("xmpmeta", []),
        ("x", []),
    ],
)
def test_what_has_the_name_is_cut_and_the_rest_stays(name: str, parts: list[bytes]) -> None:
    expected = PACKET
    for part in parts:
        assert expected.count(part) == 1
        expected = expected.replace(part, b"")
    assert without(PACKET, name) == expected
    assert without(PACKET + b"\0", name) == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [("A & B\n<b>", TEXT), ('48>"', b""" a = '&#52;8>"'"""), (" one ", b"<!-- one -->")],
)
def test_texts_are_what_a_reader_gets(text: str, part: bytes) -> None:
    assert cut_xmp(PACKET, lambda _name, said: said == text) == PACKET.replace(part, b"")


def test_names_are_whole_and_elements_may_be_in_others_of_the_same() -> None:
    xmp = (
        b"<x><a><a>1</a>2<b><a/></b></a>3<a-b>4</a-b><a.b c='5' a-b='6' a='7'/><!--<a>8</a>--></x>"
    )
    assert without(xmp, "a") == b"<x>3<a-b>4</a-b><a.b c='5' a-b='6'/><!--<a>8</a>--></x>"
    assert without(xmp, "a", "b", "a.b", "#comment") == b"<x>3<a-b>4</a-b></x>"


def test_a_text_goes_on_behind_a_comment() -> None:
    xmp = b"<x><b/>48.8<!-- 1 -->5<?y?><![CDATA[,]]> &#50;<b/>48.8</x>"
    assert cut_xmp(xmp, lambda _name, text: text == "48.85, 2") == b"<x><b/><b/>48.8</x>"


@pytest.mark.parametrize(
    "xmp",
    [
        b"",
        b"<x>",
        b"<x><a></x></a>",
        b"<x a=1/>",
        b"<x a='1' a='2'/>",
        b"<x/><x/>",
        b"<x>&nbsp;</x>",
        b"<x>\xff</x>",
        "<x>1</x>".encode("utf-16"),
        b"<!DOCTYPE x><x/>",
        b"<!DOCTYPE x [<!ENTITY a '48'><!ENTITY b '&a;&a;'>]><x>&b;</x>",
        b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><x>&a;</x>",
        b"<!DOCTYPE x SYSTEM 'x.dtd' [<!ATTLIST x a CDATA '48'>]><x/>",
    ],
)
def test_what_is_no_plain_xml_is_not_looked_through(xmp: bytes) -> None:
    assert without(xmp, "a") is None


def test_an_encoding_is_not_believed() -> None:
    xmp = "<?xml version='1.0' encoding='utf-7'?><x>+AGE-ü<a/></x>".encode()
    assert without(xmp, "a") == xmp.replace(b"<a/>", b"")
