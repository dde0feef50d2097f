"""Before and after, one over the other, with a line between them that can be moved; a part of them
larger, and a region to draw on them. How all that moves is in compare.js.

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
from gradio.i18n import I18nData

from app.web.words import script, template, texts


@dataclass(frozen=True)
class Pair:
    """Two pictures of one size."""

    before: Path
    after: Path
    width: int  # pixels of the pictures that are shown
    height: int
    photo: str = ""  # what tells the photo from others: a region that is drawn stays with it
    names: tuple[str, ...] = ()  # of both; without, they are before and after


def compare_pair(id: str = "compare") -> gr.HTML:
    """A component with a hint until it is given what `pair` or `refusal` make.

    Its event `draw` has the attribute `region`: where the picture is to change, as a data URL of a
    PNG, white there and transparent elsewhere; "" for everywhere.
    """
    return gr.HTML(
        html_template=_TEMPLATE,
        js_on_load=script(texts("compare"), Path(__file__).with_name("compare.js")),
        apply_default_css=False,
        elem_id=id,
    )


def pair(shown: Pair) -> dict[str, Any]:
    """The value of the component that shows a pair; Gradio adds where each file is fetched."""
    return {
        "before": FileData(path=str(shown.before)).model_dump(),
        "after": FileData(path=str(shown.after)).model_dump(),
        "width": shown.width,
        "height": shown.height,
        "photo": shown.photo,
        "names": [escape(name) for name in shown.names],
    }


def refusal(sentence: str | I18nData) -> str | dict[str, Any]:
    """The value of the component that says why there is nothing to show."""
    return str(sentence) if isinstance(sentence, I18nData) else {"refusal": escape(sentence)}


# Gradio changes what differs in the page and leaves the rest, so pictures that follow each other do
# not flicker. What the script adds to an element is gone then: it adds it again.
_TEMPLATE = template(
    texts("compare"),
    """
!value ? `<p class="empty">${texts.empty}</p>` : value.refusal || typeof value === "string" ? `
<p class="empty refusal" role="alert">
  <strong>${texts.failed}</strong> ${value.refusal ?? value}
</p>` : `
<div class="compare" style="--width: ${value.width}; --height: ${value.height}">
  <div class="stage">
    <img src="${value.after.url}" alt="${value.names[1] ?? texts.after}" draggable="false">
    <img class="before" src="${value.before.url}" alt="${value.names[0] ?? texts.before}"
      draggable="false">
    <canvas width="${value.width}" height="${value.height}" role="application" tabindex="-1"
      aria-label="${texts.draw}"></canvas>
    <span class="brush" aria-hidden="true"></span>
  </div>
  <span class="corner left" aria-hidden="true">${value.names[0] ?? texts.before}</span>
  <span class="corner right" aria-hidden="true">${value.names[1] ?? texts.after}</span>
  <span class="line" aria-hidden="true"></span>
  <input type="range" class="split" min="0" max="100" step="0.1" value="50"
    aria-label="${texts.line}">
</div>
<div class="tools" title="${texts.keys}">
  <button type="button" data-do="smaller" aria-label="${texts.smaller}">−</button>
  <button type="button" data-do="whole" aria-label="${texts.whole}">1×</button>
  <button type="button" data-do="larger" aria-label="${texts.larger}">+</button>
  <button type="button" data-do="hold">${texts.hold}</button>
  <button type="button" data-do="region" aria-pressed="false">
    ${texts.region}<span class="in-force" hidden> · ${texts["in-force"]}</span>
  </button>
</div>
<div class="tools drawing">
  <p>${texts.where}</p>
  <button type="button" data-do="brush" aria-pressed="true">${texts.brush}</button>
  <button type="button" data-do="erase" aria-pressed="false">${texts.erase}</button>
  <input type="range" class="width" min="2" max="30" value="10" aria-label="${texts.width}">
  <button type="button" data-do="clear">${texts.clear}</button>
</div>`
""",
)
