"""Two sheets of a training, one over the other."""

from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

from app.trainings.runs import Trainings
from app.web.training_sheets import _shown
from cyclegan.contract.images import load_picture
from cyclegan.contract.log import CAPTION_HEIGHT


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
