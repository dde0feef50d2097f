"""The promises of pixels.py, by exhaustion where that is possible."""

import numpy as np
import pytest

from cyclegan.contract.errors import ModelError
from cyclegan.contract.pixels import (
    Layout,
    Padded,
    crop_back,
    from_network,
    pad_to_multiple,
    to_network,
)

ALL_VALUES = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)


def test_the_round_trip_is_exact_for_all_256_values() -> None:
    np.testing.assert_array_equal(from_network(to_network(ALL_VALUES)), ALL_VALUES)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("value_range", [(-1.0, 1.0), (0.0, 1.0), (0.0, 255.0)])
def test_the_round_trip_is_exact_in_every_layout_and_range(
    layout: Layout, value_range: tuple[float, float]
) -> None:
    x = to_network(ALL_VALUES[:8], layout, value_range)
    assert x.shape == ((1, 3, 8, 16) if layout == "NCHW" else (1, 8, 16, 3))
    assert (x.min(), x.max() <= value_range[1]) == (value_range[0], True)
    np.testing.assert_array_equal(from_network(x, layout, value_range), ALL_VALUES[:8])


def test_negation_gives_exactly_255_minus_v_for_all_256_values() -> None:
    np.testing.assert_array_equal(from_network(-to_network(ALL_VALUES)), 255 - ALL_VALUES)


def test_networks_see_nchw_float32_between_minus_1_and_1() -> None:
    rgb = np.zeros((2, 5, 3), dtype=np.uint8)
    rgb[0, 4] = (0, 51, 255)
    x = to_network(rgb)
    assert (x.shape, x.dtype, x.flags.c_contiguous) == ((1, 3, 2, 5), np.float32, True)
    np.testing.assert_allclose(x[0, :, 0, 4], [-1, -0.6, 1], atol=1e-7)  # 51 / 127.5 - 1


@pytest.mark.parametrize(
    ("y", "v"),
    [
        (-1.0, 0),
        (-7.0, 0),
        (1.0, 255),
        (7.0, 255),
        (0.0, 128),  # 127.5: the one half that float32 meets exactly
        (0.51 / 127.5 - 1, 1),
        (0.49 / 127.5 - 1, 0),
    ],
)
def test_values_are_rounded_half_up_and_clipped(y: float, v: int) -> None:
    assert from_network(np.full((1, 3, 1, 1), y, dtype=np.float64)).ravel().tolist() == [v] * 3


def test_half_precision_answers_are_read_too() -> None:
    y = to_network(ALL_VALUES).astype(np.float16)
    np.testing.assert_array_equal(from_network(y), ALL_VALUES)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_never_become_colours(value: float) -> None:
    y = np.zeros((1, 3, 4, 4), dtype=np.float32)
    y[0, 1, 2, 3] = value
    with pytest.raises(ModelError, match="NaN or infinite"):
        from_network(y)


def test_answers_of_another_shape_are_refused() -> None:
    with pytest.raises(ModelError, match=r"shape \[1, 1, 4, 4\], not \[1, 3, H, W\]"):
        from_network(np.zeros((1, 1, 4, 4), dtype=np.float32))
    with pytest.raises(ModelError, match=r"shape \[1, 3, 4, 4\], not \[1, H, W, 3\]"):
        from_network(np.zeros((1, 3, 4, 4), dtype=np.float32), "NHWC")


@pytest.mark.parametrize(("multiple", "border"), [(1, 0), (4, 0), (4, 3), (16, 0), (32, 50)])
def test_crop_undoes_pad_for_every_size_up_to_40(multiple: int, border: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    for height in range(1, 41):
        for width in range(1, 41):
            rgb = noise[:height, :width]
            padded, crop = pad_to_multiple(rgb, multiple, border)
            assert padded.shape[0] % multiple == padded.shape[1] % multiple == 0
            np.testing.assert_array_equal(crop_back(padded, crop), rgb)


def test_a_window_of_a_padded_picture_is_what_the_whole_has_there() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    whole, crop = pad_to_multiple(rgb, 4, border=20)  # mirrored more than once
    padded = Padded(rgb, 4, border=20)
    assert (padded.shape, padded.crop) == (whole.shape[:2], crop)
    np.testing.assert_array_equal(whole, np.pad(rgb, ((20, 23), (20, 23), (0, 0)), mode="reflect"))
    for rows, columns in (
        (slice(0, 52), slice(52, 56)),
        (slice(3, 30), slice(19, 34)),
        (np.array([0, 51, 25]), np.array([20, 1])),
    ):
        np.testing.assert_array_equal(padded.read(rows, columns), whole[rows][:, columns])


def test_padding_is_no_larger_than_needed() -> None:
    rgb = np.zeros((8, 9, 3), dtype=np.uint8)
    assert pad_to_multiple(rgb, 4)[0].shape == (8, 12, 3)
    assert pad_to_multiple(rgb, 4, border=2)[0].shape == (12, 16, 3)


def test_padding_mirrors_without_repeating_the_edge() -> None:
    row = np.array([10, 20, 30], dtype=np.uint8).reshape(1, 3, 1).repeat(3, axis=2)
    padded, _ = pad_to_multiple(row, 1, border=4)
    assert padded[4, :, 0].tolist() == [10, 20, 30, 20, 10, 20, 30, 20, 10, 20, 30]
    assert (padded[:, 4:7] == row).all()  # one row is mirrored into all rows
