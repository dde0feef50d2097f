"""Trainings that were started from the page: processes of their own that outlive the server.

All that is known of one lies in its run folder: what `cyclegan train` writes there, and in
`server.json` the command. A lock that the process inherits tells whether it lives: the kernel gives
it up however the process ends. What a run looks like is told in app/web/.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from app import verbs
from cyclegan.contract.card import MODEL_NAME
from cyclegan.contract.errors import CycleGANError, InputError, brief
from cyclegan.contract.files import atomic_write

RECORD, LOCK, OUTPUT = "server.json", "server.lock", "output.txt"  # of ours, in a run folder

State = Literal["training", "pausing", "stopping", "paused", "stopped", "finished", "ended"]
Wish = Literal["", "pause", "stop"]
Row = dict[str, Any]  # of a run's log

_ALIVE: dict[Wish, State] = {"": "training", "pause": "pausing", "stop": "stopping"}
_OVER: dict[Wish, State] = {"": "ended", "pause": "paused", "stop": "stopped"}

# Without slashes and leading dots no value leads to files of others.
_SETTING = re.compile(r"[a-z0-9_]+=(-?\w[\w.+-]*)?", re.ASCII)
_ENOUGH = 0.999  # of a run; minutes in the log are rounded


@dataclass(frozen=True)
class Order:
    """What is to be learned."""

    name_a: str  # what the domains are called
    name_b: str
    domain_a: str  # folders of pictures
    domain_b: str
    preset: str
    max_minutes: float
    settings: tuple[str, ...] = ()  # KEY=VALUE

    def __post_init__(self) -> None:
        """Raises: InputError on settings that are none, or that may name a path."""
        for setting in self.settings:
            if not _SETTING.fullmatch(setting):
                raise InputError(f'a setting is KEY=VALUE without paths, not "{setting[:60]}"')

    @property
    def names(self) -> dict[str, str]:
        """What the domains are called, by "a" and "b"."""
        return {"a": self.name_a, "b": self.name_b}

    def to_command(self, run: Path) -> list[str]:
        """The command that begins the training, and goes on with it."""
        # As JSON, so that no name passes for a number.
        names = (f"name_{key}={json.dumps(name)}" for key, name in self.names.items())
        settings = [word for each in (*names, *self.settings) for word in ("--set", each)]
        return verbs.command(
            *("train", "--domain-a", self.domain_a, "--domain-b", self.domain_b, "--out", run),
            *("--preset", self.preset, "--max-minutes", str(self.max_minutes), *settings),
        )


@dataclass(frozen=True)
class Record:
    """What is in `server.json`."""

    order: Order
    pid: int  # of the process, which counts for nothing without the lock
    wish: Wish = ""  # what it was told last

    @classmethod
    def read(cls, run: Path) -> Self:
        """Read a run's record. Raises: InputError: it is none of ours."""
        try:
            data = json.loads((run / RECORD).read_text())
            order = data["order"] | {"settings": tuple(data["order"]["settings"])}
            return cls(Order(**order), int(data["pid"]), data["wish"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{run.name} was not started from this page") from error

    def write(self, run: Path) -> None:
        """Write it. Raises: StorageError."""
        with atomic_write(run / RECORD) as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=2) + "\n")


@dataclass(frozen=True)
class Training:
    """One run as its folder tells of it now."""

    run: Path
    state: State
    record: Record
    rows: Sequence[Row]  # of the log
    share: float  # of the run, in [0, 1]
    remaining_s: float | None  # seconds; None before there is a pace
    said: str  # the last line that the process printed

    @property
    def is_alive(self) -> bool:
        return self.state in ("training", "pausing", "stopping")

    @property
    def has_checkpoint(self) -> bool:
        return (self.run / "latest.pt").exists()


