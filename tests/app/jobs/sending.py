"""What to send as a job, and how to wait for what comes back."""

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from app.jobs.intake import Sent
from app.jobs.office import Office, Status
from app.jobs.records import ENDED

TIMEOUT_S = 60


def picture(value: int = 60, codec: str = "PNG") -> bytes:
    """8 x 8 pixels of one grey."""
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), value, np.uint8)).save(file, codec)
    return file.getvalue()


def files(*named: tuple[str, bytes]) -> list[Sent]:
    return [Sent(name, io.BytesIO(content)) for name, content in named]


def zipped(*named: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in named:
            archive.writestr(name, content)
    return file.getvalue()


def wait_for(office: Office, id: str, is_met: Callable[[Status], bool] | None = None) -> Status:
    """The status of a job as soon as it has ended, or something else holds."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        status = office.status(id)
        if is_met(status) if is_met else status.job.state in ENDED:
            return status
        assert time.monotonic() < deadline, status
        time.sleep(0.01)


def results(path: Path) -> dict[str, bytes]:
    """What is in a zip, by name."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}
