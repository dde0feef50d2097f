"""The tab of what is installed: every model's card, and why a broken one cannot be used."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from app.public import MODELS, without_paths
from app.store import Store
from app.web import cards
from app.web.model_upload import model_upload
from app.web.words import language_of, retell_refusal, say, word
from cyclegan.contract.errors import CycleGANError, ModelError
from cyclegan.contract.folder import Entry

LOOK_EVERY_S = 5.0  # at the folder, from every open page


def models_tab(page: gr.Blocks, store: Store, *, may_upload: bool) -> None:
    """Fill the tab; the folder is looked at again and again while the page is open."""
    with gr.Row(elem_classes="below"):
        verified = gr.HTML(elem_id="verified", apply_default_css=False)
        verify = gr.Button(word("models.verify"), size="md", elem_id="verify")
    if may_upload:
        model_upload(store)
    shown = gr.HTML(
        describe(store, "en"),
        js_on_load=cards.KEEP_UNFOLDED,
        elem_id="models",
        apply_default_css=False,
    )
    stamp = gr.State("")

    def look(known: str, held: str | None, request: gr.Request) -> tuple[Any, Any, str]:
        now, language = store.stamp(), language_of(request)
        if now == known:
            return gr.skip(), gr.skip(), now
        # What was verified is of the files as they were; who has not asked waits for no hashes.
        again = hold_against_cards(store, language) if held else gr.skip()
        return describe(store, language), again, now

    def verify_all(request: gr.Request) -> str:
        return hold_against_cards(store, language_of(request))

    gr.on(
        [page.load, gr.Timer(LOOK_EVERY_S).tick],
        look,
        inputs=[stamp, verified],
        outputs=[shown, verified, stamp],
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )
    verify.click(
        verify_all,
        outputs=verified,
        show_progress="minimal",
        api_visibility="private",
    )


def describe(store: Store, language: str) -> str:
    """Every model as HTML, the usable ones first."""
    entries = installed(store)
    usable = [
        cards.full(entry.card, store.folder, pace=store.pace(entry.card), language=language)
        for entry in entries
        if entry.card
    ]
    rest = [
        cards.broken(entry.name, _tell(entry.reason or "", store, language), language)
        for entry in entries
        if not entry.card
    ]
    return "".join((usable or [cards.nothing(language)]) + rest)


def hold_against_cards(store: Store, language: str = "en") -> str:
    """Whether every file is the one that its card describes, as HTML."""
    lines = []
    for entry in installed(store):
        try:
            store.verify(entry.name)
            said = say(language, "models.as-promised")
        except CycleGANError as error:
            said = _tell(str(error), store, language)
        lines.append(f"<li><code>{cards.shown(entry.name)}</code> {cards.shown(said)}</li>")
    listed = (
        f'<ul class="plain">{"".join(lines)}</ul>'
        if lines
        else f"<p>{say(language, 'models.nothing')}</p>"
    )
    return f'<div role="status">{listed}</div>'


def installed(store: Store) -> Sequence[Entry]:
    """What the store has; nothing where its folder is not there (yet)."""
    try:
        return store.list()
    except ModelError:
        return []


def _tell(reason: str, store: Store, language: str) -> str:
    return retell_refusal(language, without_folder(reason, store))


def without_folder(text: str, store: Store) -> str:
    """A sentence without the path to the models."""
    return without_paths(text, {store.folder: MODELS})
