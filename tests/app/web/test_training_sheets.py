"""Two sheets of a training, one over the other."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

import gradio as gr

from app.trainings.runs import Trainings
from app.web.training_sheets import _compared, _shown
from benchmarks.browser import settle
from cyclegan.contract.images import load_picture
from cyclegan.contract.log import CAPTION_HEIGHT
from tests.app.web.conftest import TIMEOUT_MS


def draw(run: Path, images: int) -> None:
    """Put a sample sheet into a run."""
    (run / "sheets").mkdir(exist_ok=True)
    Image.new("RGB", (60, 40)).save(run / "sheets" / f"{images:09}.jpg")


def test_sheets_that_show_different_pictures_are_not_laid_over_each_other(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(run_folder / "cache"))
    (run_folder / "cache").mkdir()
    training = Trainings(run_folder.parents[1]).look("horse2zebra")
    files = [run_folder / f"{place}.png" for place in range(3)]
    for file, size in zip(files, ((60, 40), (60, 40), (60, 80)), strict=True):
        Image.new("RGB", size).save(file)  # more --set sheet_pictures, when the run went on
    same = _shown(training, (1000, 2000), (files[0], files[1]), "en")
    size = (60, 40 - CAPTION_HEIGHT)
    assert (same["width"], same["height"]) == size
    assert load_picture(Path(same["before"]["path"])).rgb.shape[1::-1] == size
    assert same["names"] == ["1,000 pictures", "2,000 pictures"]
    other = _shown(training, (1000, 3000), (files[0], files[2]), "en")
    assert "show different pictures" in other["refusal"]


def test_what_no_one_chose_undoes_nothing_that_is_shown(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(run_folder / "cache"))
    (run_folder / "cache").mkdir()
    trainings = Trainings(run_folder.parents[1])
    stays = (gr.skip(), gr.skip())

    def compared(name: str | None, first: int | None, second: int | None) -> Any:
        return _compared(trainings, name, (first, second), "en")

    shutil.rmtree(run_folder / "sheets", ignore_errors=True)
    draw(run_folder, 1000)
    assert compared("horse2zebra", None, None) == (None, "")  # there are no two
    draw(run_folder, 2000)
    # The boxes on the way from no training to this one, and from another.
    for passing in ((None, None, None), ("horse2zebra", None, None), ("horse2zebra", 1000, None)):
        assert compared(*passing) == stays, passing
    assert compared("horse2zebra", 1000, 3000) == stays  # which the other had
    assert compared("horse2zebra", 1000, 1000) == (None, "")
    value, _ = compared("horse2zebra", 1000, 2000)
    assert value["names"] == ["1,000 pictures", "2,000 pictures"]


def test_two_sheets_are_compared_from_the_start_and_the_newest_is_followed(
    serve: Callable[..., Any], chromium: Any, weights_dir: Path, run_folder: Path
) -> None:
    other = run_folder.with_name("other")
    shutil.copytree(run_folder, other)
    for run in (run_folder, other):
        draw(run, 1000)
        draw(run, 2000)
    root = run_folder.parents[1]
    page = chromium.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(serve(weights_dir, "--allow-training", "--training-root", str(root)).url)
    page.wait_for_selector("#start")
    page.wait_for_timeout(3000)  # what the tab is told before it is opened for the first time
    page.get_by_role("tab", name="Retrain").press("Enter")
    settle(page)
    second = page.locator("#two-sheets .right")
    second.filter(has_text="2,000 pictures").wait_for()

    # Those of another run, which are called alike.
    names = {"other", "horse2zebra"}
    chosen = page.get_by_label("Training", exact=True)
    shown = page.locator("#two-sheets img").first.get_attribute("src")
    (name,) = names - {chosen.input_value()}
    chosen.fill(name)
    chosen.press("Enter")
    is_another = "src => document.querySelector('#two-sheets img')?.getAttribute('src') !== src"
    page.wait_for_function(is_another, arg=shown)
    second.filter(has_text="2,000 pictures").wait_for()

    draw(root / "runs" / name, 3000)
    second.filter(has_text="3,000 pictures").wait_for()
