"""A sheet of pictures on the page, to be looked at; it leads to itself in full size.

Not gr.Image, which puts a button without a name around it: screen readers cannot say what it is.
"""

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from app.web.words import word


def lay_out_sheet(text: str, id: str) -> gr.HTML:
    """A component that shows nothing until `show_sheet`; `text` is the key of what is on it."""
    return gr.HTML(
        label=word(text),
        html_template=_TEMPLATE,
        apply_default_css=False,
        visible=False,
        elem_id=id,
    )


def show_sheet(file: Path | None, caption: str = "", what: str = "") -> Any:
    """What an event answers for it: a file that Gradio serves, or None for no sheet.

    The caption stands below, after what is on the sheet: `what`, or else as it was laid out.
    """
    value = None
    if file:
        value = {"file": FileData(path=str(file)).model_dump(), "caption": caption, "what": what}
    return gr.update(value=value, visible=file is not None)


_TEMPLATE = """${!value ? "" : `
<figure class="sheet">
  <a href="${value.file.url}" target="_blank"><img src="${value.file.url}"
    alt="${value.what || label}"></a>
  <figcaption>${[value.what || label, value.caption].filter(Boolean).join(" · ")}</figcaption>
</figure>`}"""
