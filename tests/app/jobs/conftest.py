"""What tests of jobs share: an office that does them by the models of `weights_dir`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest


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
