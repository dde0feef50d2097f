"""What a file says beside its pixels, in and out of every format that has room for it."""

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, IptcImagePlugin, PngImagePlugin, TiffImagePlugin

from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.metadata import Metadata, Record
from cyclegan.contract.saving import save_picture
from tests.contract.pictures import encode, read_exif, smooth

SUFFIXES = [".jpg", ".png", ".webp", ".tif", ".avif"]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"
 exif:GPSLatitude='48,8.2N' dc:rights="Ada">
 <exif:GPSTimeStamp>2026-01-01</exif:GPSTimeStamp><exif:GPSSpeed/><dc:title>Horse</dc:title>
</rdf:Description></x:xmpmeta>"""

TITLE, CITY = (2, 5), (2, 90)  # record and data set of IPTC


def iptc(**records: str) -> bytes:
    """Records of IPTC."""
    sets = {"title": TITLE, "city": CITY}
    return b"".join(
        struct.pack(">BBBH", 0x1C, *sets[name], len(text)) + text.encode()
        for name, text in records.items()
    )


def photoshop(records: bytes) -> bytes:
    """The segment of a JPEG in which Photoshop has these records, and a preview before them."""
    blocks = b"".join(
        struct.pack(">4sHHI", b"8BIM", kind, 0, len(data)) + data + bytes(len(data) % 2)
        for kind, data in ((0x040C, b"preview"), (0x0404, records))
    )
    said = b"Photoshop 3.0\0" + blocks
    return struct.pack(">HH", 0xFFED, 2 + len(said)) + said


@pytest.fixture
def told(tmp_path: Path) -> Metadata:
    """All that a photo can say."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    exif[ExifTags.Base.Orientation] = 3
    exif[ExifTags.Base.Software] = "Camera 1.0"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = 0.5
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = b"Maker: 48.85 N"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    image = Image.fromarray(smooth(8, 8))
    records = photoshop(iptc(title="A horse", city="Paris"))
    said = {"exif": exif, "xmp": XMP, "icc_profile": SRGB, "extra": records}
    return load_picture(encode(image, "JPEG", **said)).metadata


@pytest.mark.parametrize(
    ("xmp", "kept"),
    [
        (b"<x><tiff:Orientation>6</tiff:Orientation><y tiff:Orientation='6'/></x>", b"<x><y/></x>"),
        (b"<x>1<xmp:Thumbnails><li image='/9j/4Q'/></xmp:Thumbnails></x>", b"<x>1</x>"),
        (b"<x><tiff:Orientation>6", None),
        (b"<x><tiff:Artist>Ada", b"<x><tiff:Artist>Ada"),
    ],
)
def test_xmp_stays_but_for_what_is_stale_in_it(xmp: bytes, kept: bytes | None) -> None:
    image = Image.fromarray(smooth(8, 8))
    assert load_picture(encode(image, "WEBP", xmp=xmp)).metadata.xmp == kept


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_texts_of_exif_in_any_alphabet_stay_as_they_were(tmp_path: Path, suffix: str) -> None:
    artist, lens = "Zoë 写真".encode(), "Objektiv für Nähe".encode("latin-1")
    software = "Bildschärfer 三".encode()
    # The same lengths in ASCII, which Pillow writes; the bytes are then put in their places.
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "A" * len(artist)
    exif[ExifTags.Base.Software] = "S" * len(software)
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.LensModel] = "L" * len(lens)
    photo = encode(Image.fromarray(smooth(8, 8)), "JPEG", exif=exif)
    photo = photo.replace(b"A" * len(artist), artist).replace(b"L" * len(lens), lens)
    photo = photo.replace(b"S" * len(software), software)
    save_picture(load_picture(photo), tmp_path / f"a{suffix}")
    written = (tmp_path / f"a{suffix}").read_bytes()
    assert artist in written
    assert lens in written
    exif = read_exif(tmp_path / f"a{suffix}")
    assert exif[ExifTags.Base.Software].encode("latin-1") == software


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_people_say_of_a_picture_in_windows_stays(tmp_path: Path, suffix: str) -> None:
    said = {ExifTags.Base.XPTitle: "Zoë 写真\0".encode("utf-16le"), ExifTags.Base.Rating: 4}
    place = {ExifTags.Base.XPComment: "at 48.85, 2.29".encode("utf-16le")}
    exif = Image.Exif()
    exif.update(said | place)
    metadata = load_picture(encode(Image.fromarray(smooth(8, 8)), "JPEG", exif=exif)).metadata
    for each, kept in ((metadata, said | place), (metadata.without_place(), said)):
        save_picture(Picture(smooth(8, 8), metadata=each), tmp_path / f"a{suffix}")
        written = read_exif(tmp_path / f"a{suffix}")
        assert {tag: written[tag] for tag in said | place if tag in written} == kept


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_made_it_is_written_in_any_alphabet(tmp_path: Path, suffix: str) -> None:
    picture = Picture(smooth(8, 8), metadata=Metadata(software="写真家 ë 2"))
    save_picture(picture, tmp_path / f"a{suffix}")
    software = read_exif(tmp_path / f"a{suffix}")[ExifTags.Base.Software]
    assert software.encode("latin-1") == "写真家 ë 2".encode()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_all_of_it_goes_into_every_format_and_comes_back(
    tmp_path: Path, told: Metadata, suffix: str
) -> None:
    save_picture(Picture(smooth(8, 8), metadata=told), tmp_path / f"a{suffix}")
    has_iptc = suffix in (".jpg", ".tif")
    assert told.iptc == (Record(*TITLE, b"A horse"), Record(*CITY, b"Paris"))
    expected = told if has_iptc else replace(told, iptc=())
    assert load_picture(tmp_path / f"a{suffix}").metadata == expected
    assert b"preview" not in (tmp_path / f"a{suffix}").read_bytes()
    if has_iptc:
        with Image.open(tmp_path / f"a{suffix}") as image:
            assert IptcImagePlugin.getiptcinfo(image) == {TITLE: b"A horse", CITY: b"Paris"}
    exif = read_exif(tmp_path / f"a{suffix}")
    assert exif[ExifTags.Base.Software] == "Camera 1.0"
    assert exif[ExifTags.Base.Artist] == "Ada"
    assert ExifTags.Base.Orientation not in exif
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] == 0.5
    assert b"Maker: 48.85 N" in (tmp_path / f"a{suffix}").read_bytes()
    assert told.icc == SRGB
    assert told.xmp is not None
    assert b"Orientation" not in told.xmp
    assert b'dc:rights="Ada"' in told.xmp


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("codec", ["JPEG", "PNG", "TIFF", "BMP"])
def test_a_scan_is_printed_in_the_size_that_it_has(tmp_path: Path, codec: str, suffix: str) -> None:
    scan = load_picture(encode(Image.fromarray(smooth(8, 8)), codec, dpi=(300, 600)))
    save_picture(scan, tmp_path / f"a{suffix}")
    exif = read_exif(tmp_path / f"a{suffix}")
    told = [exif[getattr(ExifTags.Base, f"{side}Resolution")] for side in "XY"]
    assert told == pytest.approx([300, 600], abs=0.01)
    if suffix in (".jpg", ".png"):  # for programs that look at the header alone
        with Image.open(tmp_path / f"a{suffix}") as image:
            assert image.info["dpi"] == pytest.approx((300, 600), abs=0.02)