class Trainings:
    """The runs below a folder. Their pictures lie below it as well."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.runs = self.root / "runs"
        self.data = self.root / "data"
        self._gate = threading.Lock()  # so that nobody is taken for a training while looking at one

    def names(self) -> list[str]:
        """Every run that was started here, the newest first."""
        records = self.runs.glob(f"*/{RECORD}")
        newest = sorted(records, key=lambda path: path.stat().st_mtime, reverse=True)
        return [path.parent.name for path in newest]

    def look(self, name: str) -> Training:
        """Read a run's folder. Raises: InputError: there is no such run."""
        run = self._run(name)
        record = Record.read(run)
        rows = _read_rows(run / "log.jsonl")
        minutes = next((row["minutes"] for row in reversed(rows) if "minutes" in row), 0.0)
        share = _share(run, rows[-1]["images_seen"] if rows else 0, minutes)
        remaining_s = 60 * minutes * (1 - share) / share if share else None
        state = _state(record, self._is_alive(run), share)
        return Training(run, state, record, rows, share, remaining_s, _last_line(run / OUTPUT))

    def start(self, order: Order) -> str:
        """Begin a training; return its name. Raises: InputError: another one is under way."""
        name = _free_name(self.runs, f"{order.name_a}2{order.name_b}")
        run = self.runs / name
        run.mkdir(parents=True)
        Record(order, pid=0).write(run)
        self.resume(name)
        return name

    def resume(self, name: str) -> None:
        """Begin or go on. Raises: InputError: a training is under way; there is no such run."""
        run = self._run(name)
        record = Record.read(run)
        with self._gate:
            busy = [each for each in self.names() if _is_locked(self.runs / each)]
            if busy:
                raise InputError(f"{busy[0]} is being trained; pause or stop it first")
            with (run / OUTPUT).open("ab") as output, _locked(run) as lock:
                process = subprocess.Popen(
                    record.order.to_command(run),
                    cwd=Path(__file__).parents[1],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # Ctrl-C on the server is not meant for it
                    pass_fds=(lock,),
                )
        threading.Thread(target=process.wait, daemon=True).start()  # or it stays as a zombie
        replace(record, pid=process.pid, wish="").write(run)

    def tell(self, name: str, wish: Wish) -> None:
        """Have a training write its checkpoint and end, for now ("pause") or for good ("stop").

        Raises: InputError: there is no such run.
        """
        run = self._run(name)
        record = replace(Record.read(run), wish=wish)
        record.write(run)
        if self._is_alive(run):
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(record.pid, signal.SIGTERM)

    def folders(self) -> list[str]:
        """Folders of pictures below the root that can be chosen, as paths below it."""
        found = (Path(place) for place, _, files in os.walk(self.root) if files)
        below = (place.relative_to(self.root) for place in found)
        return sorted(
            place.as_posix()
            for place in below
            if place.parts and place.parts[0] != "runs" and not place.name.startswith(".")
        )

    def folder(self, below: str) -> Path:
        """A folder below the root. Raises: InputError: it is none, or lies elsewhere."""
        place = (self.root / below).resolve()
        if not below or not place.is_relative_to(self.root) or not place.is_dir():
            raise InputError(f'"{below[:60]}" is no folder of this server; choose one of the list')
        return place

    def keep(self, uploads: Sequence[Path], name: str, domain: Literal["A", "B"]) -> Path:
        """Put uploaded pictures into a folder below the root, and return it.

        The same ones again give the same folder. Raises: StorageError.
        """
        key = hashlib.sha256("\n".join(sorted(map(str, uploads))).encode()).hexdigest()[:12]
        folder = self.data / f"{_plain(name)}-{key}" / f"train{domain}"
        for count, path in enumerate(uploads):
            target = folder / f"{count:06d}{path.suffix.lower()}"
            if not target.exists():
                with atomic_write(target) as temporary:
                    shutil.copyfile(path, temporary)
        return folder

    def _is_alive(self, run: Path) -> bool:
        with self._gate:
            return _is_locked(run)

    def _run(self, name: str) -> Path:
        if not MODEL_NAME.fullmatch(name) or not (self.runs / name).is_dir():
            raise InputError(f'there is no training "{name[:60]}"')
        return self.runs / name


def export(training: Training, direction: str, name: str, weights: Path, *, as_int8: bool) -> None:
    """Make a model of a run. Raises: InputError in the words of `cyclegan export`."""
    order = training.record.order
    source = order.domain_a if direction == "AtoB" else order.domain_b
    smaller = ("--precision", "int8", "--calibrate", source) if as_int8 else ()
    verbs.run(
        *("export", training.run, "--direction", direction, "--name", name, "--out", weights),
        *smaller,
        timeout_s=1800,
    )


def _state(record: Record, is_alive: bool, share: float) -> State:
    if is_alive:
        return _ALIVE[record.wish]
    return "finished" if share >= _ENOUGH else _OVER[record.wish]


def _share(run: Path, images: int, minutes: float) -> float:
    """How much of a run is behind it, by the limits in its config."""
    try:
        config = json.loads((run / "config.json").read_text())
        limits = (images, config["max_images"]), (minutes, config["max_minutes"])
    except (OSError, ValueError, KeyError):  # it has only just begun
        return 0.0
    return min(1.0, max((done / limit for done, limit in limits if limit), default=0.0))


def _read_rows(log: Path) -> list[Row]:
    """The lines of a log; what a kill cut short is left out."""
    rows = []
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("images_seen"), int):
            rows.append(row)
    return rows


def _last_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _free_name(runs: Path, wanted: str) -> str:
    """A name for a run that nobody has yet."""
    name = _plain(wanted)
    names = [name, *(f"{name}-{count}" for count in range(2, 1000))]
    return next(each for each in names if not (runs / each).exists())


def _plain(name: str) -> str:
    """What can be part of a path, of whatever a person typed."""
    return re.sub(r"[^\w-]+", "-", name, flags=re.ASCII).strip("-_")[:60] or "run"


@contextmanager
def _locked(run: Path) -> Iterator[int]:
    """Hold a run's lock, for a process to inherit. Raises: InputError: somebody has it."""
    lock = os.open(run / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield lock
    except OSError as error:
        raise InputError(f"{run.name} cannot be trained now: {brief(error)}") from error
    finally:
        os.close(lock)


def _is_locked(run: Path) -> bool:
    """Whether a process of this run lives."""
    try:
        with _locked(run):
            return False
    except CycleGANError:
        return True
