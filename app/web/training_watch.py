"""Watching a training on the page: where it stands, its buttons, its report, a model made of it.

What it looks like as HTML is in training_view.py, what is known of it in app/trainings/.
"""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from app.store import Store
from app.trainings.checkpoints import export
from app.trainings.runs import Trainings
from app.trainings.standing import Training
from app.web.sheet import lay_out_sheet, show_sheet
from app.web.training_view import alert, describe, way
from app.web.words import language_of, say, word
from cyclegan.contract.errors import CycleGANError

LOOK_EVERY_S = 3.0  # at the run that is shown, from every open page
ONE_WAY = "simgan"  # the preset that learns only from the one kind to the other


Updates = dict[Any, Any]  # Gradio: component -> its new value


@dataclass(frozen=True)
class Watch:
    """What shows a training, and what can be done with it."""

    chosen: gr.Dropdown
    shown: gr.HTML
    sheet: gr.HTML
    pause: gr.Button
    resume: gr.Button
    stop: gr.Button
    report: gr.DownloadButton
    direction: gr.Radio
    name: gr.Textbox
    as_int8: gr.Checkbox
    make: gr.Button
    told: gr.HTML
    seen: gr.State  # what is shown, so that only what is new is sent

    @property
    def outputs(self) -> list[Any]:
        """What changes as a training goes on."""
        buttons = [self.pause, self.resume, self.stop, self.report, self.make]
        return [self.chosen, self.shown, self.sheet, *buttons, self.direction, self.seen]


def lay_out_watch() -> Watch:
    """Lay out the components; nothing is shown in them yet."""
    chosen = gr.Dropdown([], label=word("watch.training"), elem_id="trainings")
    with gr.Row(elem_classes="desk"):
        with gr.Column():
            shown = gr.HTML(
                f"<p>{word('watch.none')}</p>", apply_default_css=False, elem_id="training"
            )
            with gr.Row():
                pause, resume, stop = (
                    gr.Button(word(f"watch.{does}"), size="md", min_width=100, interactive=False)
                    for does in ("pause", "resume", "stop")
                )
        sheet = lay_out_sheet("watch.sheet", "sheet")
    report = gr.DownloadButton(word("watch.report"), size="md", interactive=False)
    told = gr.HTML(apply_default_css=False, elem_id="made")
    with gr.Accordion(word("watch.export"), open=False, elem_id="export"):
        with gr.Row():
            direction = gr.Radio([], label=word("watch.direction"))
            name = gr.Textbox(label=word("watch.name"), max_lines=1, max_length=100)
        as_int8 = gr.Checkbox(label=word("watch.int8"))
        make = gr.Button(word("watch.make"), variant="primary", size="md", interactive=False)
    return Watch(
        chosen,
        shown,
        sheet,
        pause,
        resume,
        stop,
        report,
        direction,
        name,
        as_int8,
        make,
        told,
        gr.State(),
    )


def connect_watch(page: gr.Blocks, watch: Watch, trainings: Trainings, store: Store) -> None:
    """Show the training that is chosen as it goes on, and do what its buttons say."""

    def look(chosen: str | None, seen: Any, request: gr.Request) -> Updates:
        try:
            return _look(watch, trainings, chosen, seen, language_of(request))
        except CycleGANError as error:
            return {watch.shown: alert(error, trainings.root), watch.seen: None}

    def act(do: Callable[[str], None], chosen: str | None) -> str:
        try:
            do(chosen or "")
        except CycleGANError as error:
            return alert(error, trainings.root)
        return ""

    def make(
        chosen: str | None, direction: str, name: str, as_int8: bool, request: gr.Request
    ) -> str:
        try:
            training = trainings.look(chosen or "")
            export(training, direction, name.strip(), store.folder, as_int8=as_int8)
        except CycleGANError as error:
            return alert(error, trainings.root)
        made = say(language_of(request), "watch.made", name=name.strip())
        return f'<p role="status">{escape(made)}</p>'

    gr.on(
        [page.load, gr.Timer(LOOK_EVERY_S).tick, watch.chosen.change],
        look,
        [watch.chosen, watch.seen],
        watch.outputs,
        preprocess=False,  # a server that was started again knows no choices to check it against
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )
    for button, do in (
        (watch.pause, lambda name: trainings.tell(name, "pause")),
        (watch.resume, trainings.resume),
        (watch.stop, lambda name: trainings.tell(name, "stop")),
    ):
        button.click(
            partial(act, do),
            watch.chosen,
            watch.told,
            preprocess=False,
            queue=False,
            api_visibility="private",
        )
    watch.make.click(
        make,
        [watch.chosen, watch.direction, watch.name, watch.as_int8],
        watch.told,
        api_visibility="private",
    )


def _look(
    watch: Watch, trainings: Trainings, chosen: str | None, seen: Any, language: str
) -> Updates:
    """What has changed since the page was told last."""
    names = trainings.names()
    name = chosen if chosen in names else next(iter(names), None)
    if name is None:
        return {watch.seen: None}
    training = trainings.look(name)
    sheet = max(training.run.glob("sheets/*.jpg"), default=None)
    now = (names, name, training.state, len(training.rows), sheet)
    if now == seen:
        return {watch.seen: seen}
    is_over = not training.is_alive
    updates: Updates = {
        watch.chosen: gr.Dropdown(choices=names, value=name),
        watch.shown: describe(training, language),
        watch.pause: gr.Button(interactive=training.state == "training"),
        watch.resume: gr.Button(interactive=training.state in ("paused", "stopped", "ended")),
        watch.stop: gr.Button(interactive=training.state in ("training", "paused", "ended")),
        watch.make: gr.Button(interactive=is_over and training.has_checkpoint),
        watch.report: gr.DownloadButton(**_report_of(training)),
        watch.seen: now,
    }
    if seen is None or seen[1] != name:
        updates[watch.direction] = gr.Radio(choices=_directions(training, language), value="AtoB")
    if seen is None or (seen[1], seen[4]) != (name, sheet):
        updates[watch.sheet] = show_sheet(_lend(sheet) if sheet else None)
    return updates


def _directions(training: Training, language: str) -> Sequence[tuple[str, str]]:
    order = training.record.order
    there = way(order.name_a, order.name_b, language), "AtoB"
    back = way(order.name_b, order.name_a, language), "BtoA"
    return [there] if order.preset == ONE_WAY else [there, back]


def _report_of(training: Training) -> dict[str, Any]:
    """The report of a run, once it is over: it grows while it trains, and is several MB."""
    report = training.run / "report.html"
    if training.is_alive or not report.exists():
        return {"value": None, "interactive": False}
    return {"value": str(_lend(report)), "interactive": True}


def _lend(file: Path) -> Path:
    """A copy of a file where Gradio serves and cleans up."""
    copy = Path(tempfile.mkdtemp(dir=get_upload_folder())) / file.name
    return Path(shutil.copyfile(file, copy))
