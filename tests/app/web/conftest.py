"""A server of its own for a test, as `python -m app` starts it, and a browser to look at it."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """A function `serve(weights, *flags) -> Running`; everything ends with the test."""
    pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")
    started: list[subprocess.Popen[bytes]] = []

    def start(weights: Path, *flags: str) -> Running:
        log = tmp_path / f"server{len(started)}.log"
        command = [sys.executable, "-c", _RUN, "--port", "0", "--weights", str(weights), *flags]
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


@pytest.fixture
def chromium() -> Iterator[Any]:
    """A headless Chromium (Playwright's Browser)."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra: dev)")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    with sync_api.sync_playwright() as playwright:
        path = path or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("needs Chromium: install it, or run `playwright install chromium`")
        flags = (
            "--no-sandbox --disable-gpu --disable-quic --no-first-run "
            "--disable-background-networking --disable-component-update --disable-sync"
        )
        browser = playwright.chromium.launch(executable_path=path, args=flags.split())
        yield browser
        browser.close()
