"""What is known of jobs: a SQLite database beside their folders.

Only this module knows that it is one. What is done with jobs is in office.py.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    URL,
    ColumnElement,
    StaticPool,
    create_engine,
    delete,
    event,
    func,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, Session, mapped_column

from cyclegan.contract.errors import StorageError, brief

NAME = "jobs.sqlite"
_VERSION = 1


class State(StrEnum):
    """How far a job is."""

    queued = "queued"
    running = "running"
    done = "done"  # some of its pictures may have failed
    cancelled = "cancelled"  # what was done until then is kept
    failed = "failed"  # it could not go on


ENDED = (State.done, State.cancelled, State.failed)


class PictureState(StrEnum):
    """What became of a picture."""

    waiting = "waiting"
    done = "done"
    failed = "failed"


class _Base(MappedAsDataclass, DeclarativeBase):
    """A row that is still good to read when the database is closed."""


class Job(_Base):
    """A job, as it was when it was asked for."""

    __tablename__ = "job"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  # no number is given twice

    id: Mapped[str] = mapped_column(unique=True)  # who knows it may see, cancel and remove the job
    client: Mapped[str]  # the address that it came from
    model: Mapped[str]
    recipe: Mapped[dict[str, Any]] = mapped_column(JSON)  # the fields of a Recipe
    format: Mapped[str]  # of the translations, as naming.Format
    bytes: Mapped[int]  # on the disk
    created: Mapped[float]  # seconds since 1970, as `ended`
    ended: Mapped[float | None] = mapped_column(default=None)
    state: Mapped[State] = mapped_column(default=State.queued)
    problem: Mapped[str | None] = mapped_column(default=None)  # why it failed
    number: Mapped[int] = mapped_column(primary_key=True, init=False)  # in the order of arrival


class JobPicture(_Base):
    """One of a job's pictures."""

    __tablename__ = "picture"

    number: Mapped[int] = mapped_column(primary_key=True)  # from 1 on, in the order of arrival
    name: Mapped[str]  # as its owner calls it, with folders; never a path to open
    file: Mapped[str | None]  # in `in/`; None where it was refused at once
    result: Mapped[str]  # its name in the result, of which no two are the same
    state: Mapped[PictureState] = mapped_column(default=PictureState.waiting)
    reason: Mapped[str | None] = mapped_column(default=None)  # why it failed
    has_preview: Mapped[bool] = mapped_column(default=False)
    job: Mapped[int] = mapped_column(primary_key=True, default=0)  # its number


class Records:
    """The database of one folder of jobs, which is made; any number of threads may share it.

    Raises: StorageError if it cannot be used, or another server has it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._turn = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.open("ab").close()  # SQLite does not say why it cannot
        except OSError as error:
            raise StorageError(
                f"{folder} cannot keep jobs: {brief(error)}; name another folder with --jobs"
            ) from error
        # One connection, which keeps the file locked: two servers must not do the same jobs.
        self._engine = create_engine(
            URL.create("sqlite", database=str(self._path)),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, "timeout": 1},
        )
        event.listen(self._engine, "connect", _lock)
        with self._session() as session:
            connection = session.connection()
            (version,) = connection.exec_driver_sql("PRAGMA user_version").one()
            if version not in (0, _VERSION):
                raise StorageError(
                    f"{self._path} is of version {version}, this program knows {_VERSION}; name "
                    "another folder with --jobs"
                )
            _Base.metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """Let others have the database."""
        self._engine.dispose()

    def add(self, job: Job, pictures: Sequence[JobPicture]) -> None:
        """Remember a job and its pictures, from now on and for ever."""
        with self._session() as session:
            session.add(job)
            session.flush()  # gives it its number
            for picture in pictures:
                picture.job = job.number
            session.add_all(pictures)

    def find(self, id: str) -> Job | None:
        """The job of an id."""
        with self._session() as session:
            return session.scalar(select(Job).where(Job.id == id))

    def next(self) -> Job | None:
        """The job to do now: the one that a server was doing when it was ended, else the first."""
        with self._session() as session:
            return session.scalar(select(Job).where(_IS_OPEN).order_by(Job.number).limit(1))

    def position(self, job: Job) -> int:
        """How many jobs come before this one."""
        return self._count(_IS_OPEN, Job.number < job.number)

    def count_open(self, client: str | None = None) -> int:
        """How many jobs have not ended: those of a client, or all."""
        return self._count(_IS_OPEN, *([] if client is None else [Job.client == client]))

    def ended(self) -> Sequence[Job]:
        """The jobs that have ended, in the order in which they did."""
        with self._session() as session:
            ended = select(Job).where(Job.state.in_(ENDED)).order_by(Job.ended)
            return session.scalars(ended).all()

    def ids(self) -> set[str]:
        """The ids of all jobs."""
        with self._session() as session:
            return set(session.scalars(select(Job.id)))

    def total_bytes(self) -> int:
        """The bytes of all jobs."""
        with self._session() as session:
            return session.scalar(select(func.sum(Job.bytes))) or 0

    def pictures(self, job: Job) -> Sequence[JobPicture]:
        """The pictures of a job, in the order of their numbers."""
        with self._session() as session:
            of_job = select(JobPicture).where(JobPicture.job == job.number)
            return session.scalars(of_job.order_by(JobPicture.number)).all()

    def change(self, job: Job, **fields: object) -> None:
        """Set fields of a job."""
        with self._session() as session:
            session.execute(update(Job).where(Job.number == job.number).values(**fields))

    def change_picture(self, job: Job, number: int, **fields: object) -> None:
        """Set fields of one of a job's pictures."""
        is_meant = JobPicture.job == job.number, JobPicture.number == number
        with self._session() as session:
            session.execute(update(JobPicture).where(*is_meant).values(**fields))

    def remove(self, job: Job) -> None:
        """Forget a job and its pictures."""
        with self._session() as session:
            session.execute(delete(JobPicture).where(JobPicture.job == job.number))
            session.execute(delete(Job).where(Job.number == job.number))

    def _count(self, *conditions: ColumnElement[bool]) -> int:
        with self._session() as session:
            return session.scalar(select(func.count()).select_from(Job).where(*conditions)) or 0

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """One transaction."""
        try:
            with (
                self._turn,
                Session(self._engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # without its refinements
            if code == sqlite3.SQLITE_BUSY:
                reason = f"another server does the jobs of {self._path.parent}; name a folder of "
                reason += "its own for this one with --jobs"
            elif code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                reason = f"{self._path} is damaged; delete it, and the jobs that it knew are gone"
            else:
                reason = f"{self._path} could not be used: {brief(cause)}"
            raise StorageError(reason) from error


_IS_OPEN = Job.state.not_in(ENDED)


def _lock(connection: sqlite3.Connection, _record: object) -> None:
    # With a write-ahead log, a kill loses nothing, and a power failure the last few lines at most.
    for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")
