"""The folder of uploads and results of a server: kept small, by age and by all of it together, and
gone with its server.

Jobs have a folder of their own, and rules of their own: app/jobs/.
"""

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

if sys.platform != "win32":  # which has none: what a kill leaves stays there
    import fcntl

KEEP_S = 60 * 60
MAX_BYTES = 8 * 2**30  # a job may be sent with 2 GiB
EVERY_S = 60
_PREFIX, _LOCK = "cyclegan-", "server.lock"


@contextmanager
def own_folder() -> Iterator[Path]:
    """A temporary folder of this server, gone after the block; those of killed servers go before.

    The kernel gives up the lock on a file in it however the server ends.
    """
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError), path.open("r+b") as lock:  # of another user
            if _take(lock):
                shutil.rmtree(path.parent, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        folder = Path(name)
        with (folder / _LOCK).open("wb") as lock:
            _take(lock)
            yield folder


def _take(lock: IO[bytes]) -> bool:
    """Lock a file, if nobody has."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def tidied(folder: Path) -> Iterator[None]:
    """Keep a folder small while the block lasts, by a thread of its own.

    What is there already belongs to the page, and stays.
    """
    of_page = set(folder.rglob("*"))
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(EVERY_S):
            tidy(folder, of_page)

    thread = threading.Thread(target=work, name="tidy", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def tidy(
    folder: Path,
    but: Set[Path] = frozenset(),
    *,
    keep_s: float = KEEP_S,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Remove the files that came longer ago than `keep_s`, then the oldest ones until no more than
    `max_bytes` remain; and every folder that has been empty for as long. `but` these stay.

    Who touches a folder inside keeps the files in it.
    """
    limit_ns = time.time_ns() - int(keep_s * 1e9)
    files: list[tuple[int, int, Path]] = []  # when it came, bytes
    for parent, folders, names in os.walk(folder, topdown=False):
        touched_ns = 0
        if Path(parent) != folder:
            with suppress(OSError):
                touched_ns = Path(parent).stat().st_ctime_ns
        for path in {Path(parent, name) for name in (*folders, *names)} - but:
            with suppress(OSError):  # somebody else was quicker, or a folder is not empty
                status = path.stat()
                # Not the time of its content, which a copy may have from what it was made of.
                if path.name in names:
                    came_ns = max(status.st_ctime_ns, touched_ns)
                    files.append((came_ns, status.st_size, path))
                elif status.st_ctime_ns < limit_ns:
                    path.rmdir()
    total = sum(size for _, size, _ in files)
    for came_ns, size, path in sorted(files):
        if came_ns >= limit_ns and total <= max_bytes:
            break
        with suppress(OSError):
            path.unlink()
            total -= size
