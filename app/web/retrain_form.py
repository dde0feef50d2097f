"""What a new training is asked for with: the form, and the order that its answers make."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from gradio.i18n import I18nData

from app.store import Store
from app.trainings.orders import Order, title_of
from app.trainings.pictures import Pictures, held_out
from app.web.words import say, word
from cyclegan.contract.card import Architecture
from cyclegan.contract.errors import InputError
from cyclegan.fields import GENERATOR_NAMES

_NAMES: dict[Literal["a", "b"], str] = {"a": "horse", "b": "zebra"}  # to show what is meant
PRESETS = ("fast", "projected", "simgan", "paper")
_MINUTES = (0.1, 10_000)  # that a training may take, at least and at most


@dataclass(frozen=True)
class Form:
    """What a new training is asked for with."""

    names: tuple[gr.Textbox, gr.Textbox]
    uploads: tuple[gr.File, gr.File]
    folders: tuple[gr.Dropdown, gr.Dropdown]
    neither: tuple[gr.File, gr.Dropdown]  # pictures of neither kind
    preset: gr.Radio
    begin: gr.Dropdown  # the model whose weights it starts from
    minutes: gr.Number
    settings: gr.Textbox
    check: gr.Button
    start: gr.Button
    told: gr.HTML
    sure: gr.Column  # asks whether to learn from pictures that must be mended
    anyway: gr.Button
    not_yet: gr.Button
    found: gr.State  # in the pictures that were checked last: a Diagnosis
    whole: gr.Accordion

    @property
    def inputs(self) -> list[Any]:
        """In the order in which `read_order` takes them."""
        return [
            *self.names,
            *self.uploads,
            *self.folders,
            *self.neither,
            self.preset,
            self.begin,
            self.minutes,
            self.settings,
        ]


def lay_out_form() -> Form:
    """Lay out the components; folders and models are offered when the page is opened."""
    names, sets = [], []

    def ask_for_pictures(label: I18nData) -> tuple[gr.File, gr.Dropdown]:
        # Of any type: browsers know that of few pictures, and what is none is left out and named.
        file = gr.File(label=label, file_count="multiple", height=140)
        # Which there are is found when the page is opened.
        return file, gr.Dropdown([""], value="", label=word("retrain.choose"), visible=False)

    presets = [(word(f"retrain.{preset}"), preset) for preset in PRESETS]
    with gr.Accordion(word("retrain.new"), elem_id="new-training") as whole:
        with gr.Row():
            for kind, name in _NAMES.items():
                with gr.Column(elem_id=f"kind-{kind}"):
                    names.append(
                        gr.Textbox(
                            "",
                            label=word(f"retrain.kind-{kind}"),
                            placeholder=name,
                            max_length=40,
                        )
                    )
                    sets.append(ask_for_pictures(word("retrain.upload")))
        with gr.Row():
            preset = gr.Radio(
                presets, value="fast", label=word("retrain.preset"), scale=4, min_width=320
            )
            # Which there are is found when the page is opened.
            begin = gr.Dropdown(
                [""], value="", label=word("retrain.begin"), info=word("retrain.begin-info"),
                min_width=240, elem_id="begin",
            )  # fmt: skip
            # Without limits of its own: Gradio would tell them in English, over the page.
            minutes = gr.Number(60, label=word("retrain.minutes"), min_width=160)
        with gr.Accordion(word("retrain.more"), open=False, elem_id="more-settings"):
            neither = ask_for_pictures(word("retrain.neither"))
            settings = gr.Textbox(
                "",
                label=word("retrain.more"),
                info=word("retrain.more-info"),
                lines=3,
                max_length=2000,
            )
        with gr.Row():
            check = gr.Button(word("retrain.check"), size="md", elem_id="check")
            start = gr.Button(
                word("retrain.start"), variant="primary", size="md", elem_id="start-training"
            )
        told = gr.HTML(apply_default_css=False, elem_id="diagnosis")
        with gr.Column(visible=False, elem_id="anyway") as sure:
            gr.HTML(f'<p role="alert">{word("retrain.sure")}</p>', apply_default_css=False)
            with gr.Row():
                anyway = gr.Button(word("retrain.anyway"), size="md", min_width=100)
                not_yet = gr.Button(word("retrain.not-yet"), size="md", min_width=100)
    return Form(
        (names[0], names[1]),
        (sets[0][0], sets[1][0]),
        (sets[0][1], sets[1][1]),
        neither,
        preset,
        begin,
        minutes,
        settings,
        check,
        start,
        told,
        sure,
        anyway,
        not_yet,
        gr.State(),
        whole,
    )


def offer_starts(store: Store) -> gr.Dropdown:
    """The models that a training can start from; first, so chosen, one that knows the way back."""
    cards = [each.card for each in store.list() if each.card]
    ours = [card for card in cards if card.training and _is_known(card.architecture)]
    names = {card.name for card in ours}
    ours.sort(key=lambda card: card.reverse not in names)
    choices = [(card.title, card.name) for card in ours] + [(word("retrain.begin-new"), "")]
    return gr.Dropdown(choices, value=choices[0][1])


def _is_known(architecture: Architecture | None) -> bool:
    return architecture is not None and architecture.name in GENERATOR_NAMES


def read_order(
    pictures: Pictures,
    store: Store,
    language: str,
    name_a: str,
    name_b: str,
    uploads_a: list[str] | None,
    uploads_b: list[str] | None,
    folder_a: str,
    folder_b: str,
    uploads_neither: list[str] | None,
    folder_neither: str,
    preset: str,
    begin: str,
    minutes: float | None,  # None comes of an empty box
    settings: str,
) -> Order:
    """What the form asks for. Raises: InputError: something is missing or makes no sense."""
    name_a, name_b = name_a.strip(), name_b.strip()
    if not (name_a and name_b):
        raise InputError(say(language, "retrain.no-names"))
    if name_a.casefold() == name_b.casefold():
        raise InputError(say(language, "retrain.same-names"))
    if minutes is None or not _MINUTES[0] <= minutes <= _MINUTES[1]:
        least, most = _MINUTES
        raise InputError(say(language, "retrain.no-minutes", least=least, most=most))
    both = title_of(name_a, name_b)

    def folder(kind: Literal["A", "B", "neither"], files: list[str] | None, below: str) -> str:
        if files:
            return str(pictures.keep([Path(file) for file in files], both, kind))
        return str(pictures.folder(below)) if below else ""

    def needed(kind: Literal["A", "B"], name: str, files: list[str] | None, below: str) -> str:
        if found := folder(kind, files, below):
            return found
        raise InputError(say(language, "retrain.no-pictures", name=name))

    domain_a = needed("A", name_a, uploads_a, folder_a)
    domain_b = needed("B", name_b, uploads_b, folder_b)
    return Order(
        name_a,
        name_b,
        domain_a,
        domain_b,
        preset,
        float(minutes),
        tuple(line.strip() for line in settings.splitlines() if line.strip()),
        held_out(domain_a),
        held_out(domain_b),
        folder("neither", uploads_neither, folder_neither),
        start=str((store.folder / store.card(begin).file).absolute()) if begin else "",
    )
