"""The Photo tab's components: what a visitor gives, and what comes back. No events.

What happens when they are used is in photo.py.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.i18n import I18nData

from app.store import Store
from app.web.back import back_panel
from app.web.compare import compare_pair, refusal
from app.web.options import Options, lay_out_options
from app.web.picker import model_picker
from app.web.updates import Updates
from app.web.words import template, texts, word

EXAMPLES = Path(__file__).with_name("examples")
_EXAMPLES = ("horses", "astronaut", "cat", "coffee", "portrait")
# page.js shows which of them came with no picture.
_MISSED = template(
    texts("missed"),
    """`
<p role="status">
  <span hidden data-of="paste">${texts.paste}</span>
  <span hidden data-of="camera">${texts.camera}</span>
</p>`""",
)


@dataclass(frozen=True)
class Parts:
    """The components that events read and change."""

    photo: gr.Image
    picker: gr.HTML
    options: Options
    start: gr.Button
    cancel: gr.Button
    compare: gr.HTML
    note: gr.HTML
    download: gr.Button
    back: gr.Button
    there_and_back: gr.HTML
    file: gr.DownloadButton  # unseen: what the script of `download` takes
    run: gr.State  # what the result is of

    def outputs(self) -> list[Any]:
        """What `clear` and the events change."""
        return [
            self.compare,
            self.note,
            self.download,
            self.back,
            self.there_and_back,
            self.file,
            self.run,
        ]

    def clear(self, sentence: str | I18nData | None = None) -> Updates:
        """No result, and why."""
        return {
            self.compare: refusal(sentence) if sentence else None,
            self.note: "",
            self.download: gr.Button(word("photo.download"), interactive=False),
            self.back: gr.Button(word("photo.back"), interactive=False),
            self.there_and_back: None,
            self.file: None,
            self.run: None,
        }

    def stopped(self, sentence: str) -> Updates:
        """The result as it was, and a sentence (HTML) that nothing came after it."""
        return {self.note: sentence, self.file: None}


def lay_out(store: Store) -> Parts:
    """Put the components into the tab: what is given on the left, what comes back on the right."""
    with gr.Row(elem_classes="desk"):
        with gr.Column():
            photo = gr.Image(
                type="filepath",
                label=word("photo.photo"),
                sources=["upload", "webcam"],  # page.js takes what is pasted
                height=240,
                placeholder=word("photo.placeholder"),
                buttons=[],
                elem_id="photo",
            )
            gr.HTML(
                html_template=_MISSED,
                apply_default_css=False,
                elem_id="missed",
            )
            _offer_examples(photo)
            picker = model_picker(store)
            options = lay_out_options()
            start = gr.Button(word("photo.translate"), variant="primary", elem_id="start")
        with gr.Column(elem_classes="take", elem_id="result"):
            compare = compare_pair()
            with gr.Row(elem_classes="below"):
                note = gr.HTML(
                    html_template='<p role="status">${value || ""}</p>',
                    elem_id="note",
                    apply_default_css=False,
                )
                # Shown while others are served. Screen readers are told by Gradio.
                gr.HTML(
                    f'<p aria-hidden="true">{word("job.queued")}</p>',
                    elem_id="queued",
                    apply_default_css=False,
                )
                cancel = gr.Button(word("photo.cancel"), elem_id="cancel")
                back = gr.Button(word("photo.back"), interactive=False, elem_id="back")
                download = gr.Button(
                    word("photo.download"), variant="primary", interactive=False, elem_id="download"
                )
                file = gr.DownloadButton(visible=False)
            there_and_back = back_panel()
    return Parts(
        photo=photo,
        picker=picker,
        options=options,
        start=start,
        cancel=cancel,
        compare=compare,
        note=note,
        download=download,
        back=back,
        there_and_back=there_and_back,
        file=file,
        run=gr.State(),
    )


def _offer_examples(photo: gr.Image) -> None:
    gr.HTML(f'<p class="hint">{word("photo.try")}</p>', apply_default_css=False)
    with gr.Row(elem_classes="examples"):
        for name in _EXAMPLES:
            file = str(EXAMPLES / f"{name}.jpg")
            gr.Button(word(f"photo.{name}"), icon=file, size="sm").click(
                lambda file=file: file, outputs=photo, queue=False, api_visibility="private"
            )
