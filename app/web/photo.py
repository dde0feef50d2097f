"""The tab for one photo: give it, choose a model, see before and after, take the result away."""

import logging
from pathlib import Path
from typing import Any

import gradio as gr

from app.store import Store
from app.web.compare import compare_pair, pair, refusal
from app.web.models import without_folder
from app.web.picker import model_picker, offer
from app.web.run import run_model
from app.web.upload import read_upload
from cyclegan.contract.errors import CycleGANError, PictureError

EXAMPLES = Path(__file__).with_name("examples")
_EXAMPLES = {"Astronaut": "astronaut.jpg", "Cat": "cat.jpg", "Coffee": "coffee.jpg"}

_NO_PHOTO = "Give a photo first: drop it, choose a file, paste it or take one."
_BUG = "Something went wrong inside the program; what it printed where it runs says more."

# On a narrow screen the result is below what was pressed.
_SHOW_RESULT = """() => {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (document.querySelector('#result :is(.compare, .refusal)')) document.querySelector('#result')
    .scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'nearest' });
}"""

Updates = dict[Any, Any]  # Gradio: component -> its new value

log = logging.getLogger(__name__)


def photo_tab(page: gr.Blocks, store: Store) -> None:
    """Fill the tab; the models are looked up again whenever the page is opened."""
    with gr.Row(elem_classes="desk"):
        with gr.Column():
            photo = gr.Image(
                type="filepath",
                label="Photo",
                sources=["upload", "clipboard", "webcam"],
                height=240,
                placeholder="Drop a photo here\n- or -\nclick to choose one",
                buttons=[],
                elem_id="photo",
            )
            gr.HTML('<p class="hint">Or try one of these:</p>', apply_default_css=False)
            with gr.Row(elem_classes="examples"):
                for label, name in _EXAMPLES.items():
                    example = str(EXAMPLES / name)
                    gr.Button(label, icon=example, size="sm").click(
                        lambda example=example: example,
                        outputs=photo,
                        queue=False,
                        api_visibility="private",
                    )
            picker = model_picker(store)
            start = gr.Button("Translate", variant="primary", elem_id="start")
        with gr.Column(elem_classes="take", elem_id="result"):
            compare = compare_pair("Your picture appears here, before and after.")
            with gr.Row(elem_classes="below"):
                note = gr.HTML(
                    html_template='<p role="status">${value || ""}</p>',
                    elem_id="note",
                    apply_default_css=False,
                )
                download = gr.DownloadButton(
                    "Download PNG",
                    variant="primary",
                    size="md",
                    interactive=False,
                    elem_id="download",
                )
    shown = gr.State()  # the file and the model that the result is of
    unchanged: Updates = {shown: gr.skip()}

    def clear(sentence: str | None = None) -> Updates:
        off = gr.DownloadButton(value=None, interactive=False)
        return {
            compare: refusal(sentence) if sentence else None,
            note: "",
            download: off,
            shown: None,
        }

    def translate(payload: Any, model: Any, known: Any, event: gr.EventData) -> Updates:
        pressed = event.target is not None and event.target._id == start._id
        upload = read_upload(payload)
        if upload is None:
            # Taken away by the visitor, or, if nothing is shown, by the refusal that must stay.
            return clear(_NO_PHOTO) if pressed else clear() if known else unchanged
        # Gradio reports a picture that replaces another one twice.
        if (upload.path, model) == known and not pressed:
            return unchanged
        try:
            result = run_model(store, upload, str(model or ""))
        except CycleGANError as error:
            log.info("refused %s: %s", upload.name, error)
            emptied: Updates = {photo: None} if isinstance(error, PictureError) else {}
            return clear(without_folder(str(error), store)) | emptied
        except Exception:  # a bug of ours is logged, and its visitor gets a sentence
            log.exception("translating %s with %s", upload.name, model)
            return clear(_BUG)
        return {
            compare: pair(result.pair),
            note: result.note,
            download: gr.DownloadButton(value=str(result.file), interactive=True),
            shown: (upload.path, model),
        }

    run = gr.on(
        [photo.change, picker.input, start.click],
        translate,
        inputs=[photo, picker, shown],
        outputs=[photo, compare, note, download, shown],
        preprocess=False,  # see read_upload
        show_progress_on=compare,
        trigger_mode="always_last",
        api_visibility="private",
    )
    run.success(fn=None, js=_SHOW_RESULT, api_visibility="private")

    def look_again(chosen: str) -> Any:
        value, listed = offer(store, chosen)
        return gr.update(value=value, cards=listed)

    page.load(
        look_again,
        inputs=picker,
        outputs=picker,
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )
