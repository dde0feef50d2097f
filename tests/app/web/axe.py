"""What axe finds in a page."""

from typing import Any

import pytest

# All of it: colours that fade into each other have no contrast meanwhile.
_SHOWS = """scheme => document.body.classList.contains('dark') === (scheme === 'dark')
  && !document.getAnimations().some(each => each instanceof CSSTransition)"""

# Gradio's own, beside files that were given: a button in a button, its name not translated.
_OF_GRADIO = 'aria-label="common.upload"'


def complaints_of_axe(page: Any) -> list[str]:
    """What is serious or critical in what a page shows, in light and in dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="extra: dev")
    complaints = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(_SHOWS, arg=scheme)
        complaints += [
            f"{scheme}, {each['id']}: {node['html']}"
            for each in axe.Axe().run(page).response["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
            if _OF_GRADIO not in node["html"]
        ]
    return complaints
