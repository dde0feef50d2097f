"""Choosing a model by its card: real radio buttons, so that keys and screen readers know them."""

from typing import Any

import gradio as gr

from app.store import Store
from app.web import cards
from app.web.models import LOOK_EVERY_S, installed
from app.web.updates import rechoose
from app.web.words import language_of, word


def model_picker(store: Store) -> gr.HTML:
    """A list of cards; its value is the name of the chosen model, or "" without models."""
    chosen, listed = offer(store, None, "en")
    return gr.HTML(
        chosen,
        label=word("picker.model"),
        cards=listed,
        html_template='<fieldset class="choices"><legend>${label}</legend>${cards}</fieldset>',
        js_on_load=_SCRIPT,
        apply_default_css=False,
        elem_id="picker",
    )


def follow(page: gr.Blocks, picker: gr.HTML, store: Store) -> None:
    """Offer what is in the folder for as long as the page is open."""

    def look(chosen: str, known: str, request: gr.Request) -> tuple[Any, str]:
        now = store.stamp()
        if now == known:
            return gr.skip(), known
        value, listed = offer(store, chosen, language_of(request))
        return gr.update(cards=listed, **rechoose(value, chosen=chosen)), now

    stamp = gr.State("")
    gr.on(
        [page.load, gr.Timer(LOOK_EVERY_S).tick],
        look,
        inputs=[picker, stamp],
        outputs=[picker, stamp],
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )


def offer(store: Store, chosen: str | None, language: str) -> tuple[str, str]:
    """The name to choose, and the cards of all models as HTML.

    What a visitor chose stays, also while it is not there: its files may just be replaced, and no
    photo goes to another model unasked.
    """
    usable = [entry.card for entry in installed(store) if entry.card]
    value = chosen or next((card.name for card in usable), "")
    titles = [card.title for card in usable]
    listed = "".join(
        cards.choice(
            card,
            store.folder,
            chosen=card.name == value,
            pace=store.pace(card),
            language=language,
            is_alone=titles.count(card.title) == 1,
        )
        for card in usable
    )
    return value, listed or cards.nothing(language)


_SCRIPT = f"""{cards.KEEP_UNFOLDED}
watch(['value', 'cards'], () => element.querySelectorAll('.choice input').forEach(each => {{
  each.checked = each.value === props.value;
}}));
element.addEventListener('change', event => {{
  props.value = event.target.value;
  trigger('input');
}});
"""
