"""What is typed beside the sliders of the Photo and the Folder tab."""

from typing import Any

import pytest

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

from app.web.options import read_options
from cyclegan.contract.errors import InputError


@pytest.mark.parametrize(
    ("strength", "quality", "expected"),
    [
        (50, 80, (0.5, 80)),
        (500, 101, (1.0, 100)),
        (-3, 0, (0.0, 1)),
        (None, None, (1.0, 95)),
        (49.6, 94.6, (0.5, 95)),
    ],
)
def test_numbers_out_of_range_are_the_nearest_and_empty_boxes_the_defaults(
    strength: Any, quality: Any, expected: tuple[float, int]
) -> None:
    recipe = read_options((strength, False, "auto", "auto", "png", quality, "all", False)).recipe
    assert (recipe.strength, recipe.quality) == expected


@pytest.mark.parametrize("strength", ["much", float("nan"), [1]])
def test_what_is_no_number_is_refused(strength: Any) -> None:
    with pytest.raises(InputError, match="values without sense"):
        read_options((strength, False, "auto", "auto", "png", 95, "all", False))
