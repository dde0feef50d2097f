"""What ends, waits and overtakes on the Photo tab, in a real browser."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.browser import settle
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.saving import save_picture
from tests.app.web.photos import HEIGHT, WIDTH, wait_for_change


def wait_for_end(server: Any, handler: str, times: int = 1) -> None:
    """Wait until the server ended so many works of a kind before they were done."""
    until = time.monotonic() + 10
    while server.log.read_text().count(f"{handler} was stopped") < times:
        assert time.monotonic() < until, "it goes on in the background"
        time.sleep(0.1)


def test_a_translation_shows_how_far_it_is_and_can_be_cancelled(
    photo_server: Any, visit: Callable[..., Any], photo: Path, tmp_path: Path
) -> None:
    visitor = visit(photo_server.url)
    page = visitor.page
    cancel = page.get_by_role("button", name="Cancel")
    page.get_by_role("radio", name="Slowly to negative").check()
    cancel.wait_for(state="hidden")
    long = tmp_path / "long.png"
    save_picture(Picture(np.zeros((128, 60_000, 3), np.uint8)), long)  # 4 tiles
    visitor.give(long)
    page.get_by_text(re.compile(r"Translating - [1-9]")).wait_for()
    placeholder = page.locator("#compare .empty")
    assert placeholder.evaluate("it => getComputedStyle(it).color") == "rgba(0, 0, 0, 0)"
    cancel.click()
    visitor.note(containing="Cancelled.")
    cancel.wait_for(state="hidden")
    wait_for_end(photo_server, "translate")
    page.locator("#start").click()
    page.get_by_text("Translating - ").wait_for()
    page.close()
    wait_for_end(photo_server, "translate", times=2)
    visitor = visit(photo_server.url)
    visitor.give(photo)
    visitor.note(containing=f"{WIDTH} × {HEIGHT} pixels")
    assert visitor.complaints == []


def test_who_waits_for_a_turn_is_told_so_in_their_language(
    photo_server: Any, visit: Callable[..., Any], photo: Path
) -> None:
    visitor = visit(photo_server.url, locale="tr-TR")
    page = visitor.page
    held: list[Any] = []
    page.route("**/queue/join*", lambda route: held.append(route), times=1)
    with page.expect_request("**/queue/join*"):
        visitor.give(photo)
    page.locator("#queued", has_text="Sırasını bekliyor").wait_for()
    assert page.locator("#compare .progress-text").is_hidden()  # Gradio's words, in English
    held[0].continue_()
    visitor.note(containing=f"{WIDTH} × {HEIGHT} piksel")
    page.locator("#queued").wait_for(state="hidden")
    assert visitor.complaints == []


def test_what_is_made_of_a_result_can_be_cancelled_and_the_result_stays(
    photo_server: Any, visit: Callable[..., Any], tmp_path: Path
) -> None:
    visitor = visit(photo_server.url)
    page = visitor.page
    page.get_by_role("radio", name="Quickly to negative").check()
    page.locator("#cancel").wait_for(state="hidden")
    large = tmp_path / "large.png"
    pixels = np.zeros((8000, 6000, 3), np.uint8)
    pixels[:3000] = np.random.default_rng(0).integers(0, 4, (3000, 6000, 3), np.uint8)
    Image.fromarray(pixels).save(large, compress_level=1)  # to write it again takes seconds
    visitor.give(large)
    visitor.note(containing="6000 × 8000 pixels")
    result = page.locator("#compare").inner_html()
    download = page.get_by_role("button", name="Download", exact=True)
    for button, doing, handler in (
        (download, "Writing - ", "write"),
        (
            page.get_by_role("button", name="Translate back", exact=True),
            "Translating back - ",
            "go_back",
        ),
    ):
        button.click()
        page.get_by_text(doing).wait_for()
        page.get_by_role("button", name="Cancel").click()
        button.wait_for()
        wait_for_end(photo_server, handler)
        told = visitor.note(containing="Cancelled.")
        assert "Quickly to negative" in told
        assert "Still shown" not in told
    assert page.locator("#compare").inner_html() == result

    # What another photo makes moot ends by itself, and nothing of it is shown beside that.
    page.get_by_role("button", name="Translate back", exact=True).click()
    page.get_by_text("Translating back - ").wait_for()
    page.get_by_role("button", name="Coffee").click()
    visitor.note(containing="600 × 400 pixels")
    wait_for_end(photo_server, "go_back", times=2)
    page.wait_for_timeout(500)
    assert page.locator("#back-panel img").count() == 0
    assert "600 × 400 pixels" in page.locator("#note").inner_text()
    visitor.give(large)
    visitor.note(containing="6000 × 8000 pixels")

    download.click()
    page.get_by_text("Writing - ").wait_for()
    page.close()
    wait_for_end(photo_server, "write", times=2)
    assert visitor.complaints == []


def test_what_is_asked_for_next_ends_a_translation_and_stays_in_view(
    photo_server: Any, visit: Callable[..., Any], photo: Path, tmp_path: Path
) -> None:
    visitor = visit(photo_server.url, viewport={"width": 390, "height": 844})
    page = visitor.page
    earlier = photo_server.log.read_text().count("translate was stopped")
    slow, quick = (page.get_by_role("radio", name=f"{each} to") for each in ("Slowly", "Quickly"))
    cancel = page.get_by_role("button", name="Cancel")
    slow.check()
    long = tmp_path / "long.png"
    save_picture(Picture(np.zeros((128, 60_000, 3), np.uint8)), long)  # 4 tiles
    visitor.give(long)
    page.get_by_text(re.compile("Translating - [1-9]")).wait_for()
    page.wait_for_function(
        "document.querySelector('#cancel').getBoundingClientRect().bottom <= innerHeight"
    )
    quick.check()
    wait_for_end(photo_server, "translate", times=earlier + 1)
    assert "Slowly" not in visitor.note(containing="60000 × 128 pixels")

    # A strip that no screen can show as it is has a box of its own, and fills that when larger.
    box, stage = page.locator(".compare"), page.locator(".stage")
    assert stage.bounding_box()["height"] < 2
    assert box.bounding_box()["height"] > 150
    for _ in range(16):
        page.get_by_role("button", name="Larger").click()
    assert stage.bounding_box()["height"] > box.bounding_box()["height"]

    visitor.give(photo)
    visitor.note(containing=f"{WIDTH} × {HEIGHT} pixels")
    slow.check()
    visitor.note(containing="Slowly")
    visitor.give(long)
    cancel.click()
    assert "Still shown is photo.png" in visitor.note(containing="Cancelled.")
    assert visitor.complaints == []


def test_what_is_chosen_while_the_page_looks_for_models_stays_chosen(
    photo_server: Any, visit: Callable[..., Any]
) -> None:
    visitor = visit(photo_server.url)
    page = visitor.page
    asked: list[Any] = []  # what a page asks when it is opened, unanswered
    page.route("**/gradio_api/run/**", lambda route: asked.append(route))
    page.reload()
    chosen = page.get_by_role("radio", name="Quickly to negative")
    chosen.check()
    page.wait_for_timeout(500)
    assert asked
    for route in asked:
        with page.expect_response(route.request.url):
            route.continue_()
    page.wait_for_timeout(500)
    assert chosen.is_checked()
    assert visitor.complaints == []


def test_what_is_done_while_an_answer_is_on_its_way_counts(
    photo_server: Any, visit: Callable[..., Any], photo: Path, tmp_path: Path
) -> None:
    visitor = visit(photo_server.url)
    page = visitor.page
    held: list[Any] = []

    # A photo that takes the place of one that is refused later.
    empty = tmp_path / "empty.png"
    empty.write_bytes(b"")
    with page.expect_request("**/queue/join*"):
        page.route("**/queue/join*", lambda route: held.append(route), times=1)
        visitor.give(empty)
    with page.expect_response("**/upload*"):
        visitor.give(photo)
    page.wait_for_timeout(500)
    held.pop().continue_()
    visitor.note(containing=f"{WIDTH} × {HEIGHT} pixels")

    # Options that change while a network is at work.
    page.get_by_role("button", name="More").click()
    settle(page)
    page.get_by_role("radio", name="Slowly to negative").check()
    visitor.note(containing="Slowly to negative")
    long = tmp_path / "long.png"
    save_picture(Picture(np.zeros((128, 60_000, 3), np.uint8)), long)  # 4 tiles
    visitor.give(long)
    page.get_by_text("Translating - ").wait_for()
    wait_for_change(page, lambda: page.get_by_role("slider", name="Strength").press("Home"))
    visitor.note(containing="60000 × 128 pixels")
    after = page.request.get(page.get_by_role("img", name="After").get_attribute("src"))
    assert load_picture(after.body(), name="after").rgb.max() == 0
    assert visitor.complaints == []


def test_a_moment_without_a_network_loses_nothing(
    photo_server: Any, visit: Callable[..., Any], photo: Path
) -> None:
    visitor = visit(photo_server.url)
    page = visitor.page
    visitor.give(photo)
    visitor.note(containing="Photo to negative")
    page.context.set_offline(True)
    page.get_by_text("No connection to the server.").wait_for()
    page.get_by_role("radio", name="Quickly to negative").check()
    page.context.set_offline(False)
    visitor.note(containing="Quickly to negative")
    page.get_by_text("No connection to the server.").wait_for(state="hidden")
    assert all("ERR_INTERNET_DISCONNECTED" in complaint for complaint in visitor.complaints)
