"""The page: its head, and one tab a file."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import platformdirs

from app.jobs.office import Office
from app.store import Store
from app.web import folder
from app.web.client import serve_clients
from app.web.crowd import open_queue
from app.web.models import models_tab
from app.web.photo import photo_tab
from app.web.theme import ICON
from app.web.words import word

TRAINING_ROOT = platformdirs.user_state_path("cyclegan") / "training"  # unless one is given

_HEADER = f"""
<header>
  <h1>{ICON} CycleGAN</h1>
  <p>{word("page.lead")}</p>
</header>"""
# Seen while line.js finds no server.
_OFFLINE = f'<p role="status">{word("page.offline")}</p>'
# Seen when an event failed that has no sentence of its own, see stream.js.
_BUG = f'<p role="alert">{word("page.bug")}</p>'


@dataclass(frozen=True)
class Allowed:
    """What visitors may do besides translating, where the operator says so."""

    model_uploads: bool = False  # add models
    training_root: Path | None = None  # train models of their own, with pictures below this folder


NOTHING_MORE = Allowed()


def build(store: Store, office: Office, allowed: Allowed = NOTHING_MORE) -> gr.Blocks:
    """The page around the models of a store and the jobs of an office, ready to be mounted."""
    page = gr.Blocks(title="CycleGAN", analytics_enabled=False, fill_width=True)
    with page:
        gr.HTML(_HEADER, apply_default_css=False)
        gr.HTML(_OFFLINE, apply_default_css=False, elem_id="offline")
        gr.HTML(_BUG, apply_default_css=False, elem_id="bug")
        with gr.Tabs():
            with gr.Tab(word("page.photo")):
                photo_tab(page, store)
            with gr.Tab(word("page.folder"), elem_id=folder.TAB):
                folder.folder_tab(page, store, office)
            with gr.Tab(word("page.models")):
                models_tab(page, store, may_upload=allowed.model_uploads)
            if allowed.training_root:
                from app.web.retrain import retrain_tab  # lazy: it needs fcntl, as Windows has none

                with gr.Tab(word("page.retrain")):
                    retrain_tab(page, store, allowed.training_root)
        serve_clients(store)
    open_queue(page)
    return page
