"""The tab for one photo: give it, choose a model, see before and after, take the result away."""

import logging
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Parts:
    """The components that events read and change."""

    photo: gr.Image
    picker: gr.HTML
    start: gr.Button
    compare: gr.HTML
    note: gr.HTML
    download: gr.DownloadButton
    shown: gr.State  # the file and the model that the result is of

    def clear(self, sentence: str | None = None) -> Updates:
        """No result, and why."""
        return {
            self.compare: refusal(sentence) if sentence else None,
            self.note: "",
            self.download: gr.DownloadButton(value=None, interactive=False),
            self.shown: None,
        }


def photo_tab(page: gr.Blocks, store: Store) -> None:
    """Fill the tab; the models are looked up again whenever the page is opened."""
    parts = _lay_out(store)

    def translate(payload: Any, model: Any, known: Any, event: gr.EventData) -> Updates:
        pressed = event.target is not None and event.target._id == parts.start._id
        upload = read_upload(payload)
        if upload is None and pressed:
            return parts.clear(_NO_PHOTO)
        if upload is None and known:  # the visitor took it away
            return parts.clear()
        # A refusal took it away and must stay; or Gradio reports a picture that replaces another
        # one for the second time.
        if upload is None or ((upload.path, model) == known and not pressed):
            return {parts.shown: gr.skip()}
        try:
            result = run_model(store, upload, str(model or ""))
        except CycleGANError as error:
            log.info("refused %s: %s", upload.name, error)
            emptied: Updates = {parts.photo: None} if isinstance(error, PictureError) else {}
            return parts.clear(without_folder(str(error), store)) | emptied
        except Exception:  # a bug of ours is logged, and its visitor gets a sentence
            log.exception("translating %s with %s", upload.name, model)
            return parts.clear(_BUG)
        return {
            parts.compare: pair(result.pair),
            parts.note: result.note,
            parts.download: gr.DownloadButton(value=str(result.file), interactive=True),
            parts.shown: (upload.path, model),
        }

    def look_again(chosen: str) -> Any:
        value, listed = offer(store, chosen)
        return gr.update(value=value, cards=listed)

    gr.on(
        [parts.photo.change, parts.picker.input, parts.start.click],
        translate,
        inputs=[parts.photo, parts.picker, parts.shown],
        outputs=[parts.photo, parts.compare, parts.note, parts.download, parts.shown],
        preprocess=False,  # see read_upload
        show_progress_on=parts.compare,
        trigger_mode="always_last",
        api_visibility="private",
    ).success(fn=None, js=_SHOW_RESULT, api_visibility="private")
    page.load(
        look_again,
        inputs=parts.picker,
        outputs=parts.picker,
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )


def _lay_out(store: Store) -> _Parts:
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
            _offer_examples(photo)
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
    return _Parts(photo, picker, start, compare, note, download, shown=gr.State())


def _offer_examples(photo: gr.Image) -> None:
    gr.HTML('<p class="hint">Or try one of these:</p>', apply_default_css=False)
    with gr.Row(elem_classes="examples"):
        for label, name in _EXAMPLES.items():
            file = str(EXAMPLES / name)
            gr.Button(label, icon=file, size="sm").click(
                lambda file=file: file, outputs=photo, queue=False, api_visibility="private"
            )
