"""A server as people start it, a process of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import Request, urlopen

TIMEOUT_S = 120.0  # of the start, and of each request


class Server(NamedTuple):
    """One that runs."""

    url: str
    pid: int
    start_s: float  # until it had answered with its page

    def ask(self, path: str, body: bytes | None = None, kind: str = "image/jpeg") -> bytes:
        """What it answers to a GET, or to the POST of a body."""
        request = Request(self.url + path, body, {"Content-Type": kind})
        with urlopen(request, timeout=TIMEOUT_S) as answer:
            content: bytes = answer.read()
        return content

    def convert(self, model: str, picture: bytes) -> None:
        """Have a picture translated, as JPEG."""
        self.ask(f"api/v1/convert?model={model}&format=jpg", picture)


@contextmanager
def serving(weights: Path, folder: Path, *flags: str) -> Iterator[Server]:
    """Start one that keeps its files in a folder, and end it.

    Raises: RuntimeError: it has ended, or does not start within TIMEOUT_S.
    """
    command = [sys.executable, "-m", "app", "--port", "0", "--weights", str(weights)]
    command += ["--jobs", str(folder / "jobs"), *flags]
    # The first start compiles what Python imports, and the second finds it, whatever is set here.
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment = os.environ | compiled
    start = time.perf_counter()
    log = folder / "log"
    with (
        log.open("w") as written,  # a pipe that nobody reads would fill up
        subprocess.Popen(command, env=environment, stderr=written) as process,
    ):
        try:
            while not (found := re.search(r"http://\S+/", log.read_text())):
                if process.poll() is not None:
                    raise RuntimeError(f"the server has ended: {log.read_text()}")
                if time.perf_counter() - start > TIMEOUT_S:
                    raise RuntimeError(f"the server does not start: {log.read_text()}")
                time.sleep(0.01)
            urlopen(found[0], timeout=TIMEOUT_S).close()
            yield Server(found[0], process.pid, time.perf_counter() - start)
        finally:
            process.terminate()
