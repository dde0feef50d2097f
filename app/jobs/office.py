"""The desk where jobs are taken in, asked for, cancelled and removed, and the one thread behind it.

How one is done is in work.py, what is remembered of them in records.py.
"""

import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from app.jobs import work
from app.jobs.intake import Sent, take_in
from app.jobs.limits import BusyError, Limits, UnfinishedJobError, UnknownJobError
from app.jobs.records import ENDED, Job, JobPicture, Records, State
from app.naming import Format, Naming
from app.progress import Progress
from app.recipe import Recipe
from app.refusal import BUG
from app.store import Store
from cyclegan.contract.errors import CycleGANError, StoppedError, StorageError

GONE = "there is no such job, or not any more; it may have been removed"
_TIDY_EVERY_S = 60  # seconds; and after each job

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """A job as it is now."""

    job: Job
    pictures: Sequence[JobPicture]
    position: int | None  # how many jobs come before it; None where it is not queued


class Office:
    """Jobs in a folder, done one after the other by one thread while the `with` block lasts.

    What is not done by then goes on when the folder is opened again, after a kill as well.
    """

    def __init__(self, folder: Path, store: Store, limits: Limits | None = None) -> None:
        """Raises: StorageError if the folder cannot be used, or another server has it."""
        self.folder = folder
        self._store = store
        self.limits = limits or Limits()
        self._records = Records(folder)
        self._turn = threading.RLock()  # of who decides what is running, and what is removed
        self._running: Job | None = None
        self._progress = Progress()  # of the running job
        self._cancelled: set[str] = set()  # ids of those that may not have ended yet
        self._door = threading.Lock()  # of who comes in; nobody stays there
        self._arriving: dict[str, str] = {}  # their clients by their ids
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._turn:
            self._closing.set()
            self._progress.stop()
        self._wake.set()
        self._thread.join()
        self._records.close()

    @contextmanager
    def admit(self, client: str) -> Iterator[str]:
        """The id for a job of a client that arrives in the block, and counts as one that is open.

        Raises: BusyError if no more jobs are taken in, of the client or at all.
        """
        all_most, most = self.limits.jobs, self.limits.jobs_of_client
        id = secrets.token_urlsafe(16)
        with self._door:
            clients = list(self._arriving.values())
            if self._records.count_open() + len(clients) >= all_most:
                raise BusyError(f"{all_most} jobs are waiting already; try again later")
            if self._records.count_open(client) + clients.count(client) >= most:
                raise BusyError(
                    f"{most} of your jobs have not ended yet; wait for one, or cancel it"
                )
            self._arriving[id] = client
        try:
            yield id
        finally:
            self._arriving.pop(id, None)

    def create(
        self,
        files: Iterable[Sent],
        model: str | None,
        recipe: Recipe | None = None,
        format: Format = "auto",
        client: str = "",
        admitted: str | None = None,
    ) -> str:
        """Take in a job, and give its id.

        `model` may be None if there is only one; `client` is who asks; `admitted` is the id that
        `admit` gave if it was asked before the files came.

        Raises: BusyError, TooLargeError; InputError if there is no picture, or no such model;
        StorageError.
        """
        card = self._store.card(model) if model else self._store.only()
        with nullcontext(admitted) if admitted else self.admit(client) as id:
            folder = self.folder / id
            try:
                pictures, size = take_in(files, folder / work.INBOX, Naming(format), self.limits)
                job = Job(
                    id=id,
                    client=client,
                    model=card.name,
                    recipe=(recipe or Recipe()).to_dict(),
                    format=format,
                    bytes=size,
                    created=time.time(),
                )
                with self._turn:
                    self._make_room(size)
                    with self._door:  # open from now on, and so not arriving
                        del self._arriving[id]
                        self._records.add(job, pictures)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        self._wake.set()
        return id

    def status(self, id: str) -> Status:
        """How far a job is. Raises: UnknownJobError."""
        job = self._find(id)
        position = self._records.position(job) if job.state == State.queued else None
        return Status(job, self._records.pictures(job), position)

    def cancel(self, id: str) -> None:
        """End a job now; what is done of it stays. Raises: UnknownJobError."""
        with self._turn:
            job = self._find(id)
            if job.state in ENDED:
                return
            self._cancelled.add(id)  # it is not done any more, even if the disk is full now
            if self._running and self._running.id == id:
                self._progress.stop()
            else:
                self._end(job, State.cancelled)

    def remove(self, id: str) -> None:
        """End a job now, and forget it with all its pictures. Raises: UnknownJobError."""
        with self._turn:
            job = self._find(id)
            self._records.remove(job)
            if self._running and self._running.id == id:
                self._cancelled.add(id)
                self._progress.stop()  # and then its folder goes
            else:
                self._delete(job)

    def result(self, id: str) -> Path:
        """The zip of a job that has ended. Raises: UnknownJobError, UnfinishedJobError."""
        job = self._find(id)
        path = self.folder / id / work.RESULT
        if job.state not in ENDED or not path.exists():
            raise UnfinishedJobError(f"the job is {job.state}; it has no result")
        return path

    def preview(self, id: str, number: int, when: str) -> Path | None:
        """A small picture "before" or "after" its translation. Raises: UnknownJobError."""
        self._find(id)
        path = work.preview_paths(self.folder / id, number).get(when)
        return path if path and os.path.exists(path) else None  # noqa: PTH110 (Path's raises: too long)

    def tidy(self) -> None:
        """Remove what is too old, or too much, the oldest first; and folders of no job."""
        with self._turn:
            excess_bytes = self._records.total_bytes() - self.limits.total_bytes
            for job in self._records.ended():
                if excess_bytes > 0 or (job.ended or 0) < time.time() - self.limits.keep_s:
                    self._records.remove(job)
                    self._delete(job)
                    excess_bytes -= job.bytes
                else:
                    work.strip(self.folder / job.id)  # after a kill
            # Before it is asked whose they are: jobs arrive meanwhile.
            folders = [path for path in self.folder.iterdir() if path.is_dir()]
            known = self._records.ids().union(self._arriving)
            if self._running:
                known.add(self._running.id)
            self._cancelled &= known
            for path in folders:
                if path.name not in known:
                    shutil.rmtree(path, ignore_errors=True)

    def _find(self, id: str) -> Job:
        job = self._records.find(id)
        if job is None:
            raise UnknownJobError(GONE)
        return job

    def _make_room(self, size: int) -> None:
        """Remove the oldest results until so many bytes fit.

        Raises: BusyError if they would not without any, and then all of them stay.
        """
        ended = self._records.ended()
        excess_bytes = self._records.total_bytes() + size - self.limits.total_bytes
        if excess_bytes > sum(job.bytes for job in ended):
            raise BusyError("the room for jobs is full; try again when those before have ended")
        for job in ended:
            if excess_bytes <= 0:
                return
            self._records.remove(job)
            self._delete(job)
            excess_bytes -= job.bytes

    def _work(self) -> None:
        while not self._closing.is_set():
            try:
                if self._do_next():
                    continue
            except (StorageError, OSError) as error:  # a full disk, which may have room later
                log.error("jobs: %s", error)
            except Exception:  # a bug of ours; the thread is the only one
                log.exception("jobs")
            self._wake.wait(_TIDY_EVERY_S)
            self._wake.clear()

    def _do_next(self) -> bool:
        """Do a job; whether there was one. Raises: StorageError, OSError: it is to be done yet."""
        self.tidy()
        with self._turn:
            job = None if self._closing.is_set() else self._records.next()
            if job is None:
                return False
            self._running, self._progress = job, Progress()
        try:
            if end := self._do(job):
                self._end(job, *end)
        except (StorageError, OSError):
            raise
        except Exception:  # a bug of ours where a job ends
            log.exception("a job of %s", job.model)
            self._records.change(job, state=State.failed, problem=BUG, ended=time.time())
        finally:
            with self._turn:
                self._running = None
                if not self._records.find(job.id):  # removed meanwhile
                    self._delete(job)
        return True

    def _do(self, job: Job) -> tuple[State, str | None] | None:
        """How a job ends, and its problem; None if it goes on when the server does."""
        if job.id in self._cancelled:  # and could not be ended then
            return State.cancelled, None
        self._records.change(job, state=State.running)
        folder = self.folder / job.id
        try:
            work.do(job, folder, self._store, self._records, self.limits, self._progress)
        except StoppedError:
            return (State.cancelled, None) if job.id in self._cancelled else None
        except CycleGANError as error:
            return State.failed, self._tell(error, folder)
        except Exception:  # a bug of ours is logged, and the other jobs go on
            log.exception("a job of %s", job.model)
            return State.failed, BUG
        return State.done, None

    def _end(self, job: Job, state: State, problem: str | None = None) -> None:
        """Make the result, say so, and only then drop what it was made from."""
        folder = self.folder / job.id
        try:
            work.pack(job, folder, self._records.pictures(job))
        except StorageError as error:
            problem = self._tell(error, folder)
            state = State.failed if state == State.done else state
        size = work.result_bytes(folder)
        self._records.change(job, state=state, problem=problem, bytes=size, ended=time.time())
        work.strip(folder)

    def _tell(self, error: CycleGANError, folder: Path) -> str:
        """What the owner of the job in a folder is told; the log has the paths."""
        log.info("a job failed: %s", error)
        return work.tell(str(error), folder, self._store)

    def _delete(self, job: Job) -> None:
        shutil.rmtree(self.folder / job.id, ignore_errors=True)
