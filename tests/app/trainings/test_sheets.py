"""The sheets that a run keeps, and what was measured nearest to them."""

from collections.abc import Callable
from pathlib import Path

from app.trainings.sheets import find_sheets, measured_near
from app.trainings.standing import Training
from cyclegan.contract.standing import Measured


def test_every_sheet_is_known_by_the_images_seen(run_folder: Path) -> None:
    assert find_sheets(run_folder) == {}
    sheets = run_folder / "sheets"
    sheets.mkdir()
    for name in ("000000120.jpg", "000000060.jpg", ".tmp-1.jpg", "note.txt"):
        (sheets / name).touch()
    found = find_sheets(run_folder)
    assert list(found.items()) == [(n, sheets / f"{n:09}.jpg") for n in (60, 120)]


def test_a_sheet_stands_beside_what_was_measured_nearest_to_it(
    measured: Callable[..., Training],
) -> None:
    training = measured({20: 8.0, 40: 6.0})
    near = [measured_near(training, "AtoB", images) for images in (5, 29, 31, 90)]
    early, late = Measured(20, {"SWD": 8.0}, True), Measured(40, {"SWD": 6.0}, True)
    assert near == [early, early, late, late]
    assert measured_near(training, "BtoA", 20) is None