def test_an_impossible_number_of_pixels_an_inch_costs_nothing_but_itself(tmp_path: Path) -> None:
    for value in (0, 1e9, TiffImagePlugin.IFDRational(1, 0)):
        exif = Image.Exif()
        exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution] = 300, value
        with_it = Picture(smooth(8, 8), metadata=Metadata(exif=exif.tobytes()))
        for suffix in (".jpg", ".png"):
            save_picture(with_it, tmp_path / f"a{suffix}")
            assert load_picture(tmp_path / f"a{suffix}").rgb.shape == (8, 8, 3)
    assert load_picture(encode(Image.fromarray(smooth(8, 8)), "JPEG", exif=Image.Exif())).metadata


def test_a_part_of_it_can_be_kept(told: Metadata) -> None:
    assert told.kept("all") == told
    assert told.kept("icc") == Metadata(icc=SRGB)
    assert told.kept("none") == Metadata()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_coordinates_are_taken_out_and_nothing_else(
    tmp_path: Path, told: Metadata, suffix: str
) -> None:
    save_picture(Picture(smooth(8, 8), metadata=told.without_place()), tmp_path / f"a{suffix}")
    written = (tmp_path / f"a{suffix}").read_bytes()
    assert b"GPS" not in written
    assert b"Maker" not in written
    assert b"Paris" not in written
    assert (b"A horse" in written) == (suffix in (".jpg", ".tif"))
    exif = read_exif(tmp_path / f"a{suffix}")
    assert ExifTags.IFD.GPSInfo not in exif
    assert exif[ExifTags.Base.Artist] == "Ada"
    assert exif.get_ifd(ExifTags.IFD.Exif) == {ExifTags.Base.ExposureTime: 0.5}
    xmp = told.without_place().xmp
    assert xmp is not None
    assert b"<dc:title>Horse</dc:title>" in xmp
    assert b'dc:rights="Ada"' in xmp
    assert Metadata().without_place() == Metadata()


