"""A tab or fold that is shown for the first time."""

from typing import Any


def settle(page: Any) -> None:
    """Wait until what has just been opened is the visitor's.

    A frame after it shows a tab or fold for the first time, Gradio sets everything in it to what it
    was at first. No person is quicker; a test is, and what it set would be lost.
    """
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
