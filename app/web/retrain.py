"""The tab for an idea: two sets of pictures, what is wrong with them, and a training of one's own.

The training is a process that outlives this one, see app/trainings/; what it is asked for with is
in retrain_form.py, how it is watched in training_watch.py, what is wrong with pictures in
retrain_findings.py. The tab is there only where the operator allows it.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from app.store import Store
from app.trainings.pictures import Pictures
from app.trainings.runs import Trainings
from app.web.retrain_findings import Diagnosis, diagnose
from app.web.retrain_form import Form, lay_out_form, offer_starts, read_order
from app.web.training_view import alert, wait
from app.web.training_watch import Watch, connect_watch, lay_out_watch
from app.web.updates import Updates
from app.web.words import language_of, say, word
from cyclegan.cli.exits import require_training_packages
from cyclegan.contract.errors import CycleGANError, DependencyError

# What the form was refused for may be mended by any change; what was found in pictures stays, to
# be read while they are mended.
_FORGET_REFUSAL = """told => [told?.includes('role="alert"') ? '' : told]"""

_START_OF_PRESET = """(preset, begin) => {
    const before = window.startBeforePaper
    window.startBeforePaper = preset === 'paper' ? begin : ''
    return preset === 'paper' ? '' : begin || before || ''
}"""


def retrain_tab(page: gr.Blocks, store: Store, root: Path) -> None:
    """Fill the tab; everything that it makes lies below `root`."""
    try:
        require_training_packages()
    except DependencyError as error:
        gr.HTML(f'<p role="status">{escape(str(error))}</p>', apply_default_css=False)
        return
    trainings, pictures = Trainings(root), Pictures(root)
    gr.HTML(f'<p class="intro">{word("retrain.intro")}</p>', apply_default_css=False)
    form = lay_out_form()
    watch = lay_out_watch()
    _connect_form(page, form, watch, store, trainings, pictures)
    connect_watch(page, watch, trainings, store)


def _connect_form(
    page: gr.Blocks,
    form: Form,
    watch: Watch,
    store: Store,
    trainings: Trainings,
    pictures: Pictures,
) -> None:
    def check(request: gr.Request, *answers: Any) -> Iterator[Updates]:
        language = language_of(request)
        yield {form.told: wait(say(language, "retrain.checking")), **unasked, form.found: None}
        try:
            found = diagnose(read_order(pictures, store, language, *answers), language)
        except CycleGANError as error:
            yield {form.told: alert(error, trainings.root, language)}
        else:
            yield {form.told: found.html, form.found: found}

    def start(request: gr.Request, found: Diagnosis | None, *answers: Any) -> Updates:
        language = language_of(request)
        try:
            order = read_order(pictures, store, language, *answers)
            if found and found.is_against(order):
                return {form.told: found.html, form.sure: gr.Column(visible=True)}
            name = trainings.start(order)
        except CycleGANError as error:
            return {form.told: alert(error, trainings.root, language), **unasked}
        chosen = gr.Dropdown(choices=trainings.names(), value=name)
        # Out of the way of what is to be watched now.
        return {
            form.told: "",
            **unasked,
            watch.chosen: chosen,
            form.whole: gr.Accordion(open=False),
        }

    def start_anyway(request: gr.Request, *answers: Any) -> Updates:
        return start(request, None, *answers)

    unasked = {form.sure: gr.Column(visible=False)}
    form.check.click(
        check,
        form.inputs,
        [form.told, form.sure, form.found],
        show_progress="hidden",
        api_visibility="private",
    )
    for button, do, inputs in (
        (form.start, start, [form.found, *form.inputs]),
        (form.anyway, start_anyway, form.inputs),
    ):
        button.click(
            do,
            inputs,
            [form.told, form.sure, watch.chosen, form.whole],
            show_progress="minimal",
            show_progress_on=button,
            api_visibility="private",
        )
    gr.on(
        [
            form.not_yet.click,
            *(each.change for each in (*form.uploads, *form.folders, *form.neither)),
        ],
        lambda: gr.Column(visible=False),
        None,
        form.sure,
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )
    gr.on(
        [each.change for each in form.inputs],
        fn=None,
        inputs=form.told,
        outputs=form.told,
        js=_FORGET_REFUSAL,
        api_visibility="private",
    )
    # What is compared with the paper starts from nothing; what was chosen before comes back.
    form.preset.input(
        None,
        [form.preset, form.begin],
        form.begin,
        js=_START_OF_PRESET,
        api_visibility="private",
    )
    folders = [*form.folders, form.neither[1]]

    def open_page() -> list[Any]:
        below = pictures.folders()
        offered = [gr.Dropdown(["", *below], visible=bool(below)) for _ in folders]
        # Where there is a training to watch, the form is out of the way.
        return [gr.Accordion(open=not trainings.names()), *offered, offer_starts(store)]

    page.load(
        open_page,
        None,
        [form.whole, *folders, form.begin],
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )
