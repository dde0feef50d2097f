"""The tab of what is installed: every model's card, and why a broken one cannot be used."""

import os
from collections.abc import Sequence

import gradio as gr

from app.store import Store
from app.web import cards
from cyclegan.contract.errors import ModelError
from cyclegan.contract.folder import Entry


def models_tab(page: gr.Blocks, store: Store) -> None:
    """Fill the tab; the folder is read again whenever the page is opened."""

    def look() -> str:
        return describe(store)

    shown = gr.HTML(look(), elem_id="models", apply_default_css=False)
    page.load(look, outputs=shown, show_progress="hidden", queue=False, api_visibility="private")


def describe(store: Store) -> str:
    """Every model as HTML, the usable ones first."""
    entries = installed(store)
    usable = [cards.full(entry.card) for entry in entries if entry.card]
    rest = [
        cards.broken(entry.name, without_folder(entry.reason or "", store))
        for entry in entries
        if not entry.card
    ]
    return "".join(usable + rest) if usable else cards.nothing() + "".join(rest)


def installed(store: Store) -> Sequence[Entry]:
    """What the store has; nothing where its folder is not there (yet)."""
    try:
        return store.list()
    except ModelError:
        return []


def without_folder(text: str, store: Store) -> str:
    """A sentence without the path to the models: visitors need not know where things are."""
    return text.replace(f"{store.folder}{os.sep}", "")
