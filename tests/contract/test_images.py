"""Any picture comes in upright, 8-bit and sRGB, or is refused with one clear sentence."""

import resource
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, TiffImagePlugin

from cyclegan.contract.errors import PictureError
from cyclegan.contract.images import load_picture
from cyclegan.contract.metadata import Metadata
from cyclegan.contract.saving import save_picture
from tests.contract.pictures import encode, noise, read_exif, smooth


def test_png_colours_are_exact() -> None:
    rgb = noise(5, 7)
    picture = load_picture(encode(Image.fromarray(rgb), "PNG"))
    np.testing.assert_array_equal(picture.rgb, rgb)
    assert picture.alpha is None
    assert picture.metadata == Metadata()


def test_16_bit_greys_are_scaled_not_clipped() -> None:
    grey = np.array([[0, 128, 129, 257, 32896, 65535]], dtype=np.uint16)
    for codec in ("PNG", "TIFF"):
        picture = load_picture(encode(Image.fromarray(grey), codec))
        # v / 257 rounded
        assert picture.rgb[0, :, 0].tolist() == [0, 0, 1, 1, 128, 255]
        assert (picture.rgb == picture.rgb[..., :1]).all()


def test_16_bit_greys_of_which_0_is_white_are_not_negatives() -> None:
    black_is_0 = encode(Image.fromarray(np.array([[0, 257, 65535]], np.uint16)), "TIFF")
    photometric = struct.pack("<HHIH", 262, 3, 1, 1)
    assert black_is_0.count(photometric) == 1
    picture = load_picture(black_is_0.replace(photometric, photometric[:-2] + bytes(2)))
    assert picture.rgb[0, :, 0].tolist() == [255, 254, 0]


@pytest.mark.parametrize("prefix", [TiffImagePlugin.II, TiffImagePlugin.MM])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_channels_that_lie_apart_are_read(prefix: bytes, channels: int) -> None:
    order = "<" if prefix == TiffImagePlugin.II else ">"
    pixels = noise(5, 7, channels)
    values = pixels.astype(np.uint16) << 8 | 7
    planes = np.moveaxis(values, -1, 0).astype(f"{order}u2").tobytes()
    length = 5 * 7 * 2  # bytes of a channel
    said = TiffImagePlugin.ImageFileDirectory_v2(prefix=prefix)
    said[256], said[257], said[258] = 7, 5, (16,) * channels  # width, height, bits
    said[262], said[277], said[284] = 2, channels, 2  # RGB, so many, apart
    said[273] = tuple(length * place for place in range(channels))  # behind this directory
    said[278], said[279] = 5, (length,) * channels
    if channels == 4:
        said[338] = 2  # alpha
    start = prefix + struct.pack(f"{order}HI", 42, 8)
    picture = load_picture(start + said.tobytes(8) + planes)
    np.testing.assert_array_equal(picture.rgb, pixels[..., :3])
    if channels == 4:
        np.testing.assert_array_equal(picture.alpha, pixels[..., 3])


def test_pages_of_a_tiff_are_counted_without_smaller_copies_of_them() -> None:
    pages = [Image.fromarray(noise(side, side)) for side in (8, 8, 4)]
    for kind, count in ((0, 3), (1, 2)):  # of the last one
        pages[2].encoderinfo = {"tiffinfo": {254: kind}}
        tiff = encode(pages[0], "TIFF", save_all=True, append_images=pages[1:])
        picture = load_picture(tiff)
        assert picture.pages == count
        np.testing.assert_array_equal(picture.rgb, np.asarray(pages[0]))
    assert load_picture(encode(pages[0], "TIFF")).pages == 1


def test_greys_bits_and_palettes_become_rgb() -> None:
    grey = Image.fromarray(noise(6, 4)[..., 0])
    np.testing.assert_array_equal(load_picture(encode(grey, "PNG")).rgb[..., 2], np.asarray(grey))
    bits = grey.convert("1")
    assert set(np.unique(load_picture(encode(bits, "PNG")).rgb)) == {0, 255}
    palette = Image.fromarray(noise(6, 4)).quantize(8)
    expected = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(load_picture(encode(palette, "PNG")).rgb, expected)
    np.testing.assert_array_equal(load_picture(encode(palette, "GIF")).rgb, expected)


def test_cmyk_becomes_rgb() -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert np.abs(load_picture(encode(red, "TIFF")).rgb - [255, 0, 0]).max() == 0
    assert np.abs(load_picture(encode(red, "JPEG")).rgb.astype(int) - [255, 0, 0]).max() <= 3


