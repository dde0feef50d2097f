"""The page: its head, and one tab a file."""

from dataclasses import dataclass

import gradio as gr

from app.store import Store
from app.web.models import models_tab
from app.web.photo import photo_tab
from app.web.run import KEEP_FOR_S
from app.web.theme import ICON

_CLEAN_EVERY_S = 600

_HEADER = f"""
<header>
  <h1>{ICON} CycleGAN</h1>
  <p>Turn one kind of picture into another, on the computer that runs this page.</p>
</header>"""


@dataclass(frozen=True)
class Allowed:
    """What visitors may do besides translating, where the operator says so."""

    model_uploads: bool = False  # add models


NOTHING_MORE = Allowed()


def build(store: Store, allowed: Allowed = NOTHING_MORE) -> gr.Blocks:
    """The page around the models of a store, ready to be mounted."""
    page = gr.Blocks(
        title="CycleGAN",
        analytics_enabled=False,
        delete_cache=(_CLEAN_EVERY_S, KEEP_FOR_S),
        fill_width=True,
    )
    with page:
        gr.HTML(_HEADER, apply_default_css=False)
        with gr.Tabs():
            with gr.Tab("Photo"):
                photo_tab(page, store)
            with gr.Tab("Models"):
                models_tab(page, store, may_upload=allowed.model_uploads)
    page.queue(max_size=64, api_open=False, default_concurrency_limit=1)
    return page
