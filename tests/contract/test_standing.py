"""Where a run stands, as its config and its log tell."""

from typing import Any

import pytest

from cyclegan.config import TrainConfig
from cyclegan.contract.standing import (
    Measured,
    Standing,
    alarms_in_force,
    is_number,
    label_endings,
    read_measurements,
    read_standing,
    share_done,
)


@pytest.mark.parametrize(
    ("config", "share"),
    [
        ({"max_images": 100, "max_minutes": 0.0}, 0.25),
        ({"max_images": 0, "max_minutes": 2.0}, 0.75),
        ({"max_images": 100, "max_minutes": 2.0}, 0.75),  # the further of the two
        ({"max_images": 20, "max_minutes": 2.0}, 1.0),
    ],
)
def test_a_run_and_a_config_of_it_agree_on_what_is_done(
    config: dict[str, Any], share: float
) -> None:
    assert share_done(config, 25, 90.0) == share
    assert TrainConfig(**config).share_done(25, 90.0) == share


def test_a_run_stands_where_its_last_lines_tell() -> None:
    rows: list[dict[str, Any]] = [
        {"images_seen": 10, "minutes": 1.0, "images_per_s": 0.2},
        {"images_seen": 20, "minutes": 2.0, "images_per_s": 0.1},
        {"images_seen": 20, "KID_AtoB": 1.0, "without_best": 2},
        {"images_seen": 25, "diversity_AB": 0.5},
    ]
    standing = read_standing({"max_images": 100, "patience": 3}, rows)
    assert standing == Standing(25, 2.0, 0.1, 0.25, 2, is_out_of_patience=False)
    assert standing.remaining_s == 360  # 2 minutes brought it a quarter of the way
    assert read_standing({"max_images": 100, "patience": 2}, rows).is_out_of_patience
    assert not read_standing({"max_images": 100, "patience": 0}, rows).is_out_of_patience


def test_a_run_that_has_not_begun_stands_at_nothing() -> None:
    standing = read_standing({}, [])
    assert standing == Standing(0, 0.0, 0.0, 0.0, 0, is_out_of_patience=False)
    assert standing.remaining_s is None


def test_marks_and_other_directions_are_no_figures() -> None:
    rows = [
        {"images_seen": 1, "KID_AtoB": 2.0, "KID_BtoA": 3.0, "is_best_AtoB": True},
        {"images_seen": 2, "cycle_A": 1.0, "diversity_AB": 1.0},
        {"images_seen": 3, "KID_AtoB": 4, "FID_AtoB": float("nan"), "is_best_AtoB": False},
    ]
    assert read_measurements(rows, "AtoB") == [
        Measured(1, {"KID": 2.0}, is_best=True),
        Measured(3, {"KID": 4}, is_best=False),
    ]
    assert read_measurements(rows, "BtoA") == [Measured(1, {"KID": 3.0}, is_best=False)]


def test_an_alarm_is_in_force_in_a_direction_until_it_goes_off_there() -> None:
    on, off = ({"images_seen": 1, "alarm": "bars", "state": state} for state in ("on", "off"))
    there, back = {"direction": "AtoB"}, {"direction": "BtoA"}
    assert alarms_in_force([{"images_seen": 1}, on | there, on | back, off | there]) == [on | back]
    assert alarms_in_force([on, off, on]) == [on]


def test_endings_are_called_after_domains_and_directions() -> None:
    assert label_endings("a", "b", "there", "back") == {
        **{"A": "a", "B": "b", "AB": "there", "BA": "back"},
        **{"AtoB": "there", "BtoA": "back"},
    }


def test_what_cannot_be_drawn_is_no_number() -> None:
    assert is_number(1)
    assert is_number(0.5)
    for value in (True, "1", None, float("nan"), float("inf")):
        assert not is_number(value)
