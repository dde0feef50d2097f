"""A server of its own, as `python -m app` starts it, and visitors of its page."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cyclegan.contract.images import Picture
from cyclegan.contract.saving import save_picture
from tests.app.web.photos import HEIGHT, WIDTH

TIMEOUT_MS = 120_000  # for a machine that does other work as well

# A machine that does other work as well needs its time to import gradio.
START_TIMEOUT_S = 180

# Everything that the server's process asks the network for goes to its stderr.
_RUN = """
import runpy, sys
def hook(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        print("NETWORK", args[1] if event == "socket.connect" else args[0], file=sys.stderr)
sys.addaudithook(hook)
runpy.run_module("app", run_name="__main__")
"""

# Whether a person sees that an element has the focus; the line of a comparison shows it itself.
_SHOWS_FOCUS = """each => [each, each.closest(".choice")].some(
    one => one && getComputedStyle(one).outlineStyle !== "none"
) || each.matches("body, .split")"""

# The word that a stream of answers or a cancelled event ends reaches the page late, as it does on a
# bad line.
_LATE_ENDS = """
import asyncio
from gradio import routes
class Late(routes.StreamingResponse):
    def __init__(self, content, **kwargs):
        super().__init__(self._late(content), **kwargs)
    async def _late(self, content):
        async for chunk in content:
            if "close_stream" in str(chunk) or '"output":{}' in str(chunk):
                await asyncio.sleep(0.5)
            yield chunk
routes.StreamingResponse = Late
"""


@dataclass(frozen=True)
class Running:
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def end(self, signum: int) -> None:
        self.process.send_signal(signum)
        self.process.wait(timeout=60)

    def asked_network_for(self) -> list[str]:
        """Other hosts, as addresses or names."""
        asked = re.findall(r"^NETWORK (.*)$", self.log.read_text(), re.MULTILINE)
        return [place for place in asked if "127.0.0.1" not in place]


class Visitor:
    """One tab of a browser, which remembers what went wrong and which hosts were asked."""

    def __init__(self, browser: Any, url: str, **context: Any) -> None:
        self.url = url
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self.page = browser.new_context(**context).new_page()
        self.page.set_default_timeout(TIMEOUT_MS)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.add(request.url))
        self.page.goto(url)
        self.page.wait_for_selector("#start")

    def give(self, path: Path) -> None:
        self.page.locator("#photo input[type=file]").set_input_files(path)

    def tab_to(self, role: str, name: str, *, backwards: bool = False) -> Any:
        """Press Tab until the focus is there, always where it can be seen; what has it then."""
        target = self.page.get_by_role(role, name=name)
        for _ in range(40):
            self.page.keyboard.press("Shift+Tab" if backwards else "Tab")
            if target.evaluate("each => each === document.activeElement"):
                return target
            focused = self.page.evaluate_handle("document.activeElement")
            assert focused.evaluate(_SHOWS_FOCUS), focused.evaluate("each => each.outerHTML")
        raise AssertionError(f"Tab does not lead to the {role} {name}")

    def note(self, *, containing: str) -> str:
        note = self.page.locator("#note", has_text=containing)
        note.wait_for()
        return str(note.inner_text())

    def refusal(self, *, containing: str) -> str:
        refusal = self.page.locator(".refusal", has_text=containing)
        refusal.wait_for()
        return str(refusal.inner_text())

    def download(self, to: Path) -> Path:
        with self.page.expect_download() as info:
            self.page.get_by_role("button", name="Download").click()
        file = to / info.value.suggested_filename
        info.value.save_as(file)
        return file

    def other_hosts(self) -> list[str]:
        ours = (self.url, "data:", "blob:")
        return [url for url in self.asked if not url.startswith(ours)]

    def _note_console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@pytest.fixture(scope="module")
def visit(chromium: Any) -> Callable[..., Visitor]:
    """A function `visit(url, **context) -> Visitor`: a new tab that shows this page."""

    def open_tab(url: str, **context: Any) -> Visitor:
        return Visitor(chromium, url, **context)

    return open_tab


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Running]]:
    """A function `serve(weights, *flags, first="") -> Running`; all end with the module.

    `first` is Python that the server's process runs before all else.
    """
    pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")
    started: list[subprocess.Popen[bytes]] = []

    def start(weights: Path, *flags: str, first: str = "") -> Running:
        folder = tmp_path_factory.mktemp("server")
        log = folder / "log"
        command = [sys.executable, "-c", first + _RUN, "--port", "0", "--weights", str(weights)]
        command += ["--jobs", str(folder / "jobs"), *flags]
        root = Path(__file__).parents[3]
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=root, stdout=out, stderr=out)
        started.append(process)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (address := re.search(r"http://\S+/", log.read_text())):
            assert process.poll() is None, f"the server ended: {log.read_text()}"
            assert time.monotonic() < deadline, f"the server did not start: {log.read_text()}"
            time.sleep(0.1)
        return Running(address[0], process, log)

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def photo_server(
    tmp_path_factory: pytest.TempPathFactory,
    add_model: Callable[..., Any],
    serve: Callable[..., Running],
) -> Running:
    """A page with models that make a negative, one of them slowly."""
    weights = tmp_path_factory.mktemp("weights")
    add_model(weights, "negate", reverse="negate")
    # Seconds for each tile.
    tiled = {"border": 0, "tiling": "exact", "receptive_field": 4, "training_size": 100_000}
    add_model(weights, "slow", times=1001, title="Slowly to negative", **tiled)
    add_model(weights, "quick", title="Quickly to negative", reverse="slow")
    return serve(weights, first=_LATE_ENDS)


@pytest.fixture(scope="module")
def rgb() -> np.ndarray:
    """What their photo shows."""
    return np.random.default_rng(7).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory, rgb: np.ndarray) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    save_picture(Picture(rgb), path)
    return path
