"""What the buttons of a training act on."""

import asyncio
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

import gradio as gr

from app.store import Store
from app.trainings.runs import Trainings
from app.web.training_watch import Watch, connect_watch, lay_out_watch


def test_the_training_in_question_is_deleted_whichever_is_chosen_by_then(run_folder: Path) -> None:
    trainings = Trainings(run_folder.parents[1])
    shutil.copytree(run_folder, trainings.runs / "other")

    async def lay_out() -> tuple[gr.Blocks, Watch]:  # Gradio would begin a loop, and not end it
        with gr.Blocks(analytics_enabled=False) as page:
            watch = lay_out_watch()
            connect_watch(page, watch, trainings, Store(run_folder))
        return page, watch

    page, watch = asyncio.run(lay_out())
    values: dict[Any, Any] = {watch.chosen: "horse2zebra"}

    def press(button: gr.Button, *more: Any) -> Any:
        """Do what comes first of what a button does, with the values of the page."""
        event = next(each for each in page.fns.values() if (button._id, "click") in each.targets)
        assert event.fn
        return event.fn(*(values[part] for part in event.inputs), *more)

    values |= press(watch.delete, SimpleNamespace(headers={}))
    values[watch.chosen] = "other"
    assert press(watch.confirm) == ""
    assert trainings.names() == ["other"]
