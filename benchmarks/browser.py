"""A browser without a window, for tests, benchmarks and the pictures of the documentation."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# It runs as root too, draws without a GPU, and asks no other host for anything.
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


@contextmanager
def chromium() -> Iterator["Browser"]:
    """The system's Chromium, else Playwright's own.

    Raises: FileNotFoundError if there is neither.
    """
    from playwright.sync_api import sync_playwright  # lazy: not where there are no tests to run

    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, _NAMES)), None)
        path = found or playwright.chromium.executable_path
        if not Path(path).exists():
            raise FileNotFoundError(
                "there is no Chromium: install it, or run `playwright install chromium`"
            )
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS.split())
        try:
            yield browser
        finally:
            browser.close()


def settle(page: "Page") -> None:
    """Wait until a tab or fold that has just been opened for the first time is the visitor's.

    A frame after it shows one for the first time, Gradio sets everything in it to what it was at
    first. No person is quicker; a program is, and what it set would be lost.
    """
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
