"""Any kind of picture through the command, with a model that changes nothing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cyclegan.contract.images import load_picture
from tests.contract.ciede2000 import mean_difference
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
    assert mean_difference(before, after) < 2


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_a_colour_are_scaled(
    convert_same, photo: Image.Image, tmp_path: Path, suffix: str
) -> None:
    cv2 = pytest.importorskip("cv2", reason="which writes 16 bits a colour (extra: train)")
    rgb = np.asarray(photo)
    cv2.imwrite(str(tmp_path / f"in{suffix}"), rgb[..., ::-1].astype(np.uint16) * 257)
    convert_same(tmp_path / f"in{suffix}", tmp_path / "out.png")
    np.testing.assert_array_equal(load_picture(tmp_path / "out.png").rgb, rgb)


@pytest.mark.parametrize("codec", ["GIF", "WEBP"])
def test_an_animation_stays_one(convert_same, tmp_path: Path, codec: str) -> None:
    path = tmp_path / f"a.{codec.lower()}"
    path.write_bytes(moving(codec, loop=0))
    convert_same(path, tmp_path / f"out.{codec.lower()}")
    before, after = read(path)[0], read(tmp_path / f"out.{codec.lower()}")[0]
    assert [frame.duration_ms for frame in after] == DURATIONS
    for one, other in zip(before, after, strict=True):
        assert mean_difference(one.picture.rgb, other.picture.rgb) < 2
