"""Take the pictures of the app that the documentation shows: `python docs/images/make.py`.

Needs the bundled models, Playwright and Chromium. What is on the photos may be shown: see
app/web/examples/LICENCES.md.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "app" / "web" / "examples"
DESK = {"width": 1280, "height": 880}
PHONE = {"width": 390, "height": 844}


def main() -> None:
    """Start the app, look at each tab, stop the app."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=HERE.parents[1] / "weights")
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--example", default="Cat", help="the button that gives the photo")
    options = parser.parse_args()
    command = [sys.executable, "-m", "app", "--port", "0", "--weights", str(options.weights)]
    jobs = TemporaryDirectory()
    command += ["--jobs", jobs.name]
    with (
        jobs,
        subprocess.Popen(command, cwd=HERE.parents[1], stderr=subprocess.PIPE, text=True) as app,
    ):
        assert app.stderr is not None
        url = next(found[0] for line in app.stderr if (found := re.search(r"http://\S+/", line)))
        with sync_playwright() as playwright:
            path = shutil.which("chromium") or playwright.chromium.executable_path
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            take(browser, url, options, "app", viewport=DESK)
            take(browser, url, options, "app-phone-dark", viewport=PHONE, color_scheme="dark")
            take(browser, url, options, "folder", viewport=DESK, tab="Folder")
            take(browser, url, options, "models", viewport=DESK, tab="Models")
        app.terminate()


def take(
    browser: Browser, url: str, options: Any, name: str, *, tab: str = "Photo", **context: Any
) -> None:
    """One screenshot of one tab in a browser of its own."""
    page = browser.new_context(**context).new_page()
    page.goto(url)
    page.get_by_role("tab", name=tab).click()
    if tab == "Photo":
        page.get_by_role("button", name=options.example).click()
        page.locator("#note", has_text="pixels").wait_for(timeout=120_000)
    if tab == "Folder":
        page.locator("#files input[type=file]").set_input_files(sorted(EXAMPLES.glob("*.jpg")))
        page.locator("#files tr").nth(2).wait_for(timeout=120_000)
        page.get_by_role("button", name="Translate all").click()
        page.locator(".job .state", has_text="Done").wait_for(timeout=120_000)
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)  # fades and smooth scrolling end
    page.screenshot(path=options.out / f"{name}.png", full_page=True)


if __name__ == "__main__":
    main()
