"""What a person who drops a photo waits for, in a browser."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser

from app.recipe import Recipe
from app.rendering import Renderer
from app.store import Store
from app.web.words import say
from benchmarks.browser import chromium
from benchmarks.pictures import draw_pictures
from benchmarks.server import TIMEOUT_S, Server, serving
from cyclegan.contract.images import load_picture

PHOTO = (4000, 3000)  # width and height in pixels
SIZES = ("auto", "native")  # as in Recipe

# Every picture of a part of the page is there to be seen.
_SEEN = """part => {
  const pictures = [...document.querySelectorAll(`${part} img`)];
  return pictures.length > 0 && pictures.every(each => each.complete && each.naturalWidth > 0);
}"""


def measure(weights: Path, model: str, rounds: int) -> Iterator[dict[str, Any]]:
    """One row a size in which the network may see a photo, in seconds; the median of all rounds.

    Bare is a translation in this process while the server rests: from pixels to pixels, without
    reading, writing and showing.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        draw_pictures(folder / "photos", 1 + rounds * len(SIZES), PHOTO, seed=0)
        photos = iter(sorted((folder / "photos").iterdir()))
        translator = Store(weights).load(model)
        with serving(weights, folder) as server, chromium() as browser:
            drop(browser, server, next(photos), "auto")  # the first one loads the model
            for size in SIZES:
                render = Renderer(translator, Recipe(size=size))
                rows = []
                for photo in (next(photos) for _ in range(rounds)):
                    picture = load_picture(photo)
                    start = time.perf_counter()
                    render(picture)
                    bare = time.perf_counter() - start
                    rows.append((*drop(browser, server, photo, size), bare))
                shown, done, bare = (median(column) for column in zip(*rows, strict=True))
                yield {
                    "what": f"{PHOTO[0]} x {PHOTO[1]} pixels, translated in size {size}",
                    "photo_shown_s": round(shown, 2),
                    "result_shown_s": round(done, 2),
                    "bare_translate_s": round(bare, 2),
                    "result_to_bare": round(done / bare, 2),
                }


def drop(browser: Browser, server: Server, photo: Path, size: str) -> tuple[float, float]:
    """Seconds from the choice of a photo until it is seen, and until its translation is."""
    page = browser.new_context().new_page()
    page.set_default_timeout(1000 * TIMEOUT_S)
    page.goto(server.url)
    page.locator("#start").wait_for()
    page.get_by_role("button", name="More").click()
    page.get_by_role("radio", name=say("en", f"options.{size}")).first.check()
    start = time.perf_counter()
    page.locator("#photo input[type=file]").set_input_files(photo)
    page.wait_for_function(_SEEN, arg="#photo")
    shown = time.perf_counter() - start
    page.wait_for_function(_SEEN, arg=".compare")
    done = time.perf_counter() - start
    page.context.close()
    return shown, done