def test_what_made_it_can_be_read_in_png_and_gif(tmp_path: Path) -> None:
    picture = Picture(smooth(8, 8), metadata=Metadata(software="cyclegan 0.1.0"))
    save_picture(picture, tmp_path / "a.png")
    save_picture(picture, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["Software"] == "cyclegan 0.1.0"
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info["comment"] == b"cyclegan 0.1.0"


@pytest.mark.parametrize("codec", ["JPEG", "GIF"])
def test_the_comment_of_a_file_stays(tmp_path: Path, codec: str) -> None:
    said = "Plate 7, Köln".encode("cp1252")
    image = Image.fromarray(smooth(8, 8))
    metadata = load_picture(encode(image, codec, comment=said)).metadata
    assert metadata.comment == said
    made = Picture(smooth(8, 8), metadata=replace(metadata, software="cyclegan 0.1.0"))
    save_picture(made, tmp_path / "a.jpg")
    save_picture(made, tmp_path / "a.gif")
    assert load_picture(tmp_path / "a.jpg").metadata.comment == said
    assert load_picture(tmp_path / "a.gif").metadata.comment == said + b"\ncyclegan 0.1.0"
    assert metadata.kept("icc").comment is metadata.kept("none").comment is None
    assert metadata.without_place().comment == said
    assert Metadata(comment=b"taken at 48.85, 2.29").without_place() == Metadata()
    save_picture(Picture(smooth(8, 8), metadata=metadata), tmp_path / "a.png")  # no room for it
    assert load_picture(tmp_path / "a.png").metadata.comment is None


def test_texts_of_a_png_stay_and_none_is_there_twice(tmp_path: Path) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Title", "A horse")
    texts.add_text("Comment", "a" * 2000, zip=True)
    texts.add_itxt("Description", "ein Pferd, 馬", "de", "Beschreibung")
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    texts.add_text("Software", "Editor 2")
    texts.add_text("Raw profile type exif", "\nexif\n       8\n4d4d002a00000008\n")
    kept = {"Title": "A horse", "Comment": "a" * 2000, "Description": "ein Pferd, 馬"}
    metadata = load_picture(encode(Image.fromarray(smooth(8, 8)), "PNG", pnginfo=texts)).metadata
    assert metadata.software == "Editor 2"
    save_picture(Picture(smooth(8, 8), metadata=metadata), tmp_path / "a.png")
    assert load_picture(tmp_path / "a.png").metadata == metadata
    with Image.open(tmp_path / "a.png") as image:
        image.load()
        told = image.text
    assert told.keys() == {*kept, "XML:com.adobe.xmp", "Software"}
    assert {key: told[key] for key in kept} == kept
    assert told["Description"].lang == "de"
    assert told["Description"].tkey == "Beschreibung"
    written = (tmp_path / "a.png").read_bytes()
    assert [written.count(key.encode()) for key in ("Title", "XML:com.adobe.xmp")] == [1, 1]
    assert metadata.kept("none") == metadata.kept("icc") == Metadata()
    for suffix in (".jpg", ".webp"):  # which have no room for texts
        save_picture(Picture(smooth(8, 8), metadata=metadata), tmp_path / f"a{suffix}")
        assert load_picture(tmp_path / f"a{suffix}").metadata == replace(metadata, texts=())


def test_records_of_a_tiff_that_are_called_numbers_are_read() -> None:
    records = iptc(title="A horse", city="Paris!!")  # 24 bytes
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[33723] = records
    encoded = encode(Image.fromarray(smooth(8, 8)), "TIFF", tiffinfo=tags)
    as_bytes, as_numbers = struct.pack("<HHI", 33723, 7, 24), struct.pack("<HHI", 33723, 4, 6)
    assert encoded.count(as_bytes) == 1
    found = load_picture(encoded.replace(as_bytes, as_numbers)).metadata.iptc
    assert found == (Record(*TITLE, b"A horse"), Record(*CITY, b"Paris!!"))


def test_damaged_iptc_costs_nothing_but_itself() -> None:
    said = {"extra": photoshop(b"no records"), "xmp": XMP}
    metadata = load_picture(encode(Image.fromarray(smooth(8, 8)), "JPEG", **said)).metadata
    assert metadata.iptc == ()
    assert metadata.xmp is not None


def test_metadata_that_a_jpeg_has_no_room_for_costs_nothing_but_itself(tmp_path: Path) -> None:
    metadata = Metadata(
        xmp=b"x" * 70_000, iptc=(Record(2, 5, b"z" * 30_000),) * 3, software="y" * 70_000
    )
    save_picture(Picture(smooth(8, 8), metadata=metadata), tmp_path / "a.jpg")
    assert load_picture(tmp_path / "a.jpg").metadata == Metadata()


def test_a_profile_is_that_of_the_pixels(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    image = Image.fromarray(smooth(8, 8))
    assert load_picture(encode(image, "PNG", icc_profile=lab)).metadata.icc is None
    assert load_picture(encode(image, "PNG")).metadata.icc is None
    wide = load_picture(
        encode(image, "PNG", icc_profile=SRGB.replace(b"s\0R\0G\0B", b"w\0R\0G\0B"))
    )
    assert wide.metadata.icc is not None
    save_picture(wide, tmp_path / "a.png")
    again = load_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(again.rgb, wide.rgb)
    assert again.metadata.icc == wide.metadata.icc
