"""The measure that other tests trust."""

import numpy as np
import pytest

from app.ciede2000 import difference, difference_of


@pytest.mark.parametrize(
    ("a", "b", "expected"),  # rows 1, 7, 13, 17, 21, 25 and 34 of Sharma, Wu and Dalal's table 1
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, -0.001, 2.49), (50, 0.0011, -2.49), 4.7461),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (50, 3.1736, 0.5854), 1.0000),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_published_pairs(a: tuple[float, ...], b: tuple[float, ...], expected: float) -> None:
    assert difference(np.array(a), np.array(b)) == pytest.approx(expected, abs=1e-4)


def test_pictures_are_compared_in_lab() -> None:
    grey = np.full((2, 2, 3), 128, np.uint8)
    assert difference_of(grey, grey).shape == (2, 2)
    assert (difference_of(grey, grey) == 0).all()
    assert difference_of(grey, grey + np.uint8(3)).mean() == pytest.approx(1.2, abs=0.2)
