"""Adding a model from the page, where the operator allows it: `cyclegan models add`, with a form.

It runs as a process of its own, so that a file that brings it down brings down nothing else.
"""

import json
import logging
import tempfile
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from app import verbs
from app.naming import plain_name
from app.public import MODELS, without_paths
from app.store import Store
from app.web.sheet import lay_out_sheet, show_sheet
from app.web.words import language_of, retell_refusal, say, word
from cyclegan.contract.errors import CycleGANError

TIMEOUT_S = 300.0  # to find out about a model, or to add it

_POLICIES = ("resize", "tile")
_RANGES = ("-1..1", "0..1", "0..255")
_SIDE = 260  # pixels that a field needs beside another one; on a phone it stands below it

log = logging.getLogger(__name__)


def model_upload(store: Store) -> None:
    """A form: a file is tried, what was found is shown, and it is added once confirmed."""
    policies = [(word(f"upload.{policy}"), policy) for policy in _POLICIES]
    ranges = [(word(f"upload.{values}"), values) for values in _RANGES]
    ranges = [(word("upload.find-out"), ""), *ranges]
    with gr.Accordion(word("upload.title"), open=False, elem_id="add-model"):
        file = gr.File(
            label=word("upload.file"), file_types=[".onnx"], height=150, elem_id="model-file"
        )
        with gr.Row():
            name = gr.Textbox(
                "",
                label=word("upload.name"),
                info=word("upload.name-info"),
                max_lines=1,
                max_length=100,
                min_width=_SIDE,
            )
            licence = gr.Textbox(
                "",
                label=word("upload.licence"),
                info=word("upload.licence-info"),
                max_lines=1,
                max_length=200,
                min_width=_SIDE,
            )
        with gr.Row():
            policy = gr.Radio(
                policies, value="resize", label=word("upload.policy"), min_width=_SIDE
            )
            values = gr.Radio(ranges, value="", label=word("upload.values"), min_width=_SIDE)
        with gr.Row():
            attempt = gr.Button(
                word("upload.try"), variant="primary", size="md", elem_id="try-model"
            )
            confirm = gr.Button(
                word("upload.add"), size="md", interactive=False, elem_id="confirm-model"
            )
        told = gr.HTML(apply_default_css=False, elem_id="found")
        sheet = lay_out_sheet("upload.sheet", "test-sheet")
    form: list[Any] = [file, name, licence, policy, values]

    # Not one event that asks which button it was: Gradio makes changed ones anew, with other ids.
    for button, is_adding in ((attempt, False), (confirm, True)):
        button.click(
            _submission(store, is_adding),
            inputs=form,
            outputs=[told, sheet, confirm],
            show_progress="minimal",
            show_progress_on=button,
            concurrency_id="model-upload",
            api_visibility="private",
        )
    # What was found is of the form as it was.
    for part in form:
        part.change(
            lambda: gr.Button(interactive=False),
            outputs=confirm,
            show_progress="hidden",
            queue=False,
            api_visibility="private",
        )


def _submission(store: Store, is_adding: bool) -> Callable[..., tuple[Any, Any, Any]]:
    """What a button does; Gradio tells a partial function nothing of the request."""

    def submit(request: gr.Request, *form: Any) -> tuple[Any, Any, Any]:
        return _submit(store, is_adding, language_of(request), *form)

    return submit


def _submit(
    store: Store,
    is_adding: bool,
    language: str,
    file: str | None,
    name: str,
    licence: str,
    policy: str,
    values: str,
) -> tuple[Any, Any, Any]:
    """Try a file, or add it: what is told, the sheet, and whether it can be added."""
    if not file:
        told = _sentence(say(language, "upload.no-file"))
        return told, show_sheet(None), gr.Button(interactive=False)
    path = Path(file)
    sheet = Path(tempfile.mkdtemp(dir=get_upload_folder())) / "test.jpg"
    words = ["--name", name.strip() or Path(plain_name(path.name)).stem]
    words += ["--licence", licence.strip()] if licence.strip() else []
    words += [f"--values={values}"] if values else []  # "-1..1" would pass for an option
    words += ["--yes"] if is_adding else []
    try:
        said = verbs.run(
            *("models", "add", path, "--weights", store.folder, "--preview", sheet),
            *("--size-policy", policy, "--json", *words),
            timeout_s=TIMEOUT_S,
        )
    except CycleGANError as error:
        log.info("refused the model %s: %s", path.name, error)
        called = {path.parent: "the upload", sheet.parent: "the preview", store.folder: MODELS}
        told = retell_refusal(language, without_paths(str(error), called))
        return _sentence(told), show_sheet(None), gr.Button(interactive=False)
    found = json.loads(said)
    if is_adding:
        done = say(language, "upload.added", name=found["card"]["name"])
        return _sentence(done, "status"), gr.skip(), gr.Button(interactive=False)
    items = "".join(f"<li>{escape(finding)}</li>" for finding in found["findings"])
    look = say(language, "upload.look")
    told = f'<div role="status"><ul class="plain">{items}</ul><p>{look}</p></div>'
    return told, show_sheet(sheet), gr.Button(interactive=True)


def _sentence(text: str, role: str = "alert") -> str:
    return f'<p role="{role}">{escape(text)}</p>'
