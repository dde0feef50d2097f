"""What the buttons of a training act on."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

import gradio as gr
from gradio.helpers import special_args

from app import verbs
from app.store import Store
from app.trainings.orders import Order
from app.trainings.runs import Trainings
from app.trainings.standing import Training
from app.web.training_watch import Seen, Watch, _look, connect_watch, lay_out_watch
from app.web.updates import Updates
from cyclegan.contract.errors import InputError


class Page:
    """The part of a page that watches trainings, and the values of its components."""

    def __init__(self, trainings: Trainings) -> None:
        async def lay_out() -> tuple[gr.Blocks, Watch]:  # Gradio would begin a loop, and not end it
            with gr.Blocks(analytics_enabled=False) as page:
                watch = lay_out_watch()
                connect_watch(page, watch, trainings, Store(trainings.root.with_name("weights")))
            return page, watch

        self._page, self.watch = asyncio.run(lay_out())
        self.values: dict[Any, Any] = {self.watch.chosen: "horse2zebra"}

    def press(self, button: gr.Button) -> Any:
        """Do what comes first of what a button does, with the values of the page."""
        events = self._page.fns.values()
        event = next(each for each in events if (button._id, "click") in each.targets)
        assert event.fn
        values = [self.values[part] for part in event.inputs]
        given, *_ = special_args(event.fn, values, gr.Request(headers={}))
        return event.fn(*given)


def test_the_training_in_question_is_deleted_whichever_is_chosen_by_then(run_folder: Path) -> None:
    trainings = Trainings(run_folder.parents[1])
    shutil.copytree(run_folder, trainings.runs / "other")
    page = Page(trainings)
    page.values |= page.press(page.watch.delete)
    page.values[page.watch.chosen] = "other"
    assert page.press(page.watch.confirm) == ""
    assert trainings.names() == ["other"]


def test_what_was_refused_is_no_longer_said_once_another_training_or_state_is_shown(
    run_folder: Path,
) -> None:
    trainings = Trainings(run_folder.parents[1])
    shutil.copytree(run_folder, trainings.runs / "other")
    watch = Page(trainings).watch

    def look(chosen: str, seen: Seen | None) -> Updates:
        return _look(watch, trainings, chosen, "AtoB", None, seen, "en")

    first = look("horse2zebra", None)
    assert first.keys() <= set(watch.outputs)  # Gradio takes no others
    seen = first[watch.seen]
    assert watch.told not in look("horse2zebra", seen)
    assert look("other", seen)[watch.told] == ""
    (run_folder / "config.json").write_text(json.dumps({"max_images": 50, "max_minutes": 0}))
    assert look("horse2zebra", seen)[watch.told] == ""  # it is finished


def test_what_is_refused_names_no_place_on_this_machine(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainings = Trainings(run_folder.parents[1])
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(trainings.root / "uploads"))
    upload = trainings.root / "uploads" / "sha256" / "own.jpg"
    upload.parent.mkdir(parents=True)
    upload.write_text("no picture")
    page = Page(trainings)
    maker = page.watch.maker
    page.values |= {maker.direction: "AtoB", maker.own: {"path": str(upload)}}
    *_, updates = page.press(maker.compare)
    assert "own.jpg is not a picture that can be read" in updates[maker.told]
    assert str(trainings.root) not in updates[maker.told]

    def refuse(*words: Any, **_: Any) -> str:
        name, folder = (words[words.index(option) + 1] for option in ("--name", "--out"))
        raise InputError(f"{folder}/{name}.onnx is there already")

    monkeypatch.setattr(verbs, "run", refuse)
    (run_folder / "latest.pt").touch()
    page.values |= {maker.checkpoint: "latest", maker.name: "new", maker.as_int8: False}
    *_, told = page.press(maker.make)
    assert told == '<p role="alert">new.onnx is there already</p>'
    page.values[maker.name] = " "
    *_, told = page.press(maker.make)
    assert told == '<p role="alert">horse2zebra.onnx is there already</p>'  # after its kinds


def test_the_first_and_the_latest_sheet_are_compared_until_a_person_chooses(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(run_folder / "cache"))
    (run_folder / "cache").mkdir()
    (run_folder / "sheets").mkdir()
    trainings = Trainings(run_folder.parents[1])
    watch = Page(trainings).watch

    def chosen(images: int, second: Any, seen: Seen | None) -> tuple[list[Any], Seen]:
        """What becomes chosen with one more sheet, where it becomes; and what is seen then."""
        Image.new("RGB", (60, 40)).save(run_folder / "sheets" / f"{images:09}.jpg")
        updates = _look(watch, trainings, "horse2zebra", "AtoB", second, seen, "en")
        boxes = [updates[box] for box in watch.sheets.two]
        told = [box._constructor_args[0].get("value", "as it was") for box in boxes]
        return told, updates[watch.seen]

    told, seen = chosen(1000, None, None)
    assert told == [None, None]  # and hidden
    told, seen = chosen(2000, None, seen)
    assert told == [1000, 2000]
    told, seen = chosen(3000, 2000, seen)
    assert told == ["as it was", 3000]
    told, seen = chosen(4000, 2000, seen)  # somebody chose that
    assert told == ["as it was", "as it was"]
    told, _ = chosen(5000, None, None)  # a page that was loaded again
    assert told == [1000, 5000]
    told, _ = chosen(6000, 5000, seen._replace(name="another"))
    assert told == [1000, 6000]


@pytest.mark.parametrize(("asked", "minutes"), [(15, 20), (None, 65), (-1, 5.1), (1e9, 10_005)])
def test_only_a_finished_training_asks_how_long_to_go_on_and_then_does(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, asked: float | None, minutes: float
) -> None:
    monkeypatch.setattr(Order, "to_command", lambda *_: [sys.executable, "-c", ""])
    trainings = Trainings(run_folder.parents[1])
    page = Page(trainings)

    def is_asked() -> bool:
        updates = _look(page.watch, trainings, "horse2zebra", "AtoB", None, None, "en")
        return bool(updates[page.watch.more].visible)

    assert not is_asked()
    (run_folder / "config.json").write_text(json.dumps({"max_images": 50, "max_minutes": 0}))
    assert is_asked()
    page.values[page.watch.more] = asked
    assert page.press(page.watch.resume) == ""
    assert trainings.look("horse2zebra").record.order.max_minutes == minutes  # 5 of them are over
    while trainings.look("horse2zebra").is_alive:
        time.sleep(0.01)


def test_a_training_that_would_end_at_once_is_not_to_be_resumed(impatient_run: Path) -> None:
    trainings = Trainings(impatient_run.parents[1])
    watch = Page(trainings).watch

    def offered() -> tuple[bool, bool]:
        updates = _look(watch, trainings, "horse2zebra", "AtoB", None, None, "en")
        parts = updates[watch.resume], updates[watch.more]
        return bool(parts[0].interactive), bool(parts[1].visible)

    assert offered() == (False, False)
    (impatient_run / "config.json").write_text(json.dumps({"max_images": 100, "patience": 3}))
    assert offered() == (True, False)


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({}, "their translations and the way back"),
        ({"method": "simgan", "direction": "AtoB"}, "Sample pictures and their translations"),
        ({"method": "distill", "direction": "AtoB"}, "their translations and the teacher's"),
    ],
)
def test_the_latest_sheet_says_what_it_shows(
    measured: Callable[..., Training], monkeypatch: pytest.MonkeyPatch, config: Any, what: str
) -> None:
    run = measured({20: 6.0}, **config).run
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(run))
    (run / "sheets").mkdir()
    Image.new("RGB", (60, 40)).save(run / "sheets" / "000001000.jpg")
    trainings = Trainings(run.parents[1])
    watch = Page(trainings).watch
    updates = _look(watch, trainings, "horse2zebra", "AtoB", None, None, "en")
    value = updates[watch.sheets.latest]["value"]
    assert value["what"].endswith(what)
    assert value["caption"] == "1,000 pictures"
