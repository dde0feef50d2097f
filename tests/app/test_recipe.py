"""What can be asked of a translation."""

import dataclasses
import inspect
import json
from pathlib import Path

import pytest

from app.cli.convert import convert
from app.recipe import Recipe
from cyclegan.contract.errors import InputError


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"size": 0}, "size must be native or a number of pixels, not 0"),
        ({"size": "big"}, "size must be native or a number of pixels, not big"),
        ({"detail": "on"}, "detail must be one of auto, transfer, off, not on"),
        ({"strength": 1.5}, r"strength must be a number from 0 to 1, not 1\.5"),
        ({"strength": float("nan")}, "strength must be a number from 0 to 1, not nan"),
        ({"alpha": "flatten"}, "alpha must be keep or flatten:#rrggbb, not flatten"),
        ({"alpha": "flatten:#12345"}, "alpha must be"),
        ({"quality": 0}, "quality must be a number from 1 to 100, not 0"),
        ({"quality": 101}, "quality must be"),
        ({"metadata": "exif"}, "metadata must be one of all, icc, none, not exif"),
    ],
)
def test_values_without_sense_are_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Recipe(**fields)  # type: ignore[arg-type]


def test_a_background_is_three_numbers() -> None:
    assert Recipe().background is None
    assert Recipe(alpha="flatten:#0080Ff").background == (0, 128, 255)


def test_a_recipe_is_plain_json() -> None:
    recipe = Recipe(alpha="flatten:#000000", quality=3)
    assert Recipe(**json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_a_mask_is_told_by_its_bytes(tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    mask.write_bytes(b"one")
    one = Recipe(mask=mask).to_dict()
    mask.write_bytes(b"two")
    assert one != Recipe(mask=mask).to_dict()
    assert Recipe(mask="model").to_dict()["mask"] == "model"


def test_convert_asks_for_what_a_recipe_is_by_itself() -> None:
    # It writes its defaults out: a recipe needs Pillow, and the help of a command answers without.
    options = inspect.signature(convert).parameters
    defaults = {field.name: field.default for field in dataclasses.fields(Recipe)}
    assert {name: options[name].default for name in defaults} == defaults
