"""What a file says beside its pixels, in and out of every format that has room for it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.metadata import Metadata
from cyclegan.contract.saving import save_picture
from tests.contract.pictures import encode, read_exif, smooth

SUFFIXES = [".jpg", ".png", ".webp", ".tif", ".avif"]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"
 exif:GPSLatitude='48,8.2N' dc:rights="Ada">
 <exif:GPSTimeStamp>2026-01-01</exif:GPSTimeStamp><exif:GPSSpeed/><dc:title>Horse</dc:title>
</rdf:Description></x:xmpmeta>"""


@pytest.fixture
def told(tmp_path: Path) -> Metadata:
    """All that a photo can say."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    exif[ExifTags.Base.Orientation] = 3
    exif[ExifTags.Base.Software] = "Camera 1.0"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = 0.5
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    image = Image.fromarray(smooth(8, 8))
    return load_picture(encode(image, "JPEG", exif=exif, xmp=XMP, icc_profile=SRGB)).metadata


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_all_of_it_goes_into_every_format_and_comes_back(
    tmp_path: Path, told: Metadata, suffix: str
) -> None:
    save_picture(Picture(smooth(8, 8), metadata=told), tmp_path / f"a{suffix}")
    assert load_picture(tmp_path / f"a{suffix}").metadata == told
    exif = read_exif(tmp_path / f"a{suffix}")
    assert exif[ExifTags.Base.Software] == "Camera 1.0"
    assert exif[ExifTags.Base.Artist] == "Ada"
    assert ExifTags.Base.Orientation not in exif
    assert exif.get_ifd(ExifTags.IFD.Exif) == {ExifTags.Base.ExposureTime: 0.5}
    assert told.icc == SRGB
    assert told.xmp is not None
    assert b"Orientation" not in told.xmp
    assert b'dc:rights="Ada"' in told.xmp


def test_a_part_of_it_can_be_kept(told: Metadata) -> None:
    assert told.kept("all") == told
    assert told.kept("icc") == Metadata(icc=SRGB)
    assert told.kept("none") == Metadata()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_coordinates_are_taken_out_and_nothing_else(
    tmp_path: Path, told: Metadata, suffix: str
) -> None:
    save_picture(Picture(smooth(8, 8), metadata=told.without_place()), tmp_path / f"a{suffix}")
    assert b"GPS" not in (tmp_path / f"a{suffix}").read_bytes()
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


def test_metadata_that_a_jpeg_has_no_room_for_costs_nothing_but_itself(tmp_path: Path) -> None:
    metadata = Metadata(xmp=b"x" * 70_000, software="y" * 70_000)
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
