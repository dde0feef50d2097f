"""The Folder tab as people use it, in a real browser against a real server that may be killed."""

import shutil
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import pytest

from benchmarks.browser import settle
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.saving import save_picture
from tests.app.serving import press, sent
from tests.app.web.axe import complaints_of_axe

TIMEOUT_MS = 120_000  # for a machine that does other work as well
MANY = 40  # photos: long enough to see the first one, and to kill the server then
OPTIONS = (100, False, "auto", True, "auto", 95, "all", False)  # as the page has them at first
NARROW = {"width": 390, "height": 844}


def open_page(browser: Any, url: str, **context: Any) -> tuple[Any, list[str]]:
    """A page, and what it complains of."""
    complaints: list[str] = []
    page = browser.new_context(**context).new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    return page, complaints


def sign_in(page: Any) -> None:
    page.get_by_label("username").fill("me")
    page.get_by_label("password").fill("secret")
    page.get_by_role("button", name="Login").press("Enter")


def send(page: Any, *paths: Path) -> None:
    with page.expect_file_chooser() as info:
        page.locator("#files").get_by_role("button").first.press("Enter")
    info.value.set_files(paths)
    page.locator("#files tr").nth(len(paths) - 1).wait_for()
    page.get_by_role("button", name="Translate all").press("Enter")


def choose_folder(page: Any, path: Path) -> None:
    with page.expect_file_chooser() as info:
        page.get_by_role("button", name="Or choose a folder").press("Enter")
    info.value.set_files(path)


def state(page: Any, text: str) -> None:
    page.locator(".job .state", has_text=text).wait_for()


def result(page: Any) -> dict[str, bytes]:
    with page.expect_download() as info:
        page.get_by_role("link", name="Download all (zip)").press("Enter")
    assert info.value.suggested_filename == "negate.zip"
    with zipfile.ZipFile(info.value.path()) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "Zoë.png"
    rgb = np.random.default_rng(7).integers(0, 256, (20, 30, 3), np.uint8)
    save_picture(Picture(rgb), path)
    return path


def test_photos_come_back_as_a_zip_and_the_address_leads_those_back_who_may(
    serve: Callable[..., Any], chromium: Any, weights_dir: Path, photo: Path, tmp_path: Path
) -> None:
    server = serve(weights_dir, "--auth", "me:secret")
    page, complaints = open_page(chromium, server.url, viewport=NARROW)
    sign_in(page)
    page.get_by_role("tab", name="Folder").press("Enter")
    settle(page)

    page.get_by_role("button", name="Translate all").press("Enter")
    page.locator(".job-refusal", has_text="Add photos first").wait_for()
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("../out.png", photo.read_bytes())
        archive.writestr("bomb.png", bytes(100))
    send(page, bad)
    state(page, "Done")
    assert page.locator(".job-refusal").inner_text() == ""
    page.get_by_text("out.png: its path in the zip leads out of it").wait_for()
    page.get_by_text("bomb.png is not a picture that can be read").wait_for()
    assert page.get_by_role("link", name="Download all (zip)").is_hidden()
    bad.write_bytes(b"no zip")
    send(page, bad)
    page.locator(".job-refusal", has_text="bad.zip is not a zip that can be read").wait_for()

    text = tmp_path / "<b>.txt"
    text.write_text("<script>")
    page.get_by_role("button", name="Clear").press("Enter")
    page.locator(".job-refusal .refusal").wait_for(state="detached")
    page.get_by_role("button", name="More").press("Enter")
    settle(page)
    page.get_by_role("spinbutton", name="Strength").fill("50")
    page.get_by_role("radio", name="jpg").press("Space")
    send(page, photo, photo, text)
    state(page, "Done")
    page.get_by_text("2 of 3 translated, 1 failed").wait_for()
    page.get_by_text("b.txt is not named as a picture").wait_for()
    assert page.locator(".job .pairs img").count() == 4
    page.locator(".job .pairs img").last.scroll_into_view_if_needed()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.job .pairs img')].every(i => i.naturalWidth === 30)"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert complaints_of_axe(page) == []

    page.reload()
    state(page, "Done")  # in the tab of its own, which was not the first
    id = page.url.partition("job=")[2]
    for path in (f"api/v1/jobs/{id}", f"api/v1/jobs/{id}/result"):
        with pytest.raises(HTTPError, match="401"):
            urlopen(server.url + path)
    other, others_complaints = open_page(chromium, page.url)
    sign_in(other)
    state(other, "Done")
    made = result(other)
    assert list(made) == ["Zoë.jpg", "Zoë (2).jpg", "failures.csv"]
    assert set(np.unique(load_picture(made["Zoë (2).jpg"]).rgb)) == {128}  # 127.5, whatever v is

    other.context.clear_cookies()  # as when the server was started again
    other.get_by_role("button", name="Remove from the server").press("Enter")
    other.get_by_role("button", name="Remove it").press("Enter")
    sign_in(other)
    state(other, "Done")
    page.get_by_role("button", name="Remove from the server").press("Enter")
    page.keyboard.press("Enter")  # the focus is on what keeps it
    page.get_by_role("button", name="Keep it").wait_for(state="hidden")
    page.get_by_role("button", name="Remove from the server").press("Enter")
    page.get_by_role("button", name="Remove it").press("Enter")
    page.get_by_text("Removed: the server keeps nothing of this job").wait_for()
    assert page.url == server.url
    other.get_by_role("link", name="Download all (zip)").press("Enter")
    other.get_by_text("This job is not there any more").wait_for()
    other.reload()
    other.get_by_text("This job is not there any more").wait_for()

    for day in ("day 1", "day 2"):
        (tmp_path / "holiday" / day).mkdir(parents=True)
        shutil.copy(photo, tmp_path / "holiday" / day)
    shutil.copy(text, tmp_path / "holiday")
    (tmp_path / "texts").mkdir()
    shutil.copy(text, tmp_path / "texts")
    choose_folder(page, tmp_path / "texts")
    page.locator(".job-refusal", has_text="There is no picture in this folder").wait_for()
    choose_folder(page, tmp_path / "holiday")
    page.locator("#files tr").nth(1).wait_for()
    page.locator(".job-refusal .refusal").wait_for(state="detached")
    page.get_by_role("button", name="Translate all").press("Enter")
    state(page, "Done")
    page.get_by_text("2 of 2 translated").wait_for()
    days = [f"holiday/{day}/Zoë.png" for day in ("day 1", "day 2")]
    assert list(result(page)) == [*days, "failures.csv"]
    said = "Failed to load resource: the server responded with a status of"
    refused = {f"{said} 401 (Unauthorized)", f"{said} 404 (Not Found)"}
    assert set(complaints + others_complaints) <= refused
    assert server.asked_network_for() == []


