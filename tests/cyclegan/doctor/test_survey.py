"""Pictures are measured as they are."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cyclegan.doctor.survey import Measured, measure


@pytest.mark.parametrize("quality", [30, 60, 82, 95])
def test_jpeg_quality_is_read_from_the_tables(quality: int, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    Image.new("RGB", (32, 32)).save(path, quality=quality)
    measured = measure(path)
    assert isinstance(measured, Measured)
    assert measured.jpeg_quality == pytest.approx(quality, abs=1)


def test_pictures_of_any_shape_are_measured(tmp_path: Path) -> None:
    for shape in ((1, 1), (1, 3000), (600, 300)):
        path = tmp_path / f"{shape}.png"
        Image.new("RGB", shape, "red").save(path)
        measured = measure(path)
        assert isinstance(measured, Measured)
        assert (measured.width, measured.height) == shape
        assert measured.is_blank
        assert math.isclose(measured.warmth, 255)


def measured(path: Path) -> Measured:
    found = measure(path)
    assert isinstance(found, Measured)
    return found


@pytest.mark.parametrize(
    ("side", "above", "below", "beside", "colour", "border"),
    [
        (40, 6, 6, 0, 0, 0.3),
        (40, 0, 0, 6, 0, 0.3),
        (40, 6, 6, 6, 0, 1 - 0.7**2),
        (40, 6, 0, 0, 0, 0),  # on one side alone, as skies are
        (40, 6, 1, 0, 0, 0),
        (40, 6, 6, 0, 255, 0),  # of two colours
        (40, 1, 1, 1, 0, 0),
        (200, 3, 3, 3, 0, 0),  # narrower than 2 in 100
    ],
)
def test_bars_at_opposite_sides_are_a_border(
    tmp_path: Path, side: int, above: int, below: int, beside: int, colour: int, border: float
) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    rgb[:, :beside] = rgb[:, side - beside :] = rgb[:above] = 0
    rgb[side - below :] = colour
    Image.fromarray(rgb).save(tmp_path / "framed.png")
    assert measured(tmp_path / "framed.png").border == pytest.approx(border)


@pytest.mark.parametrize(("alpha", "is_transparent"), [(255, False), (128, True)])
def test_what_is_not_opaque_is_transparent(
    tmp_path: Path, alpha: int, is_transparent: bool
) -> None:
    Image.new("RGBA", (8, 8), (1, 2, 3, alpha)).save(tmp_path / "a.png")
    assert measured(tmp_path / "a.png").is_transparent == is_transparent


def test_two_jpegs_in_a_file_of_a_phone_are_a_jpeg(tmp_path: Path) -> None:
    image = Image.new("RGB", (32, 32))
    image.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[image], quality=60)
    found = measured(tmp_path / "a.jpg")
    assert (found.format, found.jpeg_quality) == ("JPEG", pytest.approx(60, abs=1))


def test_the_same_bytes_in_another_shape_are_another_picture(tmp_path: Path) -> None:
    for shape in ((4, 8), (8, 4)):
        Image.new("RGB", shape, "red").save(tmp_path / f"{shape}.png")
    assert len({measured(path).digest for path in tmp_path.iterdir()}) == 2
