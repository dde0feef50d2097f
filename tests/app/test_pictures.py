"""Any kind of picture through the command, with a model that changes nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from app.ciede2000 import difference_of
from cyclegan.contract.images import load_picture
from tests.contract.pictures import read_exif, smooth
from tests.contract.test_animation import DURATIONS, moving, read

PHOTO = Path(__file__).parents[2] / "app" / "web" / "examples" / "cat.jpg"


@pytest.fixture
def photo() -> Image.Image:
    with Image.open(PHOTO) as image:
        return image.resize((96, 64))


@pytest.fixture
def convert_same(command, add_model, weights_dir: Path):
    """A function that runs `cyclegan convert` with a model y = x."""
    add_model(weights_dir, "same", operator="Identity")

    def run(*arguments: object) -> None:
        ran = command("convert", *arguments, "-m", "same")
        assert ran.code == 0, ran.stderr

    return run


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        *((".jpg", mode) for mode in ("RGB", "L", "CMYK")),
        *((".png", mode) for mode in ("RGB", "L", "1", "P", "I;16", "RGBA", "LA")),
        *((".tif", mode) for mode in ("RGB", "L", "1", "P", "I;16", "RGBA", "CMYK")),
        *((suffix, "RGB") for suffix in (".webp", ".avif", ".bmp", ".gif")),
    ],
)
def test_no_format_changes_what_the_model_leaves(
    convert_same, photo: Image.Image, tmp_path: Path, suffix: str, mode: str
) -> None:
    seen = photo.convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        Image.fromarray(np.asarray(seen).astype(np.uint16) * 257).save(tmp_path / f"in{suffix}")
    else:
        seen.save(tmp_path / f"in{suffix}", quality=95)
    convert_same(tmp_path / f"in{suffix}", tmp_path / f"out{suffix}")
    before, after = np.asarray(seen.convert("RGB")), load_picture(tmp_path / f"out{suffix}").rgb
    assert difference_of(before, after).mean() < 2


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_a_colour_are_scaled(
    convert_same, photo: Image.Image, tmp_path: Path, suffix: str
) -> None:
    cv2 = pytest.importorskip("cv2", reason="which writes 16 bits a colour (extra: train)")
    rgb = np.asarray(photo)
    cv2.imwrite(str(tmp_path / f"in{suffix}"), rgb[..., ::-1].astype(np.uint16) * 257)
    convert_same(tmp_path / f"in{suffix}", tmp_path / "out.png")
    np.testing.assert_array_equal(load_picture(tmp_path / "out.png").rgb, rgb)


@pytest.mark.parametrize("codec", ["GIF", "WEBP", "PNG"])
def test_an_animation_stays_one(convert_same, tmp_path: Path, codec: str) -> None:
    path = tmp_path / f"a.{codec.lower()}"
    path.write_bytes(moving(codec, loop=0))
    convert_same(path, tmp_path / f"out.{codec.lower()}")
    before, after = read(path)[0], read(tmp_path / f"out.{codec.lower()}")[0]
    assert [frame.duration_ms for frame in after] == DURATIONS
    for one, other in zip(before, after, strict=True):
        assert difference_of(one.picture.rgb, other.picture.rgb).mean() < 2


def test_a_translation_says_what_made_it(command, weights_dir: Path, tmp_path: Path) -> None:
    card = json.loads((weights_dir / "negate.json").read_text())
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    Image.fromarray(smooth(8, 8)).save(tmp_path / "in.jpg", exif=exif)

    def converted(*options: str) -> Image.Exif:
        ran = command("convert", tmp_path / "in.jpg", tmp_path / "o.png", "--overwrite", *options)
        assert ran.code == 0
        return read_exif(tmp_path / "o.png")

    said = converted()
    assert said[ExifTags.Base.Software] == f"cyclegan 0.1.0, model negate, sha256 {card['sha256']}"
    assert said[ExifTags.Base.Artist] == "Ada"
    assert ExifTags.IFD.GPSInfo in said
    assert ExifTags.IFD.GPSInfo not in converted("--strip-gps")
    assert not converted("--metadata", "icc")
    assert not converted("--metadata", "none")


def test_alpha_can_be_flattened(command, tmp_path: Path, noise) -> None:
    rgba = noise(8, 9, 4)
    rgba[..., 3] = np.where(rgba[..., 3] < 128, 0, 255)
    Image.fromarray(rgba).save(tmp_path / "in.png")
    command("convert", tmp_path / "in.png", tmp_path / "o.png", "--alpha", "flatten:#0a141e")
    picture = load_picture(tmp_path / "o.png")
    is_shown = rgba[..., 3:] > 0
    np.testing.assert_array_equal(
        picture.rgb, np.where(is_shown, 255 - rgba[..., :3], [10, 20, 30])
    )
    assert picture.alpha is None


def test_format_quality_and_names_of_a_folder(command, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.jpg"):
        Image.fromarray(smooth(32, 32)).save(tmp_path / "in" / name)
    folders = tmp_path / "in", tmp_path / "out"
    sizes = []
    for quality in (95, 20):  # another quality is another picture
        options = ("--format", "webp", "--suffix", "_n", "--quality", quality)
        assert ": 2 done" in command("convert", *folders, *options).stdout
        sizes.append((tmp_path / "out" / "a_n.webp").stat().st_size)
    assert sizes[1] < sizes[0]
    assert ": 0 done, 2 skipped" in command("convert", *folders, *options).stdout
    assert sorted(path.name for path in (tmp_path / "out").glob("*.*p")) == ["a_n.webp", "b_n.webp"]


@pytest.mark.parametrize("written", ["JPG", "jpeg"])
def test_a_format_may_be_written_as_people_write_it(command, tmp_path: Path, written: str) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(smooth(32, 32)).save(tmp_path / "in" / "a.png")
    command("convert", tmp_path / "in", tmp_path / "out", "--format", written)
    assert (tmp_path / "out" / "a.jpg").read_bytes().startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--suffix", "_x", "--template", "{stem}.{ext}"), "both make names; give one of them"),
        (("--template", "x.{ext}"), "makes no names"),
        (("--format", "gif"), "is not one of"),
        (("--format", "jpg"), "out.png is not named as a picture of the format jpg"),
        (("--alpha", "flatten:red"), "alpha must be keep or flatten:#rrggbb"),
        (("--metadata", "exif"), "is not one of"),
        (("--size", "big"), "size must be native or a number of pixels, not big"),
        (("--strength", "1.5"), "strength must be a number from 0 to 1"),
        (("--detail", "on"), "is not one of"),
        (("--mask", "no.png"), "no.png cannot be opened: no such file"),
        (("--mask", "model"), "negate has no mask of its own"),
    ],
)
def test_bad_values_are_refused_before_anything_is_read(
    command, tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "in.png").write_text("no picture")
    ran = command("convert", tmp_path / "in.png", tmp_path / "out.png", *options)
    assert ran.code == 2
    assert sentence in ran.stderr


def test_effects_are_asked_for_by_options(command, tmp_path: Path, noise) -> None:
    rgb = noise(40, 60)
    Image.fromarray(rgb).save(tmp_path / "in.png")
    mask = np.zeros((40, 60), np.uint8)
    mask[:, 30:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")

    def converted(*options: object) -> np.ndarray:
        out = tmp_path / "out.png"
        ran = command("convert", tmp_path / "in.png", out, "--overwrite", *options)
        assert ran.code == 0, ran.stderr
        return load_picture(out).rgb

    np.testing.assert_array_equal(converted("--strength", 0), rgb)
    np.testing.assert_array_equal(converted("--size", "native"), 255 - rgb)
    assert (converted("--size", 20, "--detail", "off") != converted("--size", 20)).any()
    assert (converted("--keep-colors") != 255 - rgb).any()
    masked = converted("--mask", tmp_path / "mask.png")
    np.testing.assert_array_equal(masked[:, :30], rgb[:, :30])
    np.testing.assert_array_equal(masked[:, 35:], 255 - rgb[:, 35:])
