"""What is done to pixels, by hand."""

import numpy as np
import pytest
from PIL import Image

from app.effects import Enlarged, feather, mix, shrink, with_colours_of
from cyclegan.contract.pixels import strips


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


@pytest.mark.parametrize("height", [1, 255, 256, 257, 1000])
def test_strips_are_all_rows_once(height: int) -> None:
    assert [row for rows in strips(height) for row in range(height)[rows]] == list(range(height))


def test_shrinking_keeps_proportions_and_never_enlarges() -> None:
    picture = np.zeros((300, 1200, 3), np.uint8)
    assert shrink(picture, 400).shape == (100, 400, 3)
    assert shrink(picture, 1).shape == (1, 1, 3)
    assert shrink(picture, 1200) is picture
    assert shrink(picture, 5000) is picture


def test_strips_of_an_enlarged_array_fit_together() -> None:
    small, size = numbers(40, 30, 3), (700, 525)
    whole = Enlarged(small, size).read(slice(0, 700))
    assert whole.shape == (700, 525, 3)
    for rows in (256, 7, 1):
        enlarged = Enlarged(small, size)
        parts = np.concatenate([enlarged.read(each) for each in strips(700, rows)])
        np.testing.assert_allclose(parts, whole, atol=0.001)  # of 255
    np.testing.assert_array_equal(Enlarged(small, (40, 30)).read(slice(5, 9)), small[5:9])
    even = np.full((3, 5, 1), 7.25, np.float32)
    np.testing.assert_allclose(Enlarged(even, (500, 900)).read(slice(300, 500)), 7.25, rtol=1e-6)


@pytest.mark.parametrize(
    ("small", "size"),
    [((1, 1), (5, 7)), ((2, 90), (3, 91)), ((33, 64), (33, 640)), ((70, 9), (4000, 9))],
)
def test_what_is_enlarged_is_as_pillow_enlarges_it(
    small: tuple[int, int], size: tuple[int, int]
) -> None:
    array = numbers(*small, 2)
    whole = [
        Image.fromarray(np.ascontiguousarray(plane)).resize(size[::-1], Image.Resampling.BICUBIC)
        for plane in np.moveaxis(array, -1, 0)
    ]
    enlarged = Enlarged(array, size)
    parts = np.concatenate([enlarged.read(rows) for rows in strips(size[0], 16)])
    np.testing.assert_allclose(parts, np.stack(whole, -1), atol=0.001)


def test_colours_stay_and_light_changes() -> None:
    before = np.array([[[100, 80, 60]]], np.float32)
    after = np.array([[[200, 200, 200]]], np.float32)
    # luma 83.7 by hand: 0.299 * 100 + 0.587 * 80 + 0.114 * 60
    expected = before + np.float32(200 - 83.7)
    np.testing.assert_allclose(with_colours_of(before, after), expected, atol=1e-3)


def test_a_mix_of_nothing_or_all_is_exact() -> None:
    before, after = numbers(50, 50, 3), numbers(50, 50, 3)[::-1]
    np.testing.assert_array_equal(mix(before, after.copy(), 0), before)
    np.testing.assert_array_equal(mix(before, after.copy(), 1), after)
    is_after = (np.arange(50) % 2).astype(np.float32)[:, None]
    np.testing.assert_array_equal(mix(before, after.copy(), is_after)[:, ::2], before[:, ::2])
    np.testing.assert_array_equal(mix(before, after.copy(), is_after)[:, 1::2], after[:, 1::2])
    half = mix(np.float32([[[10, 20, 255]]]), np.float32([[[11, 30, 255]]]), 0.5)
    assert half.tolist() == [[[11, 25, 255]]]  # 10.5 is rounded up


def test_a_mask_fades_inside_and_is_nothing_outside() -> None:
    mask = np.zeros((400, 400), np.uint8)
    mask[:, 200:] = 255
    weight = feather(mask).weight(slice(0, 400))
    assert weight.shape == (400, 400, 1)
    assert weight[:, :200].max() == 0
    assert weight[:, 206:].min() > 0.99  # a hundredth of the side is 4 pixels
    assert (np.diff(weight[200, :, 0]) >= 0).all()
    assert 0 < weight[200, 201, 0] < 0.9
    for grey, expected in ((51, 0.2), (255, 1), (0, 0)):  # greys are shares
        even = feather(np.full((9, 9), grey, np.uint8)).weight(slice(2, 7))
        assert even.shape == (5, 9, 1)
        assert even == pytest.approx(expected)
