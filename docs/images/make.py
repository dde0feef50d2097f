"""Take the pictures of the app that the documentation shows: `python -m docs.images.make`.

Needs the bundled models, Playwright and Chromium. What is on the photos may be shown: see
app/web/examples/LICENCES.md.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

from benchmarks.browser import chromium, settle
from benchmarks.server import serving

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "app" / "web" / "examples"
DESK = {"width": 1280, "height": 880}
PHONE = {"width": 390, "height": 844}


# Two kinds of pictures and a short training, so that there is something to watch.
KINDS = {"cat": "cat.jpg", "coffee": "coffee.jpg"}
TRAINING = """
crop_size=64
load_size_min=64
load_size_max=80
discriminator_width=16
head_start_images=0
compile=false
log_every=20
sheet_every=100
"""
TIMEOUT_MS = 300_000


def main() -> None:
    """Start the app, look at each tab, stop the app."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=HERE.parents[1] / "weights")
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        root = Path(folder, "training")
        for name, file in KINDS.items():
            cut_up(EXAMPLES / file, root / name)
        training = ("--allow-training", "--training-root", str(root))
        with serving(options.weights, Path(folder), *training) as app, chromium() as browser:
            phone: dict[str, Any] = {"viewport": PHONE, "color_scheme": "dark"}
            take(browser, app.url, options.out / "app.png", "Photo", viewport=DESK)
            take(browser, app.url, options.out / "app-phone-dark.png", "Photo", **phone)
            for tab in ("Folder", "Models", "Retrain"):
                file = options.out / f"{tab.lower()}.png"
                take(browser, app.url, file, tab, viewport=DESK)


def take(browser: Browser, url: str, file: Path, tab: str, **context: Any) -> None:
    """One screenshot of one tab in a browser of its own."""
    page = browser.new_context(**context).new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(url)
    page.get_by_role("tab", name=tab).click()
    if use := USES.get(tab):
        use(page)
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)  # fades and smooth scrolling end
    page.screenshot(path=file, full_page=True)
    if tab == "Retrain":
        page.get_by_role("button", name="Stop").click()
        page.locator("#training", has_text="Stopped").wait_for()


def translate_a_photo(page: Page) -> None:
    """What the Photo tab is for."""
    page.get_by_role("button", name="Horses").click()
    page.locator("#note", has_text="Horse to zebra").wait_for()


def translate_many(page: Page) -> None:
    """What the Folder tab is for."""
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name="Photo to anime").click()
    page.locator("#files input[type=file]").set_input_files(sorted(EXAMPLES.glob("*.jpg")))
    page.locator("#files tr").nth(2).wait_for()
    page.get_by_role("button", name="Translate all").click()
    page.locator(".job .state", has_text="Done").wait_for()


def train(page: Page) -> None:
    """Start a training and wait until there is something to see."""
    for label, kind, name in zip(
        ("Name of the first kind", "Name of the second kind"), ("a", "b"), KINDS, strict=True
    ):
        page.get_by_label(label).fill(name)
        given = page.locator(f"#kind-{kind}")
        given.get_by_role("combobox").click()
        given.get_by_role("option", name=name).click()
    page.get_by_role("button", name="More settings").click()
    settle(page)
    page.get_by_role("textbox", name="More settings").fill(TRAINING)
    page.get_by_role("button", name="More settings").click()
    page.get_by_role("button", name="Start training").click()
    page.locator("#curves svg polyline").first.wait_for()
    page.get_by_role("link", name="Sample pictures, their translations and the way back").wait_for()


USES: dict[str, Callable[[Page], None]] = {
    "Photo": translate_a_photo,
    "Folder": translate_many,
    "Retrain": train,
}


def cut_up(photo: Path, folder: Path) -> None:
    """Many squares of a photo, each a picture."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    with Image.open(photo) as image:
        for count in range(40):
            left, top = (random.integers(side - 160) for side in image.size)
            square = image.crop((left, top, left + 160, top + 160))
            square.save(folder / f"{count}.png")


if __name__ == "__main__":
    main()
