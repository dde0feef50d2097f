"""What the Photo tab offers beyond a picture and its translation, in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.browser import settle
from cyclegan.contract.images import load_picture
from tests.app.web.axe import complaints_of_axe
from tests.app.web.photos import HEIGHT, WIDTH, wait_for_change


def test_strength_and_region_act_on_the_last_result(
    photo_server: Any, visit: Callable[..., Any], photo: Path, rgb: np.ndarray, tmp_path: Path
) -> None:
    visitor = visit(photo_server.url)
    page = visitor.page
    visitor.give(photo)
    visitor.note(containing=f"{WIDTH} × {HEIGHT} pixels")
    np.testing.assert_array_equal(load_picture(visitor.download(tmp_path)).rgb, 255 - rgb)

    page.get_by_role("button", name="More").click()
    settle(page)
    strength = page.get_by_role("slider", name="Strength")
    wait_for_change(page, lambda: strength.press("Home"))
    wait_for_change(page, lambda: strength.press("PageUp"))
    percent = int(strength.input_value())
    assert 0 < percent < 100
    mixed = load_picture(visitor.download(tmp_path)).rgb.astype(int)
    np.testing.assert_allclose(mixed, rgb + percent / 100 * (255 - 2.0 * rgb), atol=0.51)
    wait_for_change(page, lambda: strength.press("End"))

    page.get_by_role("button", name="Only a region").click()
    place = page.locator(".stage").bounding_box()

    def draw() -> None:
        """A thick line from the upper left to the middle."""
        page.mouse.move(place["x"] + 10, place["y"] + 10)
        page.mouse.down()
        page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2, steps=3)
        page.mouse.up()

    wait_for_change(page, draw)
    confined = load_picture(visitor.download(tmp_path)).rgb
    np.testing.assert_array_equal(confined[:, -WIDTH // 3 :], rgb[:, -WIDTH // 3 :])
    assert (confined[HEIGHT // 4, WIDTH // 4] == 255 - rgb[HEIGHT // 4, WIDTH // 4]).all()
    wait_for_change(page, page.get_by_role("button", name="Clear").click)
    np.testing.assert_array_equal(load_picture(visitor.download(tmp_path)).rgb, 255 - rgb)
    page.get_by_role("button", name="Translate back").click()
    page.get_by_text("Mean difference 0.0").wait_for()
    assert visitor.complaints == []


def test_a_result_stays_where_nothing_more_can_be_made_of_it(
    serve: Callable[..., Any],
    visit: Callable[..., Any],
    photo: Path,
    tmp_path: Path,
    add_model: Any,
) -> None:
    add_model(tmp_path, "negate", reverse="undo")
    add_model(tmp_path, "undo")
    page = (visitor := visit(serve(tmp_path).url)).page
    visitor.give(photo)
    visitor.note(containing=f"{WIDTH} × {HEIGHT} pixels")
    result = page.locator("#compare").inner_html()
    (tmp_path / "undo.json").unlink()
    page.get_by_role("button", name="Translate back").click()
    visitor.note(containing="there is no model that undoes negate")
    assert page.locator("#compare").inner_html() == result
    visitor.download(tmp_path)
    visitor.note(containing=f"{WIDTH} × {HEIGHT} pixels")
    assert visitor.complaints == []


def test_everything_is_in_reach_of_keys_on_a_narrow_screen(
    photo_server: Any, visit: Callable[..., Any], photo: Path, rgb: np.ndarray, tmp_path: Path
) -> None:
    visitor = visit(photo_server.url, viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = visitor.page
    visitor.give(photo)
    visitor.note(containing=f"{WIDTH} × {HEIGHT} pixels")
    page.get_by_role("button", name="More").press("Enter")
    settle(page)
    page.get_by_role("radio", name="jpg").press("Space")

    line = page.get_by_role("slider", name="Line between before and after")
    line.press("+")
    line.press("Shift+ArrowRight")
    stage = page.locator(".stage")
    assert "matrix(1.5" in stage.evaluate("e => getComputedStyle(e).transform")
    line.press("0")
    hold = page.get_by_role("button", name="Hold to see before")
    hold.focus()
    shown = "getComputedStyle(document.querySelector('.compare')).getPropertyValue('--cut')"
    page.keyboard.down("Space")
    assert page.evaluate(shown) == "100%"
    page.keyboard.up("Space")
    assert page.evaluate(shown) == "50%"

    where = page.get_by_text("Draw on the picture where it may change.")
    assert where.is_hidden()
    page.get_by_role("button", name="Only a region").press("Enter")
    assert where.is_visible()
    brush = page.get_by_role("application", name="Region to change")
    brush.press("ArrowLeft")
    wait_for_change(page, lambda: brush.press("Space"))
    assert brush.evaluate("each => each === document.activeElement")
    assert line.is_hidden()
    brush.press("Escape")
    page.get_by_role("button", name="Only a region · in force").press("Enter")
    page.get_by_role("button", name="Erase").press("Enter")
    file = visitor.download(tmp_path)
    assert file.name == "photo_negate.jpg"
    confined = load_picture(file).rgb.astype(int)
    assert np.abs(confined[:, -WIDTH // 4 :] - rgb[:, -WIDTH // 4 :]).mean() < 20  # it is a JPEG
    assert np.abs(confined - (255 - rgb))[HEIGHT // 2, WIDTH // 2 - 2].mean() < 40

    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert complaints_of_axe(page) == []
    assert visitor.complaints == []
    assert visitor.other_hosts() == []


def test_two_fingers_make_a_part_larger_and_leave_the_line(
    photo_server: Any, visit: Callable[..., Any], photo: Path
) -> None:
    visitor = visit(photo_server.url, has_touch=True, viewport={"width": 390, "height": 844})
    page = visitor.page
    visitor.give(photo)
    compare = page.locator(".compare")
    compare.scroll_into_view_if_needed()
    box = compare.bounding_box()
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *places: float) -> None:
        """Have fingers at these fractions of the width, half way down."""
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + box["height"] / 2, "id": i}
            for i, x in enumerate(places)
        ]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.7)
    line = page.get_by_role("slider", name="Line")
    assert abs(float(line.input_value()) - 70) < 1
    touch("touchEnd")
    touch("touchStart", 0.3)
    touch("touchStart", 0.3, 0.5)
    touch("touchMove", 0.2, 0.6)
    touch("touchEnd")
    assert compare.get_attribute("class") == "compare zoomed"
    assert abs(float(line.input_value()) - 70) < 1
    assert visitor.complaints == []


def test_a_photo_stays_where_there_is_no_other(
    photo_server: Any, visit: Callable[..., Any], photo: Path
) -> None:
    visitor = visit(photo_server.url)
    page = visitor.page
    visitor.give(photo)
    note = visitor.note(containing=f"{WIDTH} × {HEIGHT} pixels")
    page.evaluate(
        "dispatchEvent(new ClipboardEvent('paste', { clipboardData: new DataTransfer() }))"
    )
    page.get_by_text("The clipboard holds no picture.").wait_for()
    page.get_by_role("button", name="Capture from camera").click()
    page.get_by_text("There is no camera that this page may use.").wait_for()
    assert page.locator("#photo img").count() == 1
    assert page.locator("#note").inner_text() == note
    with page.expect_file_chooser():
        page.get_by_role("button", name="Upload file").click()
    assert page.locator("#note").inner_text() == note
    assert visitor.complaints == []


@pytest.mark.parametrize("place", ["#photo [data-testid=image] button", "body"])
def test_a_file_is_judged_by_what_is_in_it_and_not_by_its_type(
    photo_server: Any, visit: Callable[..., Any], photo: Path, place: str
) -> None:
    visitor = visit(photo_server.url, locale="tr-TR")
    drop = """([place, bytes, name, type]) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([Uint8Array.from(bytes)], name, { type }));
        const init = { dataTransfer, bubbles: true, cancelable: true };
        const target = [...document.querySelectorAll(place)].at(-1);
        for (const kind of ["dragenter", "drop"]) target.dispatchEvent(new DragEvent(kind, init));
    }"""
    visitor.page.evaluate(drop, [place, list(photo.read_bytes()), "PHOTO.HEIC", ""])
    visitor.note(containing=f"{WIDTH} × {HEIGHT} piksel")
    visitor.page.evaluate(drop, [place, list(b"Dear"), "letter.txt", "text/plain"])
    visitor.refusal(containing="letter.txt okunabilen bir resim değil")
    assert visitor.complaints == []


def test_a_strength_out_of_range_is_the_nearest_and_none_is_all(
    photo_server: Any, visit: Callable[..., Any], photo: Path, rgb: np.ndarray, tmp_path: Path
) -> None:
    visitor = visit(photo_server.url)
    page = visitor.page
    visitor.give(photo)
    visitor.note(containing=f"{WIDTH} × {HEIGHT} pixels")
    page.get_by_role("button", name="More").click()
    settle(page)
    typed = page.get_by_role("spinbutton", name="Strength")
    wait_for_change(page, lambda: typed.fill("-3"))
    np.testing.assert_array_equal(load_picture(visitor.download(tmp_path)).rgb, rgb)
    wait_for_change(page, lambda: typed.fill(""))
    np.testing.assert_array_equal(load_picture(visitor.download(tmp_path)).rgb, 255 - rgb)
    assert typed.input_value() == "100"
    assert visitor.complaints == []
