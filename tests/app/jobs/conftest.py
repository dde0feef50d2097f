"""What tests of jobs share: an office that does them by the models of `weights_dir`."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from app import batch
from app.progress import Progress
from app.rendering import Renderer
from cyclegan.contract.images import Picture


@pytest.fixture
def closed(tmp_path: Path, weights_dir: Path) -> Callable[..., Any]:
    """A function `closed(**limits) -> Office` on one folder, which is not at work yet."""
    pytest.importorskip("sqlalchemy", reason="jobs need SQLAlchemy (extra: web)")
    from app.jobs.limits import Limits
    from app.jobs.office import Office
    from app.store import Store

    return lambda **limits: Office(tmp_path / "jobs", Store(weights_dir), Limits(**limits))


@pytest.fixture
def opened(closed: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """The same, at work until the test ends."""
    with ExitStack() as stack:
        yield lambda **limits: stack.enter_context(closed(**limits))


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Lets as many pictures be translated as it is released; then jobs stay under way.

    One worker takes them in order: of two, one could take the turns of both.
    """
    pytest.importorskip("sqlalchemy", reason="jobs need SQLAlchemy (extra: web)")
    from tests.app.jobs.sending import TIMEOUT_S

    monkeypatch.setattr(batch, "MOST_WORKERS", 1)
    gate = threading.Semaphore(0)
    render = Renderer.__call__

    def wait(self: Renderer, picture: Picture, progress: Progress) -> Picture:
        assert gate.acquire(timeout=TIMEOUT_S)
        return render(self, picture, progress)

    monkeypatch.setattr(Renderer, "__call__", wait)
    return gate
