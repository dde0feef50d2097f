"""A server of its own for a test, as `python -m app` starts it."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

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
        command = [sys.executable, "-c", _RUN, "--port", "0", "--weights", str(weights)]
        command += ["--jobs", str(tmp_path / f"jobs{len(started)}"), *flags]
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