def test_alpha_is_kept_in_all_its_forms() -> None:
    rgba = noise(6, 4, 4)
    picture = load_picture(encode(Image.fromarray(rgba), "PNG"))
    np.testing.assert_array_equal(picture.alpha, rgba[..., 3])
    np.testing.assert_array_equal(picture.rgb, rgba[..., :3])
    grey = load_picture(encode(Image.fromarray(rgba).convert("LA"), "PNG"))
    np.testing.assert_array_equal(grey.alpha, rgba[..., 3])
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putpixel((1, 0), 1)
    picture = load_picture(encode(palette, "PNG", transparency=1))
    assert picture.rgb.tolist() == [[[10, 20, 30], [40, 50, 60]]]
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[255, 0]]
    fine = Image.fromarray(np.array([[1000, 1001]], np.uint16))  # 4 in 8 bits, both of them
    picture = load_picture(encode(fine, "PNG", transparency=1000))
    assert picture.rgb[..., 0].tolist() == [[4, 4]]
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[0, 255]]


@pytest.mark.parametrize(
    ("bits", "colour", "row", "clear", "read"),
    [
        (16, 2, struct.pack(">6H", 1000, 2000, 3000, 4000, 5000, 6000), (1000, 2000, 3000), 3),
        (8, 2, bytes((3, 7, 11, 4, 7, 11)), (3, 7, 11), 3),
        (4, 0, bytes((0x5C,)), (5,), 85),
        (2, 0, bytes((0b01_11_0000,)), (1,), 85),
    ],
)
def test_the_one_clear_colour_of_a_png_is_found_whatever_its_bits(
    bits: int, colour: int, row: bytes, clear: tuple[int, ...], read: int
) -> None:
    header = {
        b"IHDR": struct.pack(">IIBBBBB", 2, 1, bits, colour, 0, 0, 0),
        b"tRNS": struct.pack(f">{len(clear)}H", *clear),
    }
    animated = {
        b"acTL": struct.pack(">II", 2, 0),
        b"fcTL": struct.pack(">IIIIIHHBB", 0, 2, 1, 0, 0, 1, 1, 0, 0),
    }
    for chunks in (header, header | animated):
        picture = load_picture(png({**chunks, b"IDAT": zlib.compress(b"\0" + row)}))
        assert picture.rgb[0, 0, 0] == read
        assert picture.alpha is not None
        assert picture.alpha.tolist() == [[0, 255]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("codec", ["PNG", "TIFF", "JPEG"])
def test_pictures_are_turned_upright_once(tmp_path: Path, codec: str, orientation: int) -> None:
    corner = np.zeros((16, 32, 3), dtype=np.uint8)
    corner[:8, :8] = 255  # upper left, as it should be seen
    # By the EXIF standard, what the file holds so that it is seen like that:
    stored = {
        1: corner,
        2: corner[:, ::-1],
        3: corner[::-1, ::-1],
        4: corner[::-1],
        5: corner.transpose(1, 0, 2),
        6: np.rot90(corner, 1),
        7: np.rot90(corner, 2).transpose(1, 0, 2),
        8: np.rot90(corner, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Camera"
    picture = load_picture(encode(Image.fromarray(np.ascontiguousarray(stored)), codec, exif=exif))
    assert picture.rgb.shape == (16, 32, 3)
    assert (np.abs(picture.rgb.astype(int) - corner) < 8).all()
    save_picture(picture, tmp_path / "again.png")
    again = read_exif(tmp_path / "again.png")
    assert ExifTags.Base.Orientation not in again
    assert again[ExifTags.Base.Make] == "Camera"


def test_colour_profiles_are_converted_to_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.fromarray(noise(8, 8))
    exact = np.asarray(image)
    np.testing.assert_array_equal(load_picture(encode(image, "PNG", icc_profile=srgb)).rgb, exact)
    # A profile for other channels than the picture has, or a damaged one, is left out.
    np.testing.assert_array_equal(load_picture(encode(image, "PNG", icc_profile=lab)).rgb, exact)
    np.testing.assert_array_equal(load_picture(encode(image, "PNG", icc_profile=b"?")).rgb, exact)


def test_a_wide_gamut_profile_changes_colours_as_it_should() -> None:
    # The same primaries in another order: what the file calls red is seen as blue. So the test
    # needs no profile file, and no colour science to know the answer. It is still called sRGB.
    swapped = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(swapped[i : i + 4]): i for i in range(132, 132 + 12 * swapped[131], 12)}
    red, blue = tags[b"rXYZ"], tags[b"bXYZ"]
    entries = swapped[red + 4 : red + 12], swapped[blue + 4 : blue + 12]
    swapped[blue + 4 : blue + 12], swapped[red + 4 : red + 12] = entries
    image = Image.new("RGB", (4, 4), (250, 30, 10))
    rgb = load_picture(encode(image, "PNG", icc_profile=bytes(swapped))).rgb
    assert np.abs(rgb.astype(int) - [10, 30, 250]).max() <= 1


def test_the_black_of_a_profile_becomes_black() -> None:
    # sRGB with other curves, of two points each: what it calls 0 is a tenth of its white's light.
    raised = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    curve = raised.index(b"para", 132 + 12 * raised[131])  # that of all three channels
    raised[curve : curve + 16] = struct.pack(">4s4xI2H", b"curv", 2, 6554, 65535)
    image = Image.fromarray(np.array([[[0] * 3, [255] * 3]], np.uint8))
    rgb = load_picture(encode(image, "PNG", icc_profile=bytes(raised))).rgb
    assert rgb.tolist() == [[[0] * 3, [255] * 3]]


def test_damaged_metadata_costs_nothing_but_itself() -> None:
    picture = load_picture(encode(Image.fromarray(noise(4, 4)), "PNG", exif=b"Exif\0\0garbage"))
    np.testing.assert_array_equal(picture.rgb, noise(4, 4))
    assert picture.metadata == Metadata()


def bomb(width: int, height: int) -> bytes:
    """A valid PNG of one bit a pixel, all black: 30,000 x 30,000 of them in about 110 kB."""
    rows = zlib.compressobj(9)
    data = b"".join(rows.compress(bytes(1 + width // 8)) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return png({b"IHDR": header, b"IDAT": data})


def png(chunks: dict[bytes, bytes]) -> bytes:
    """A PNG of chunks as they are given."""
    file = b"\x89PNG\r\n\x1a\n"
    for name, body in {**chunks, b"IEND": b""}.items():
        file += (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )
    return file


def test_a_bomb_is_refused_from_its_header() -> None:
    source = bomb(30_000, 30_000)
    assert len(source) < 150_000
    started = time.process_time()
    with pytest.raises(PictureError, match=r"30000 x 30000 pixels, the limit is 100 megapixels"):
        load_picture(source)
    assert time.process_time() - started < 0.2  # decoding it takes seconds and 900 MB


def test_the_limit_can_be_chosen_and_warns_of_nothing_below_it() -> None:
    # Pillow would warn from 89 megapixels on, and here warnings are errors. Most of the file is
    # cut off because decoding it takes seconds.
    with pytest.raises(PictureError, match="truncated"):
        load_picture(bomb(10_000, 9_500)[:2000], max_pixels=95_000_000)
    with pytest.raises(PictureError, match=r"8 x 8 pixels, the limit is 6\.3e-05 megapixels"):
        load_picture(bomb(8, 8), max_pixels=63)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not mind this limit")
def test_a_picture_for_which_there_is_no_memory_is_not_called_damaged() -> None:
    source = encode(Image.new("L", (8000, 8000)), "PNG")
    with (
        most_memory(128 * 2**20),  # of 64 MB of greys, and 192 MB in RGB
        pytest.raises(PictureError, match="picture needs more memory than there is; make it small"),
    ):
        load_picture(source)


@contextmanager
def most_memory(more: int) -> Iterator[None]:
    """A limit on the address space: so many bytes more than now."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


PNG = encode(Image.fromarray(noise(64, 64)), "PNG")
JPEG = encode(Image.fromarray(noise(64, 64)), "JPEG")
SIGNED = encode(Image.new("I;16", (4, 4)), "TIFF", tiffinfo={339: 2})  # SampleFormat
WEBP = encode(Image.fromarray(noise(64, 64)), "WEBP")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.png", b"", "is empty (0 bytes)"),
        ("a.png", b"just a text", "is not a picture that can be read"),
        ("a.jpg", b"%PDF-1.7 and so on", "is not a picture that can be read"),
        ("a.png", b"%!PS-Adobe-3.0 EPSF-3.0\n", "is not a picture that can be read"),
        ("a.png", PNG[:20], "has a damaged or unusual PNG header"),
        ("a.png", PNG[: len(PNG) // 2], "is truncated or damaged"),
        ("a.jpg", JPEG[: len(JPEG) // 2], "is truncated or damaged"),
        ("a.webp", WEBP[: len(WEBP) // 2], "damaged"),
        ("a.tif", encode(Image.new("F", (4, 4)), "TIFF"), "has signed or 32-bit samples"),
        ("a.tif", SIGNED, "has signed or 32-bit samples"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_reason(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PictureError) as raised:
        load_picture(path)
    assert str(raised.value).startswith(f"{path} ")
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)
    with pytest.raises(PictureError, match=r"^upload "):
        load_picture(content, name="upload")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="cannot be opened: no such file"):
        load_picture(tmp_path / "none.png")
    with pytest.raises(PictureError, match="cannot be opened: is a directory"):
        load_picture(tmp_path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # the command line ignores them too
@pytest.mark.parametrize("codec", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"])
def test_damage_anywhere_is_a_picture_error_or_still_a_picture(codec: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    source = encode(Image.fromarray(smooth(24, 24)), codec, exif=exif)
    random = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(source[: random.integers(1, len(source) + 1)])
        for at in random.integers(0, len(damaged), 3):
            damaged[at] = random.integers(0, 256)
        try:
            picture = load_picture(bytes(damaged), max_pixels=1_000_000)
        except PictureError:
            continue
        assert picture.rgb.dtype == np.uint8
        assert picture.rgb.ndim == 3
