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


def show_sheet(file: Path | None) -> Any:
    """What an event answers for it: a file that Gradio serves, or None for no sheet."""
    value = FileData(path=str(file)).model_dump() if file else None
    return gr.update(value=value, visible=file is not None)


_TEMPLATE = """${!value ? "" : `
<a class="sheet" href="${value.url}" target="_blank">
  <img src="${value.url}" alt="${label}">
</a>`}"""
