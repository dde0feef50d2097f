"""The tab for an idea: two sets of pictures, what is wrong with them, and a training of one's own.

The training is a process that outlives this one, see app/trainings/; how it is watched is in
training_watch.py. The tab is there only where the operator allows it.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal

import gradio as gr

from app import verbs
from app.store import Store
from app.trainings.orders import Order, title_of
from app.trainings.pictures import Pictures, held_out
from app.trainings.runs import Trainings
from app.web.training_view import alert, duration, wait
from app.web.training_watch import Watch, connect_watch, lay_out_watch
from app.web.updates import Updates
from app.web.words import language_of, retell, say, word
from cyclegan.cli.exits import require_training_packages
from cyclegan.contract.errors import CycleGANError, DependencyError, InputError
from cyclegan.contract.walk import find_pictures

CHECK_TIMEOUT_S = 600.0  # for the doctor, on many pictures

_NAMES: dict[Literal["a", "b"], str] = {"a": "horse", "b": "zebra"}  # to show what is meant
_PRESETS = ("fast", "simgan", "paper")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Form:
    """What a new training is asked for with."""

    names: tuple[gr.Textbox, gr.Textbox]
    uploads: tuple[gr.File, gr.File]
    folders: tuple[gr.Dropdown, gr.Dropdown]
    preset: gr.Radio
    minutes: gr.Number
    settings: gr.Textbox
    check: gr.Button
    start: gr.Button
    told: gr.HTML
    whole: gr.Accordion

    @property
    def inputs(self) -> list[Any]:
        """In the order in which `_read_order` takes them."""
        return [
            *self.names,
            *self.uploads,
            *self.folders,
            self.preset,
            self.minutes,
            self.settings,
        ]


def retrain_tab(page: gr.Blocks, store: Store, root: Path) -> None:
    """Fill the tab; everything that it makes lies below `root`."""
    try:
        require_training_packages()
    except DependencyError as error:
        gr.HTML(f'<p role="status">{escape(str(error))}</p>', apply_default_css=False)
        return
    trainings, pictures = Trainings(root), Pictures(root)
    gr.HTML(f"<p>{word('retrain.intro')}</p>", apply_default_css=False)
    form = _lay_out_form(pictures, is_open=not trainings.names())
    watch = lay_out_watch()
    _connect_form(form, watch, trainings, pictures)
    connect_watch(page, watch, trainings, store)


def _lay_out_form(pictures: Pictures, *, is_open: bool) -> _Form:
    names, uploads, folders = [], [], []
    below = pictures.folders()
    presets = [(word(f"retrain.{preset}"), preset) for preset in _PRESETS]
    with gr.Accordion(word("retrain.new"), open=is_open, elem_id="new-training") as whole:
        with gr.Row():
            for kind, name in _NAMES.items():
                with gr.Column(elem_id=f"kind-{kind}"):
                    names.append(
                        gr.Textbox(
                            label=word(f"retrain.kind-{kind}"), placeholder=name, max_length=40
                        )
                    )
                    uploads.append(
                        gr.File(
                            label=word("retrain.upload"),
                            file_count="multiple",
                            file_types=["image", ".zip"],
                            height=140,
                        )
                    )
                    folders.append(
                        gr.Dropdown(
                            ["", *below],
                            value="",
                            label=word("retrain.choose"),
                            visible=bool(below),
                        )
                    )
        preset = gr.Radio(presets, value="fast", label=word("retrain.preset"))
        minutes = gr.Number(60, label=word("retrain.minutes"), minimum=0.1, maximum=10_000)
        with gr.Accordion(word("retrain.more"), open=False):
            settings = gr.Textbox(
                label=word("retrain.more"), info=word("retrain.more-info"), lines=3, max_length=2000
            )
        with gr.Row():
            check = gr.Button(word("retrain.check"), size="md", elem_id="check")
            start = gr.Button(
                word("retrain.start"), variant="primary", size="md", elem_id="start-training"
            )
        told = gr.HTML(apply_default_css=False, elem_id="diagnosis")
    return _Form(
        (names[0], names[1]),
        (uploads[0], uploads[1]),
        (folders[0], folders[1]),
        preset,
        minutes,
        settings,
        check,
        start,
        told,
        whole,
    )


def _connect_form(form: _Form, watch: Watch, trainings: Trainings, pictures: Pictures) -> None:
    def check(request: gr.Request, *answers: Any) -> Iterator[str]:
        language = language_of(request)
        yield wait(say(language, "retrain.checking"))
        try:
            yield _diagnose(_read_order(pictures, language, *answers), language)
        except CycleGANError as error:
            yield alert(error, trainings.root)

    def start(request: gr.Request, *answers: Any) -> Updates:
        try:
            name = trainings.start(_read_order(pictures, language_of(request), *answers))
        except CycleGANError as error:
            return {form.told: alert(error, trainings.root)}
        chosen = gr.Dropdown(choices=trainings.names(), value=name)
        # Out of the way of what is to be watched now.
        return {form.told: "", watch.chosen: chosen, form.whole: gr.Accordion(open=False)}

    form.check.click(
        check, form.inputs, form.told, show_progress="hidden", api_visibility="private"
    )
    form.start.click(
        start,
        form.inputs,
        [form.told, watch.chosen, form.whole],
        show_progress="minimal",
        show_progress_on=form.start,
        api_visibility="private",
    )


def _read_order(
    pictures: Pictures,
    language: str,
    name_a: str,
    name_b: str,
    uploads_a: list[str] | None,
    uploads_b: list[str] | None,
    folder_a: str,
    folder_b: str,
    preset: str,
    minutes: float,
    settings: str | None,  # None comes of a box that nobody has unfolded
) -> Order:
    """What the form asks for. Raises: InputError: something is missing."""
    name_a, name_b = name_a.strip(), name_b.strip()
    if not (name_a and name_b):
        raise InputError(say(language, "retrain.no-names"))
    both = title_of(name_a, name_b)

    def folder(kind: Literal["A", "B"], name: str, files: list[str] | None, below: str) -> str:
        if files:
            return str(pictures.keep([Path(file) for file in files], both, kind))
        if below:
            return str(pictures.folder(below))
        raise InputError(say(language, "retrain.no-pictures", name=name))

    domain_a = folder("A", name_a, uploads_a, folder_a)
    domain_b = folder("B", name_b, uploads_b, folder_b)
    return Order(
        name_a,
        name_b,
        domain_a,
        domain_b,
        preset,
        float(minutes or 60),
        tuple(line.strip() for line in (settings or "").splitlines() if line.strip()),
        held_out(domain_a),
        held_out(domain_b),
    )


def _diagnose(order: Order, language: str) -> str:
    """What the doctor finds, as HTML."""
    found = json.loads(
        verbs.run(
            *("doctor", "--domain-a", order.domain_a, "--domain-b", order.domain_b),
            *("--preset", order.preset, "--json"),
            timeout_s=CHECK_TIMEOUT_S,
            also_ok=(3,),  # something must be fixed
        )
    )
    names = {"trainA": order.name_a, "trainB": order.name_b}

    def named(text: str) -> str:
        for folder, name in names.items():
            text = text.replace(folder, name)
        return escape(text)

    # Nobody is asked for pictures to judge by.
    findings = [each for each in found["findings"] if each["code"] != "no-test"]
    lines = [
        say(language, "found.pictures", count=folder["pictures"], name=names[folder["name"]])
        for folder in found["folders"]
    ]
    for name, folder in ((order.name_a, order.test_a), (order.name_b, order.test_b)):
        if folder:
            count = len(find_pictures(Path(folder), recursive=True))
            lines.append(say(language, "found.held-out", count=count, name=name))
    if found["hours"] is not None:
        time = duration(3600 * found["hours"], language)
        lines.append(say(language, "found.time", time=time))
        if order.max_minutes < 60 * found["hours"]:
            limit = duration(60 * order.max_minutes, language)
            lines.append(say(language, "found.limit", limit=limit))
    if not findings:
        lines.append(say(language, "found.fine"))
    facts = "".join(f"<li>{escape(line)}</li>" for line in lines)
    listed = ""
    for each in findings:
        level = say(language, f"found.{each['level']}")
        code = each["code"]
        text = retell(language, code, each["text"], each["facts"])
        remedy = retell(language, f"{code}.remedy", each["remedy"], each["facts"])
        listed += (
            f'<li class="{escape(each["level"])}"><strong>{level}:</strong> '
            f"{named(text)} {named(remedy)}</li>"
        )
    return (
        f'<div role="status"><ul class="facts">{facts}</ul><ul class="findings">{listed}</ul></div>'
    )
