"""Watching a training on the page: where it stands, its buttons, its report.

What it looks like as HTML is in training_view.py, how models are made of it in training_models.py,
and what is known of it in app/trainings/.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

import gradio as gr

from app.store import Store
from app.trainings.runs import Trainings
from app.trainings.sheets import find_sheets
from app.trainings.standing import State, Training
from app.web.training_models import (
    Maker,
    Offer,
    connect_maker,
    find_offer,
    lay_out_maker,
    show_offer,
)
from app.web.training_sheets import Sheets, connect_sheets, lay_out_sheets, show_sheets
from app.web.training_view import alert, describe, draw_curves
from app.web.updates import Updates, lend, rechoose
from app.web.words import language_of, say, word
from cyclegan.contract.errors import CycleGANError

LOOK_EVERY_S = 3.0  # at the run that is shown, from every open page
_MINUTES = (0.1, 10_000)  # that a finished training may go on, at least and at most


@dataclass(frozen=True)
class Watch:
    """What shows a training, and what can be done with it."""

    chosen: gr.Dropdown
    shown: gr.HTML
    curves: gr.HTML
    sheets: Sheets
    pause: gr.Button
    resume: gr.Button
    stop: gr.Button
    more: gr.Number  # minutes, for one that is finished to go on
    report: gr.DownloadButton
    delete: gr.Button
    sure: gr.Column  # asks whether to delete
    question: gr.HTML
    asked: gr.State  # the training that the question is about
    confirm: gr.Button
    keep: gr.Button
    told: gr.HTML
    maker: Maker
    seen: gr.State  # what is shown, so that only what is new is sent

    @property
    def outputs(self) -> list[Any]:
        """What changes as a training goes on."""
        buttons = [self.pause, self.resume, self.stop, self.report, self.delete, self.sure]
        parts = [*self.sheets.outputs, *buttons, self.more, self.told, *self.maker.outputs]
        return [self.chosen, self.shown, self.curves, *parts, self.seen]


class Seen(NamedTuple):
    """What a page shows."""

    names: Sequence[str]
    name: str
    state: State
    rows: int  # of the log
    sheet: int | None  # images seen at the latest
    offer: Offer


def lay_out_watch() -> Watch:
    """Lay out the components; nothing is shown in them yet."""
    chosen = gr.Dropdown([], label=word("watch.training"), elem_id="trainings")
    with gr.Row(elem_classes="desk"):
        with gr.Column():
            shown = gr.HTML(_none(word("watch.none")), apply_default_css=False, elem_id="training")
            with gr.Row(elem_id="steer"):
                pause, resume, stop = (
                    gr.Button(word(f"watch.{does}"), size="md", min_width=100, interactive=False)
                    for does in ("pause", "resume", "stop")
                )
            more = gr.Number(
                60,
                label=word("watch.more"),
                minimum=_MINUTES[0],
                maximum=_MINUTES[1],
                visible=False,
                elem_id="more",
            )
            told = gr.HTML(apply_default_css=False, elem_id="told")
            curves = gr.HTML(apply_default_css=False, elem_id="curves")
        sheets = lay_out_sheets()
    maker = lay_out_maker()
    with gr.Row(elem_id="leave"):
        report = gr.DownloadButton(word("watch.report"), size="md", interactive=False)
        delete = gr.Button(word("watch.delete"), size="md", interactive=False)
    with gr.Column(visible=False, elem_id="sure") as sure:
        question = gr.HTML(apply_default_css=False)
        asked = gr.State()
        with gr.Row():
            confirm = gr.Button(word("watch.delete-it"), variant="stop", size="md", min_width=100)
            keep = gr.Button(word("watch.keep"), size="md", min_width=100)
    return Watch(
        chosen,
        shown,
        curves,
        sheets,
        pause,
        resume,
        stop,
        more,
        report,
        delete,
        sure,
        question,
        asked,
        confirm,
        keep,
        told,
        maker,
        gr.State(),
    )


def connect_watch(page: gr.Blocks, watch: Watch, trainings: Trainings, store: Store) -> None:
    """Show the training that is chosen as it goes on, and do what its buttons say."""

    def look(
        chosen: str | None, direction: Any, second: Any, seen: Seen | None, request: gr.Request
    ) -> Updates:
        language = language_of(request)
        try:
            return _look(watch, trainings, chosen, direction, second, seen, language)
        except CycleGANError as error:
            return {watch.shown: alert(error, trainings.root, language), watch.seen: None}

    # No partial function: Gradio would tell it nothing of the request.
    def acting(do: Callable[..., None]) -> Callable[..., str]:
        def act(request: gr.Request, chosen: str | None, *more: Any) -> str:
            try:
                do(chosen or "", *more)
            except CycleGANError as error:
                return alert(error, trainings.root, language_of(request))
            return ""

        return act

    looking: dict[str, Any] = {
        "fn": look,
        "inputs": [watch.chosen, watch.maker.direction, watch.sheets.two[1], watch.seen],
        "outputs": watch.outputs,
        "preprocess": False,  # a server that was started again knows no choices to check it against
        "show_progress": "hidden",
        "queue": False,
        "api_visibility": "private",
    }
    tick = gr.Timer(LOOK_EVERY_S).tick
    gr.on([page.load, tick, watch.chosen.change, watch.maker.direction.change], **looking)

    def resume(name: str, more: float | None) -> None:
        trainings.resume(name, max(_MINUTES[0], min(float(more or 60), _MINUTES[1])))

    actions: tuple[tuple[gr.Button, Callable[..., None], list[Any]], ...] = (
        (watch.pause, lambda name: trainings.tell(name, "pause"), [watch.chosen]),
        (watch.resume, resume, [watch.chosen, watch.more]),
        (watch.stop, lambda name: trainings.tell(name, "stop"), [watch.chosen]),
        (watch.confirm, trainings.remove, [watch.asked]),
    )
    for button, do, inputs in actions:
        button.click(
            acting(do),
            inputs,
            watch.told,
            preprocess=False,
            queue=False,
            api_visibility="private",
        ).then(**looking)

    def ask(chosen: str, request: gr.Request) -> Updates:
        question = say(language_of(request), "watch.sure", name=chosen)
        return {
            watch.sure: gr.Column(visible=True),
            watch.question: f"<p>{escape(question)}</p>",
            watch.asked: chosen,
        }

    watch.delete.click(
        ask,
        watch.chosen,
        [watch.sure, watch.question, watch.asked],
        preprocess=False,
        queue=False,
        api_visibility="private",
    )
    for button in (watch.confirm, watch.keep):
        button.click(
            lambda: gr.Column(visible=False),
            None,
            watch.sure,
            queue=False,
            api_visibility="private",
        )
    connect_sheets(watch.sheets, watch.chosen, trainings)
    connect_maker(watch.maker, watch.chosen, trainings, store)


def _look(
    watch: Watch,
    trainings: Trainings,
    chosen: str | None,
    direction: Any,
    second: Any,  # of two sheets to compare
    seen: Seen | None,
    language: str,
) -> Updates:
    """What has changed since the page was told last."""
    names = trainings.names()
    name = chosen if chosen in names else next(iter(names), None)
    if name is None:
        return _nothing(watch, language) if seen else {watch.seen: None}
    training = trainings.look(name)
    sheet = max(find_sheets(training.run), default=None)
    offer = find_offer(training, direction, language)
    now = Seen(names, name, training.state, len(training.rows), sheet, offer)
    if now == seen:
        return {watch.seen: seen}
    updates: Updates = {
        watch.chosen: gr.Dropdown(choices=names, **rechoose(name, chosen=chosen)),
        watch.shown: describe(training, language),
        watch.curves: draw_curves(training, language),
        watch.pause: gr.Button(interactive=training.state == "training"),
        watch.resume: gr.Button(interactive=training.can_resume),
        watch.more: gr.Number(visible=training.state == "finished" and training.can_resume),
        watch.stop: gr.Button(interactive=training.state in ("training", "paused", "ended")),
        watch.report: gr.DownloadButton(**_report_of(training)),
        watch.delete: gr.Button(interactive=not training.is_alive),
        watch.seen: now,
    }
    before = seen.offer if seen and seen.name == name else None
    if offer != before:
        updates |= show_offer(watch.maker, offer, before, direction)
    if seen and seen.name != name:
        updates[watch.sure] = gr.Column(visible=False)  # the question was about another one
    if seen and (seen.name, seen.state) != (name, training.state):
        updates[watch.told] = ""  # what was refused then may be possible now
    if not seen or (seen.name, seen.sheet) != (name, sheet):
        known = seen.sheet if seen and seen.name == name else None
        updates |= show_sheets(watch.sheets, training, language, known=known, second=second)
    return updates


def _nothing(watch: Watch, language: str) -> Updates:
    """What a page shows when its last training was deleted."""
    maker = watch.maker
    buttons = (watch.pause, watch.resume, watch.stop, watch.delete, *maker.buttons)
    return {
        watch.chosen: gr.Dropdown(choices=[], value=None),
        watch.shown: _none(say(language, "watch.none")),
        watch.curves: "",
        watch.more: gr.Number(visible=False),
        **show_sheets(watch.sheets, None, language),
        watch.report: gr.DownloadButton(value=None, interactive=False),
        maker.direction: gr.Radio(choices=[], value=None),
        maker.checkpoint: gr.Radio(choices=[], value=None),
        maker.compared: None,
        maker.name: gr.Textbox(placeholder=""),
        watch.seen: None,
        **{button: gr.Button(interactive=False) for button in buttons},
    }


def _none(sentence: str) -> str:
    """What stands where a training would; tabs.css hides what would act on one."""
    return f'<p class="none">{sentence}</p>'


def _report_of(training: Training) -> dict[str, Any]:
    """The report of a run, once it is over: it grows while it trains, and is several MB."""
    report = training.run / "report.html"
    if training.is_alive or not report.exists():
        return {"value": None, "interactive": False}
    return {"value": str(lend(report)), "interactive": True}
