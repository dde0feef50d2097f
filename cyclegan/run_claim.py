"""Whose a run's folder is: one run's, by its config, and one process's at a time.

What lies in it is in `run_folder.py`.
"""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from cyclegan.checkpoint import has_begun
from cyclegan.config import TrainConfig, read_config
from cyclegan.contract.errors import ConfigError, StorageError, brief
from cyclegan.contract.files import atomic_write, map_storage_errors, sweep
from cyclegan.contract.log import CONFIG
from cyclegan.domains import require_different
from cyclegan.fields import FOLDERS, PATHS

logger = logging.getLogger(__name__)

# Fields that may change between two calls of one run: they say how long, how often it reports and
# how it computes. Its length stretches the schedule of the learning rate, from there on.
RESUME_MAY_CHANGE = frozenset(
    {
        "max_images",
        "max_minutes",
        "num_workers",
        "log_every",
        "sheet_every",
        "alarm_every",
        "checkpoint_every",
        "sheet_pictures",
        "evaluate_every",
        "patience",
        "compile",
        "winograd",
    }
)

# Fields that a run may be given later, where it began without or they are gone: whose pictures it
# learns from after an import or a move, and what it is judged by.
RESUME_MAY_SET = (*FOLDERS, "features")

_LOCK = "train.lock"
_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL)
ORPHANS_S = 10.0  # the processes that load pictures live on so long after the run's was killed


def require_apart(config: TrainConfig, run: Path) -> None:
    """Raise ConfigError where a run would learn from its own sheets, or begin around pictures.

    DatasetError: one of the folders of a new run is another one, or lies within it.
    """
    around = (run.resolve(), *run.resolve().parents)
    folders = [Path(name) for key in FOLDERS if (name := getattr(config, key))]
    if not has_begun(run):
        require_different(*folders)
    for folder in folders:
        if folder.resolve() in around:
            raise ConfigError(
                f"{run} lies in {folder}, and its sheets would be taken for pictures of it; give "
                "an --out elsewhere"
            )
        if folder.resolve().parent == run.resolve() and not has_begun(run):
            raise ConfigError(
                f"{run} has the pictures {folder.name} in it, and whoever deletes the run deletes "
                "them; give an --out elsewhere"
            )


def require_same_run(config: TrainConfig, run: Path) -> None:
    """Raise ConfigError where a folder holds a run with another config; names the keys."""
    if (run / CONFIG).exists():
        require_same(config, run, read_config(run / CONFIG))


def require_no_file(run: Path) -> None:
    """Raise ConfigError where a run folder would be in the place of a file, or inside one."""
    for path in (run, *run.parents):
        if path.is_file():
            raise ConfigError(f"{path} is a file, and a run is a folder; give another --out")


@contextmanager
def claim_run(config: TrainConfig, run: Path) -> Iterator[None]:
    """Hold a run folder for this process; a new one is made, and goes again if it stays empty, with
    the folders that were made for it.

    Raises ConfigError: it holds another config, and the keys are named; another process trains
    there; or it is a file. StorageError.
    """
    require_no_file(run)
    made = [folder for folder in (run, *run.parents) if not folder.exists()]
    with map_storage_errors(run):
        run.mkdir(parents=True, exist_ok=True)
    with _locked(run):
        require_same_run(config, run)
        for folder in (run, *filter(Path.is_dir, run.iterdir())):
            sweep(folder)  # of a process that was killed while it wrote
        try:
            yield
        finally:
            if made:
                _remove_empty(*made)


def _remove_empty(run: Path, *around: Path) -> None:
    """Remove a run folder that holds nothing but its lock, and what is empty then around it."""
    # It may be gone already, or another process may make its lock there again; NFS keeps a file
    # that is open under another name. What ended the run is what is to be told.
    with suppress(OSError):
        if {path.name for path in run.iterdir()} <= {_LOCK}:
            (run / _LOCK).unlink(missing_ok=True)
            for folder in (run, *around):
                folder.rmdir()


def keep_config(config: TrainConfig, run: Path) -> None:
    """Write what a run goes on with by the same command. Raises StorageError."""
    with atomic_write(run / CONFIG) as temporary:
        temporary.write_text(config.to_json())


@contextmanager
def _locked(run: Path) -> Iterator[None]:
    # Its other kind of lock, a file that is there, would outlive a process that is killed.
    lock = FileLock(run / _LOCK, fallback_to_soft=False)
    try:
        lock.acquire(timeout=ORPHANS_S)
    except Timeout as error:
        raise ConfigError(
            f"{run}: another process trains there; wait for its end, or give another --out"
        ) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise StorageError(f"{run} could not be written: {brief(error)}") from error
        logger.warning("%s: its file system knows no locks; train there once at a time", run)
    try:
        yield
    finally:
        lock.release()


def require_same(config: TrainConfig, run: Path, before: TrainConfig) -> None:
    """Raise ConfigError where a run had another config before."""
    ours, theirs = config.to_dict(), before.to_dict()
    for settings in (ours, theirs):  # of old runs some are named from where the command was typed
        settings |= {key: str(Path(settings[key]).resolve()) for key in PATHS if settings[key]}
    for key in RESUME_MAY_SET:
        is_gone = bool(theirs[key]) and not Path(theirs[key]).exists()  # moved, as a rule
        theirs[key] = ours[key] if is_gone else theirs[key] or ours[key]
    differing = [
        f"{key} is {theirs[key]!r} there and {ours[key]!r} here"
        for key in ours
        if key not in RESUME_MAY_CHANGE and ours[key] != theirs[key]
    ]
    if differing:
        raise ConfigError(
            f"{run}: holds a run with another config: {'; '.join(differing)}; "
            "give the same settings to go on with it, or another --out to start anew"
        )
