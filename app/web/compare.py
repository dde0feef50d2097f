"""Before and after, one over the other, with a line between them that can be moved.

Gradio's ImageSlider cannot be moved by keys and keeps the wheel and the finger from scrolling the
page; here the line is a range input, which browsers make usable for everybody. No subclass of
gr.HTML either: Gradio writes a stub file beside every file that defines a component.
"""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData


@dataclass(frozen=True)
class Pair:
    """Two pictures of one size."""

    before: Path
    after: Path
    width: int  # pixels of the pictures that are shown
    height: int


def compare_pair(empty: str) -> gr.HTML:
    """A component that says `empty` until it is given what `pair` or `refusal` make."""
    return gr.HTML(
        html_template=_TEMPLATE,
        js_on_load=_SCRIPT,
        apply_default_css=False,
        empty=empty,
        elem_id="compare",
    )


def pair(shown: Pair) -> dict[str, Any]:
    """The value of the component that shows a pair; Gradio adds where each file is fetched."""
    return {
        "before": FileData(path=str(shown.before)).model_dump(),
        "after": FileData(path=str(shown.after)).model_dump(),
        "width": shown.width,
        "height": shown.height,
    }


def refusal(sentence: str) -> dict[str, Any]:
    """The value of the component that says why there is nothing to show."""
    return {"refusal": escape(sentence)}


_TEMPLATE = """
${!value ? `<p class="empty">${empty}</p>` : value.refusal ? `
<p class="empty refusal" role="alert"><strong>That did not work:</strong> ${value.refusal}</p>` : `
<div class="compare" style="--width: ${value.width}; --height: ${value.height}">
  <img src="${value.after.url}" alt="After">
  <img class="before" src="${value.before.url}" alt="Before">
  <span class="corner left" aria-hidden="true">Before</span>
  <span class="corner right" aria-hidden="true">After</span>
  <span class="line" aria-hidden="true"></span>
  <input type="range" min="0" max="100" step="0.1" value="50"
    aria-label="Line between before and after" aria-valuetext="50 percent before">
</div>`}
"""

# The line stays where it is from one result to the next, so that two models can be compared.
_SCRIPT = """
let split = 50;
const place = () => {
  const box = element.querySelector('.compare');
  if (!box) return;
  const range = box.querySelector('input');
  box.style.setProperty('--split', split + '%');
  range.value = split;
  range.setAttribute('aria-valuetext', `${Math.round(split)} percent before`);
};
element.addEventListener('input', event => { split = event.target.valueAsNumber; place(); });
element.addEventListener('keydown', event => {
  const step = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5 }[event.key];
  if (!step) return;
  event.preventDefault();
  split = Math.min(100, Math.max(0, split + step));
  place();
});
watch('value', place);
place();
"""
