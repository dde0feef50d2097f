"""The Models tab in a real browser, against a real server and a folder that changes under it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx

from app.store import Store
from benchmarks.browser import settle
from tests.app.web.axe import complaints_of_axe

TIMEOUT_MS = 300_000  # for a machine that does other work as well


def test_models_come_by_themselves_are_verified_and_can_be_uploaded(
    serve: Callable[..., Any], chromium: Any, weights_dir: Path, add_model: Any, tmp_path: Path
) -> None:
    server = serve(weights_dir, "--allow-upload-models")
    page = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.set_default_timeout(TIMEOUT_MS)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(server.url)
    page.locator(".choice summary").press("Enter")
    page.get_by_role("tab", name="Models").press("Enter")
    settle(page)
    page.locator("#models h2", has_text="negate").wait_for()
    page.locator("#models summary").press("Enter")

    # What is dropped into the folder appears by itself, on both tabs; a broken one with its reason.
    add_model(weights_dir, "same", "Identity", title="Photo to itself")
    (weights_dir / "torn.json").write_text("{")
    page.locator("#models h2", has_text="Photo to itself").wait_for()
    page.locator("#models .broken", has_text="torn.json is not JSON").wait_for()
    page.locator("#picker").get_by_text("Photo to itself").wait_for(state="attached")
    # What was unfolded stays so when the cards are told anew.
    open_ones = page.locator(".choice:has(details[open]) input")
    assert [each.get_attribute("value") for each in open_ones.all()] == ["negate"]
    page.locator("#models .model:has(details[open]) h2", has_text="negate").wait_for()

    page.get_by_role("button", name="Verify the files").press("Enter")
    page.locator("#verified li", has_text="same is unchanged").wait_for()
    page.locator("#verified li", has_text="torn torn.json is not JSON").wait_for()

    # What was verified follows the folder as well: a model more, one less, one that was changed.
    add_model(weights_dir, "third", "Identity")
    (weights_dir / "torn.json").unlink()
    whole = (weights_dir / "same.onnx").read_bytes()
    (weights_dir / "same.onnx").write_bytes(whole.replace(b"Identity", b"identity"))
    page.locator("#verified li", has_text="third is unchanged").wait_for()
    page.locator("#verified li", has_text="same sha256 of same.onnx is").wait_for()
    page.locator("#verified li", has_text="torn").wait_for(state="detached")

    # A file that is no model is refused, one that is can be added after it was tried.
    page.get_by_role("button", name="Add a model that was made elsewhere").press("Enter")
    settle(page)

    def give(path: Path) -> None:
        with page.expect_file_chooser() as info:
            page.locator("#model-file").get_by_role("button").first.press("Enter")
        info.value.set_files(path)

    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no model")
    give(bad)
    page.get_by_role("button", name="Try it").press("Enter")
    page.locator("#found [role=alert]", has_text="bad.onnx is not an ONNX file").wait_for()
    assert page.get_by_role("button", name="Add it").is_disabled()
    page.get_by_role("button", name="Clear").press("Enter")

    model = onnx.load(weights_dir / "negate.onnx")
    good = tmp_path / "ink.onnx"
    onnx.save(model, good)
    give(good)
    page.get_by_role("button", name="Try it").press("Enter")
    page.locator("#found li", has_text="Black to white is -1 to 1.").wait_for()
    page.get_by_role("link", name="Three photos, before and after").wait_for()
    assert complaints_of_axe(page) == []
    assert not (weights_dir / "ink.onnx").exists()
    page.get_by_role("button", name="Add it").press("Enter")
    page.locator("#found [role=status]", has_text="ink is ready").wait_for()
    page.locator("#models h2", has_text="ink").wait_for()
    assert Store(weights_dir).verify("ink").training is None
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert complaints == []
