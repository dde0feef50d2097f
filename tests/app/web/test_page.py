"""The page as people use it, in a real browser against a real server."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.browser import settle
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.saving import save_picture

# The folder of models cannot be looked at for as long as there is a file in it.
BUG = """
from app.store import Store
stamp = Store.stamp
def fail(store):
    assert not (store.folder / "bug").exists()
    return stamp(store)
Store.stamp = fail
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory, add_model: Callable[..., Any]) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    add_model(folder, "negate")
    add_model(folder, "same", "Identity", title="Photo to itself")
    return folder


@pytest.fixture(scope="module")
def server(serve: Callable[..., Any], weights: Path) -> Any:
    return serve(weights)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(7).integers(0, 256, (61, 83, 3), np.uint8)
    path = tmp_path / "Zoë's horse.png"
    save_picture(Picture(pixels), path)
    return path


def test_uploaded_photo_comes_back_as_the_command_converts_it(
    server: Any,
    visit: Callable[..., Any],
    weights: Path,
    photo: Path,
    tmp_path: Path,
) -> None:
    visitor = visit(server.url)
    visitor.give(photo)
    assert "83 × 61 pixels" in visitor.note(containing="Photo to negative")
    downloaded = visitor.download(tmp_path)

    converted = tmp_path / "converted.png"
    main = "from app.cli import main; main()"
    command = [sys.executable, "-c", main, "convert", photo, converted, "-m", "negate"]
    command += ["--weights", weights]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[3], capture_output=True)

    assert downloaded.name == "Zoë's horse_negate.png"
    assert downloaded.read_bytes().startswith(b"\x89PNG")
    rgb = load_picture(downloaded).rgb
    assert rgb.shape == (61, 83, 3)
    np.testing.assert_array_equal(rgb, 255 - load_picture(photo).rgb)
    np.testing.assert_array_equal(rgb, load_picture(converted).rgb)
    assert visitor.complaints == []
    assert visitor.other_hosts() == []
    assert server.asked_network_for() == []


def test_each_bad_file_gets_its_sentence_and_the_next_photo_works(
    server: Any,
    visit: Callable[..., Any],
    photo: Path,
    tmp_path: Path,
) -> None:
    visitor = visit(server.url)
    visitor.give(photo)
    visitor.note(containing="83 × 61")
    shown = visitor.page.locator("#photo img")
    before = peak_memory(server.process.pid)
    jpeg = tmp_path / "photo.jpg"
    save_picture(load_picture(photo), jpeg)
    for name, content, sentence in [
        ("text.png", b"<b>not</b> a picture", "text.png is not a picture that can be read"),
        ("empty.png", b"", "empty.png is empty"),
        ("cut.jpg", jpeg.read_bytes()[: jpeg.stat().st_size // 2], "cut.jpg is truncated"),
        ("bomb.png", bomb(), "bomb.png is too large: 30000 x 30000 pixels"),
    ]:
        bad = tmp_path / name
        bad.write_bytes(content)
        visitor.give(bad)
        refusal = visitor.refusal(containing=sentence)
        assert "Traceback" not in refusal
        assert str(tmp_path) not in refusal
        assert visitor.page.get_by_role("button", name="Download").is_disabled()
        if name == "text.png":  # no broken picture
            shown.wait_for(state="hidden")
    if before is not None:
        # The bomb is 113 MB as bits and 2.7 GB as RGB; the rest is what four requests may need.
        assert peak_memory(server.process.pid) - before < 80_000  # kB
    visitor.give(photo)
    visitor.note(containing="83 × 61")
    shown.wait_for()
    assert visitor.complaints == []


def test_page_works_by_keys_alone_on_a_narrow_dark_screen(
    server: Any,
    visit: Callable[..., Any],
) -> None:
    narrow = {"width": 375, "height": 844}
    visitor = visit(server.url, viewport=narrow, color_scheme="dark")
    page = visitor.page

    boxes = [each.bounding_box() for each in page.locator(".examples button").all()]
    assert len({(box["y"], box["height"]) for box in boxes}) == 1, "all stand in one row"
    visitor.tab_to("button", "Cat")
    page.keyboard.press("Enter")
    visitor.note(containing="Photo to negative · 451 × 300")
    visitor.tab_to("radio", "Photo to negative")
    page.keyboard.press("ArrowDown")
    visitor.note(containing="Photo to itself · 451 × 300")
    line = visitor.tab_to("slider", "Line between before and after")
    page.keyboard.press("ArrowLeft")
    assert line.input_value() == "45"
    visitor.tab_to("button", "Download")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "cat_same.jpg"
    visitor.tab_to("tab", "Models", backwards=True)
    page.keyboard.press("Enter")
    visitor.tab_to("button", "Verify the files")

    for tab in ("Photo", "Models"):
        page.get_by_role("tab", name=tab).click()
        settle(page)
        page.get_by_role("tabpanel").and_(page.locator(":visible")).first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == narrow["width"], tab
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, background[4:-1].split(","))) < 64, background
    assert visitor.complaints == []
    assert visitor.other_hosts() == []


def test_a_bug_at_a_timer_is_told_until_it_works(
    serve: Callable[..., Any], visit: Callable[..., Any], weights: Path
) -> None:
    visitor = visit(serve(weights, first=BUG).url)
    told = visitor.page.locator("#bug [role=alert]")
    answered: list[int] = []  # once a timer has come round, so has all that is asked but once
    while len(answered) == len(set(answered)):
        with visitor.page.expect_response("**/run/predict") as answer:
            pass
        answered.append(answer.value.request.post_data_json["fn_index"])
    (weights / "bug").touch()
    told.wait_for()
    assert told.inner_text().startswith("Something went wrong in the program")
    (weights / "bug").unlink()
    told.wait_for(state="hidden")


def peak_memory(pid: int) -> int | None:
    """Peak resident memory in kB; None where there is no /proc."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])


def bomb() -> bytes:
    """A PNG of 30,000 x 30,000 black pixels in about 110 kB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(30_000 * (1 + 30_000 // 8)), 9)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    )
