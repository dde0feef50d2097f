"""Pictures are measured as they are."""

import math
from pathlib import Path

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
