"""What says where a picture was taken goes, and nothing else."""

import html

import pytest
from PIL import ExifTags, Image

from cyclegan.contract.metadata import Metadata, Record

TITLE = (2, 5)  # record and data set of IPTC


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("exif:GPSLatitude", "48/1"),
        ("Location", "Paris"),
        ("Comment", '{"latitude": 48.85}'),
        ("Place", "Paris"),
        ("Country Code", "FR"),
    ],
)
def test_a_text_with_a_place_is_taken_out(key: str, text: str) -> None:
    others = (("Title", "A horse"), ("Velocity", "48"), ("Not long", "2"))
    assert Metadata(texts=((key, text), *others)).without_place().texts == others


@pytest.mark.parametrize(
    "spelling",
    [
        "taken at +48.8577+002.2950/",
        "at +4851.4+00217.7/",
        "taken at 48.8584, 2.2945",
        "48.8584 -2.2945",
        "GPS 48, 2",
        "geo:48.8584,2.2945",
        "lat 48.8584 N",
        "Lat: 48.8, lon: 2.2",
        "N48.8584 E2.2945",
        "N 48° E 2°",
        "48°51'30.2\"N 2°17'40.2\"E",
        "48 ° 51′ 30″ N",
        "48,51.5N",
        "at 48,51,30N 2,17,40E",
        "48, 51, 30.2 N",
    ],
)
def test_coordinates_are_found_in_every_text(spelling: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = spelling
    exif[ExifTags.Base.Artist] = "Ada"
    notes = exif.get_ifd(ExifTags.IFD.Exif)
    notes[ExifTags.Base.UserComment] = b"UNICODE\0" + spelling.encode("utf-16-le")
    notes[ExifTags.Base.LensModel] = "NIKKOR Z 50mm f/1.8 S"
    said = html.escape(spelling).encode()
    left = Metadata(
        exif=exif.tobytes(),
        xmp=b"<x><li a='Horse'>Horse</li><li b='%s'>%s</li></x>" % (said, said),
        iptc=(Record(2, 120, spelling.encode()), Record(*TITLE, b"A horse")),
        texts=(("Comment", spelling), ("Title", "f/1.8 S, 2.50 s, 24,70")),
    ).without_place()
    assert left.exif is not None
    kept = Image.Exif()
    kept.load(left.exif)
    assert kept.get(ExifTags.Base.ImageDescription) is None
    assert kept[ExifTags.Base.Artist] == "Ada"
    assert kept.get_ifd(ExifTags.IFD.Exif) == {ExifTags.Base.LensModel: "NIKKOR Z 50mm f/1.8 S"}
    assert left.xmp == b"<x><li a='Horse'>Horse</li><li></li></x>"
    assert left.iptc == (Record(*TITLE, b"A horse"),)
    assert left.texts == (("Title", "f/1.8 S, 2.50 s, 24,70"),)


@pytest.mark.parametrize(
    "place",
    [
        b'<li drone-dji:GpsLatitude="48.85"/>',
        b'<li photoshop:City="48.85"></li>',
        b"<Iptc4xmpExt:LocationCreated><rdf:li>48.85</rdf:li></Iptc4xmpExt:LocationCreated>",
        b"<Iptc4xmpExt:LocationShown x='>' Iptc4xmpExt:CityName='48.85'/>",
        b"<Iptc4xmpExt:LocationShown x='/>'>48.85</Iptc4xmpExt:LocationShown>",
        b"<geo:lat>48.85</geo:lat><geo:long>48.85</geo:long><geo:alt>48.85</geo:alt>",
        b'<li x:lon="48.85" x:lng="48.85" lat="48.85" drone-dji:LRFTargetLat="48.85"/>',
        b'<li Iptc4xmpExt:Sublocation="48.85" Iptc4xmpExt:ProvinceState="48.85"/>',
        b'<li Iptc4xmpExt:WorldRegion="48.85" x:Sub-location="48.85" x:coordinates="48.85"/>',
        b'<li photoshop:State="48.85" dc:coverage="48.85" xmpDM:shotLocation="48.85"/>',
        b'<GPSLatitude xmlns="http://ns.adobe.com/exif/1.0/">48.85</GPSLatitude>',
        b"<drone-dji:GpsLongtitude>48.85</drone-dji:GpsLongtitude>",  # as DJI spells it
        b"<City><City>1</City>48.85</City><City.x>48.85</City.x><City-x>48.85</City-x>",
        b"<City><!-- </City> --><![CDATA[</City>]]>48.85</City>",
        b"<li a='&lt;' b='48,51.5&#78;, 48.85'/>",
        b"<li><![CDATA[48.85]]>, <!-- and -->2.29</li>",
        b"<!-- <photoshop:City>48.85</photoshop:City> -->",
        b"<?city 48.85?>",
        b"<?taken at 48.85?>",
        b"<?xpacket 48.85, 2.29?>",
    ],
)
def test_places_of_every_kind_are_taken_out_of_xmp(place: bytes) -> None:
    packet = b"<?xpacket begin=''?><rdf:RDF>%s<dc:title a='>'>Horse</dc:title></rdf:RDF>"
    cut = Metadata(xmp=packet % place).without_place().xmp
    assert cut is not None
    assert b"48" not in cut
    kept = b"" if b"<li" not in place else b"<li/>" if b"/>" in place else b"<li></li>"
    assert cut.replace(b" a='&lt;'", b"") == packet % kept


@pytest.mark.parametrize(
    "packet",
    [
        b"<x>%s",
        b"<!DOCTYPE x [<!ENTITY place '%s'>]><x>&place;</x>",
        "<x>%s</x>".encode("utf-16"),
    ],
)
def test_what_cannot_be_looked_through_is_left_out_with_its_place(packet: bytes) -> None:
    assert Metadata(xmp=packet.replace(b"%s", b"48.85")).without_place() == Metadata()


def test_what_is_no_place_stays() -> None:
    xmp = b"""<rdf:RDF xmlns:GPS="http://ns.adobe.com/gps/" xmlns="gps">
 <mwg-rs:Regions stArea:x="0.5" stArea:y="0.25" x:velocity="48" crs:LongExposure="1"/>
 <dc:title>Horse</dc:title><exif:FNumber>18/10</exif:FNumber></rdf:RDF>"""
    assert Metadata(xmp=xmp).without_place().xmp == xmp


# As many bytes in a name once took 13 s, and the time grew with the square of their number.
LONG = 2**16


@pytest.mark.parametrize(
    "xmp",
    [
        b"<%s/>" % (b"a" * LONG),
        b"<x %s='1'/>" % (b"Latitud" * (LONG // 7)),
        b"<x a%s='%s' %s/>" % (b" " * LONG, b"> " * LONG, b" " * LONG),
        b"<x>%s</x%s>" % (b"1" * LONG, b" " * LONG),
        b"<x>N 1.1%s lat%sa 1,1.%s</x>" % (b" " * LONG, b'"' * LONG, b"1" * LONG),
        b"<x>&#%s49;</x>" % (b"0" * LONG),
        b"<a>" * (LONG // 7) + b"</a>" * (LONG // 7),
    ],
    ids=["name", "attribute", "tag", "digits", "text", "reference", "depth"],
)
def test_long_runs_of_anything_are_looked_through_once(xmp: bytes) -> None:
    assert Metadata(xmp=xmp).without_place().xmp == xmp
