import numpy as np
import pytest

from cyclegan.distances import (
    frechet_inception_distance,
    kernel_inception_distance,
    sliced_wasserstein_distance,
)


def test_kid_by_hand() -> None:
    # One dimension, k(a, b) = (ab + 1)^3. x = {0, 1}: k(0, 1) = 1. y = {2, 0}: k(2, 0) = 1.
    # Across: k(0, 2) = 1, k(0, 0) = 1, k(1, 2) = 27, k(1, 0) = 1, mean 7.5. 1 + 1 - 15 = -13.
    x, y = np.array([[0.0], [1.0]]), np.array([[2.0], [0.0]])
    assert kernel_inception_distance(x, y) == pytest.approx(-13)


def test_fid_of_gaussians_by_hand() -> None:
    # x: mean 1, variance 2 on both axes, uncorrelated; y = 2x + 3: mean 5, variance 8.
    # |1 - 5|^2 * 2 + 2 * (2 + 8 - 2 * sqrt(16)) = 32 + 4
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) * np.sqrt(1.5)
    x = corners + 1
    assert frechet_inception_distance(x, 2 * x + 3) == pytest.approx(36)
    assert frechet_inception_distance(x, x) == pytest.approx(0, abs=1e-6)


def test_sliced_wasserstein_of_a_shift_in_one_dimension_is_the_shift() -> None:
    x = np.random.default_rng(0).standard_normal((50, 1))
    assert sliced_wasserstein_distance(x, x + 3) == pytest.approx(3)
    assert sliced_wasserstein_distance(x, x) == 0


def test_sliced_wasserstein_sees_what_part_of_a_shift_lies_along_each_direction() -> None:
    # In the plane a direction sees |cos| of its angle to the shift, on average 2 / pi of it.
    x = np.random.default_rng(0).standard_normal((50, 2))
    distance = sliced_wasserstein_distance(x, x + np.array([3, 0]))
    assert distance == pytest.approx(3 * 2 / np.pi, rel=0.05)  # 256 directions
