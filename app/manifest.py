"""What is done already in an output folder: which picture, of which version, by which recipe.

A SQLite database beside the pictures: one look-up a picture, however many there are, and whole
after a kill at any moment. Only this module knows what is in it.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from app.places import Place, Stamp, Stamps, memory_of
from app.plan import Job
from cyclegan.contract.errors import StorageError, brief
from cyclegan.contract.files import map_storage_errors, sweep

NAME = ".cyclegan.sqlite"
# Reasons to skip: an earlier run did it; nobody knows who did.
IS_DONE = "it is done already"
IS_THERE = "it is there already; --overwrite replaces it"

_VERSION = 1
_SCHEMA = """
CREATE TABLE done (
    output BLOB PRIMARY KEY,  -- path inside the folder
    source BLOB,              -- absolute path
    source_bytes INTEGER, source_mtime_ns INTEGER,
    output_bytes INTEGER, output_mtime_ns INTEGER,
    recipe BLOB
) WITHOUT ROWID;
CREATE TABLE begun (output BLOB PRIMARY KEY) WITHOUT ROWID;
"""


class Manifest:
    """What one run knows of earlier ones, and tells later ones; for one thread.

    `begin` a job, then write its output, then `finish` it or `give_up`. An output that was begun
    and neither, by a run that was killed, is not trusted and done again.
    """

    def __init__(
        self, folder: Place, path: Path, database: sqlite3.Connection, recipe: bytes
    ) -> None:
        self._folder = folder
        self._path = path  # of the database
        self._file = path.stat().st_ino
        self._database = database
        self._recipe = recipe
        self._stamps = Stamps()
        self._unfinished = {output for (output,) in database.execute("SELECT output FROM begun")}
        for parent in {(folder / os.fsdecode(output)).parent for output in self._unfinished}:
            if isinstance(parent, Path):  # a store has what is whole only
                sweep(Path(os.path.realpath(parent)))

    def stamp_of(self, source: Place) -> Stamp | None:
        """The stamp of a picture before it is read, as `Stamps.of`."""
        return self._stamps.of(source)

    def reason_to_skip(self, job: Job, source: Stamp | None) -> str | None:
        """Why a job need not or must not be done, with a picture of the version `source`; None if
        it is to be done.

        It is done again where the picture, the model or the options have changed since, but what
        this command did not write, or someone changed, is left as it is.

        Raises: InputError if a store does not say whether the output is there.
        """
        output, key = self._stamps.of(job.output), self._key(job)
        if output is None or key in self._unfinished:
            return None
        row = self._database.execute("SELECT * FROM done WHERE output = ?", (key,)).fetchone()
        if row is None:
            return IS_THERE
        _, path, *stamps, recipe = row
        if output != tuple(stamps[2:]):
            return "it was changed since it was written; --overwrite replaces it"
        is_same = source == tuple(stamps[:2])
        if path != _absolute(job.source) and not (is_same and _has_moved(path, job.source)):
            return f"it is the translation of {os.fsdecode(path)}; --overwrite replaces it"
        if not is_same:
            return None
        return IS_DONE if recipe == self._recipe else None

    def begin(self, job: Job) -> None:
        """Say that the output of a job may be there, or half there, from now on.

        Raises: StorageError if the manifest was deleted meanwhile, with its folder perhaps.
        """
        if not self._is_there():
            raise StorageError(
                f"{self._folder} was deleted meanwhile; the same command begins anew"
            )
        self._database.execute("INSERT OR IGNORE INTO begun VALUES (?)", (self._key(job),))

    def finish(self, job: Job, source: Stamp, output: Stamp) -> None:
        """Say that the job is done, from the version `source` of its picture."""
        row = (self._key(job), _absolute(job.source), *source, *output, self._recipe)
        with self._database:  # one transaction
            self._database.execute("BEGIN")
            self._database.execute("INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            self._database.execute("DELETE FROM begun WHERE output = ?", row[:1])
        self._unfinished.discard(row[0])

    def give_up(self, job: Job) -> None:
        """Say that the output of a job was not written; what was there before it still is."""
        if (key := self._key(job)) not in self._unfinished:  # that one is still not to be trusted
            self._database.execute("DELETE FROM begun WHERE output = ?", (key,))

    def _is_there(self) -> bool:
        try:
            return self._path.stat().st_ino == self._file
        except OSError:
            return False

    def _key(self, job: Job) -> bytes:
        return os.fsencode(job.output.relative_to(self._folder))


@contextmanager
def open_manifest(folder: Place, recipe: Mapping[str, object]) -> Iterator[Manifest]:
    """The manifest of an output folder, which is made if it is not there.

    That of an address is a file of this machine: in a store no file changes, as a database does.

    `recipe` is what decides how an output looks beside its picture: the model and the options.

    Raises: StorageError if it cannot be read or written, or another run has it.
    """
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).digest()
    path = folder / NAME if isinstance(folder, Path) else memory_of(folder)
    with map_storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()  # SQLite does not say why it cannot
    try:
        with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as database:
            _prepare(database, path)
            yield Manifest(folder, path, database, digest)
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without its refinements
        if code == sqlite3.SQLITE_BUSY:
            reason = f"another cyclegan convert writes to {folder}; wait until it ends"
        elif code == sqlite3.SQLITE_FULL:
            reason = f"{path.parent} could not be written: the disk is full"
        elif code == sqlite3.SQLITE_READONLY:
            reason = f"{path.parent} could not be written: it is read-only"
        elif code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            reason = f"{path} is damaged; delete it, and --overwrite what is to be made anew"
        else:
            reason = f"{path} could not be used: {brief(error)}"
        raise StorageError(reason) from error


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    # Locked while it is open, so that two runs do not write the same files. With a write-ahead log,
    # a kill loses nothing, and a power failure no more than the last few lines.
    for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("BEGIN EXCLUSIVE")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == 0:
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {_VERSION}")
    database.execute("COMMIT")
    if version not in (0, _VERSION):
        raise StorageError(
            f"{path} is of version {version}, this program knows {_VERSION}; take the newer one"
        )


def _has_moved(before: bytes, source: Place) -> bool:
    """Whether a picture that was elsewhere before is not there any more, or is the same file."""
    if not isinstance(source, Path):
        return False
    path = Path(os.fsdecode(before))
    try:
        return not path.exists() or path.samefile(source)
    except OSError:
        return False


def _absolute(source: Place) -> bytes:
    return os.fsencode(source.absolute() if isinstance(source, Path) else source)
