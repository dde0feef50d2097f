import logging
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cyclegan.squares import in_strong_colours, load_squares, middle_square


@pytest.mark.parametrize(("height", "width"), [(8, 20), (20, 8), (8, 8)])
def test_the_middle_is_as_far_from_both_ends(height: int, width: int) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    top, left = (height - 8) // 2, (width - 8) // 2
    np.testing.assert_array_equal(middle_square(rgb, 8), rgb[top : top + 8, left : left + 8])


def test_squares_are_spread_over_the_pictures_and_do_without_what_cannot_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = [tmp_path / f"{shade}.png" for shade in range(5)]
    for shade, path in enumerate(paths):
        Image.new("RGB", (6, 4), (shade, shade, shade)).save(path)
    assert [int(square.max()) for square in load_squares(paths, 3, 4, "measuring")] == [0, 2, 4]
    paths[2].write_bytes(b"no picture")
    with caplog.at_level(logging.WARNING):
        squares = load_squares(paths, 3, 4, "measuring")
    assert [square.shape for square in squares] == [(4, 4, 3)] * 2
    assert "measuring without it: " in caplog.text


def test_a_picture_in_strong_colours_keeps_its_greys() -> None:
    rgb = np.array([[[100, 100, 100], [110, 100, 90], [200, 100, 30]]], np.uint8)
    assert in_strong_colours(rgb, 0).tolist() == [[[100, 100, 100], [130, 100, 70], [255, 80, 0]]]
    seen = {tuple(in_strong_colours(rgb, number)[0, 1]) for number in range(6)}
    assert seen == set(permutations((130, 100, 70)))