def test_what_is_added_while_a_job_is_sent_stays(
    serve: Callable[..., Any], chromium: Any, weights_dir: Path, photo: Path, tmp_path: Path
) -> None:
    page, complaints = open_page(chromium, serve(weights_dir).url)
    page.get_by_role("tab", name="Folder").press("Enter")
    settle(page)
    other = shutil.copy(photo, tmp_path / "other.png")
    held: list[Any] = []
    page.route("**/queue/join*", lambda route: held.append(route), times=1)
    with page.expect_request("**/queue/join*"):
        send(page, photo)
    page.locator("#files input[type=file]").set_input_files(other)
    page.locator("#files tr").nth(1).wait_for()
    held[0].continue_()
    state(page, "Done")
    page.get_by_text("1 of 1 translated").wait_for()
    page.locator("#files tr").nth(1).wait_for(state="detached")
    page.locator('#files [aria-label="other.png"]').wait_for()
    first = page.url
    page.get_by_role("button", name="Translate all").press("Enter")
    page.locator("#files tr").wait_for(state="detached")
    page.wait_for_url(lambda url: url != first)
    page.locator(".pairs", has_text="other.png").wait_for()
    state(page, "Done")
    assert list(result(page)) == ["other.png", "failures.csv"]
    assert complaints == []


def test_a_server_that_is_killed_goes_on_where_it_was(
    serve: Callable[..., Any], chromium: Any, add_model: Callable[..., Any], tmp_path: Path
) -> None:
    weights, photo, many = (tmp_path / name for name in ("weights", "photo.png", "many.zip"))
    weights.mkdir()
    add_model(weights, "negate", times=8001)  # half a second for each photo
    rgb = np.random.default_rng(7).integers(0, 256, (256, 256, 3), np.uint8)
    save_picture(Picture(rgb), photo)
    with zipfile.ZipFile(many, "w") as archive:
        for i in range(MANY):
            archive.writestr(f"{i}.png", photo.read_bytes())
    folder = "--jobs", str(tmp_path / "kept")
    first = serve(weights, *folder)
    page, _ = open_page(chromium, first.url)
    page.get_by_role("tab", name="Folder").click()
    settle(page)
    send(page, many)
    page.locator(".job .pairs img").first.wait_for()
    state(page, "Translating")
    first.end(signal.SIGKILL)
    page.get_by_text("The server does not answer.").wait_for()

    port = first.url.rstrip("/").rpartition(":")[2]
    second = serve(weights, *folder, "--port", port)
    assert second.url == first.url
    state(page, "Done")  # the page asked again by itself
    page.get_by_text(f"{MANY} of {MANY} translated").wait_for()
    cut_off = "each => each.scrollHeight > each.clientHeight"
    assert not page.locator(".take", has=page.locator(".job")).evaluate(cut_off), "the page scrolls"
    made = result(page)
    assert len(made) == MANY + 1
    for name in ("0.png", f"{MANY - 1}.png"):
        np.testing.assert_array_equal(load_picture(made[name]).rgb, 255 - rgb)

    send(page, many)
    page.get_by_role("button", name="Cancel").click()
    state(page, "Cancelled")
    assert page.locator(".job progress").get_attribute("value") != str(MANY)

    # A program that pretends to be the page can send what was uploaded, and no other file.
    told = press(second.url, "files", values=([sent(photo)], "negate", *OPTIONS))
    assert "Pictures are uploaded, not named." in told
