"""A training as HTML."""

from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

from app.trainings.runs import Trainings
from app.web.training_view import describe, draw_curves


def test_a_view_escapes_what_a_run_says(run_folder: Path) -> None:
    training = Trainings(run_folder.parents[1]).look("horse2zebra")
    html = describe(training, "en")
    assert "error: runs/horse2zebra: memory ran &lt;out&gt;" in html
    assert "It &lt;copies&gt;." in html
    curves = draw_curves(training, "en")
    assert curves.count("<polyline") == 1
    assert "horse 0.02" in curves
    assert "50 pictures of each kind seen" in html
    assert "已看过 50 张图片" in describe(training, "zh")


def test_a_run_that_ended_by_patience_looks_finished_and_says_why(impatient_run: Path) -> None:
    html = describe(Trainings(impatient_run.parents[1]).look("horse2zebra"), "en")
    assert "<strong>Finished</strong>, 100 %" in html
    assert "ended early: no new best &lt;" in html
