"""What goes wrong on the server, a full disk or a bug, and what becomes of the jobs."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="jobs need SQLAlchemy (extra: web)")

from app.jobs import work
from app.jobs.office import Office
from app.jobs.records import Job, Records, State
from app.refusal import BUG
from app.rendering import Renderer
from cyclegan.contract.errors import StorageError
from tests.app.jobs.sending import TIMEOUT_S, files, picture, wait_for

Open = Callable[..., Office]


def test_a_model_that_is_gone_fails_the_job_and_not_the_next(
    closed: Open, weights_dir: Path
) -> None:
    office = closed()
    first = office.create(files(("a.png", picture())), "negate")
    (weights_dir / "negate.onnx").rename(weights_dir / "gone")
    with office:
        status = wait_for(office, first)
        assert status.job.state == State.failed
        assert (status.job.problem or "").startswith("negate.onnx is missing, though its card is")
        (weights_dir / "gone").rename(weights_dir / "negate.onnx")
        second = office.create(files(("a.png", picture())), "negate")
        assert wait_for(office, second).job.state == State.done


def test_a_bug_is_one_sentence_and_the_next_job_is_done(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = opened()
    with monkeypatch.context() as patch:
        patch.setattr(Renderer, "__call__", lambda *_: 1 / 0)
        id = office.create(files(("a.png", picture())), None)
        status = wait_for(office, id)
    assert (status.job.state, status.job.problem) == (State.failed, BUG)
    second = office.create(files(("a.png", picture())), None)
    assert wait_for(office, second).job.state == State.done


def fill_disk(patch: pytest.MonkeyPatch, *states: State) -> None:
    """Jobs cannot be said to be in one of these states any more."""
    change = Records.change

    def refuse(self: Records, job: Job, **fields: object) -> None:
        if fields.get("state") in states:
            raise StorageError("the disk is full")
        change(self, job, **fields)

    patch.setattr(Records, "change", refuse)


def wait_for_log(caplog: pytest.LogCaptureFixture, text: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while text not in caplog.text:
        assert time.monotonic() < deadline, caplog.text
        time.sleep(0.01)


def test_a_job_that_could_not_be_begun_can_be_cancelled(
    opened: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        fill_disk(patch, State.running)
        office = opened()
        first = office.create(files(("a.png", picture())), None)
        wait_for_log(caplog, "jobs: the disk is full")
        office.cancel(first)
        assert office.status(first).job.state == State.cancelled
    second = office.create(files(("a.png", picture())), None)
    assert wait_for(office, second).job.state == State.done
    assert office.status(first).job.state == State.cancelled


def test_a_job_that_was_cancelled_while_the_disk_was_full_is_not_done_later(
    opened: Open,
    gate: threading.Semaphore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    office = opened()
    running = office.create(files(("a.png", picture())), None)
    wait_for(office, running, lambda s: s.job.state == State.running)
    waiting = office.create(files(("a.png", picture())), None)
    with monkeypatch.context() as patch:
        fill_disk(patch, State.cancelled)
        with pytest.raises(StorageError):
            office.cancel(waiting)
        office.cancel(running)
        gate.release(10)
        wait_for_log(caplog, "jobs: the disk is full")
    last = office.create(files(("a.png", picture())), None)
    ends = [wait_for(office, id).job.state for id in (running, waiting, last)]
    assert ends == [State.cancelled, State.cancelled, State.done]


def test_a_result_that_cannot_be_written_is_told_without_paths(
    closed: Open, tmp_path: Path
) -> None:
    office = closed()
    failed, cancelled = (office.create(files(("a.png", picture())), None) for _ in range(2))
    for id in (failed, cancelled):
        (tmp_path / "jobs" / id / "result.zip").mkdir()
    office.cancel(cancelled)
    with office:
        for id, state in ((failed, State.failed), (cancelled, State.cancelled)):
            job = wait_for(office, id).job
            assert job.state == state
            assert (job.problem or "").startswith("result.zip is not a regular file")


def test_no_bug_ends_the_only_thread(
    opened: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    office = opened()
    with monkeypatch.context() as patch:
        patch.setattr(work, "pack", lambda *_: 1 / 0)
        id = office.create(files(("a.png", picture())), None)
        job = wait_for(office, id).job
        assert (job.state, job.problem) == (State.failed, BUG)
        patch.setattr(Records, "next", lambda _: 1 / 0)
        second = office.create(files(("a.png", picture())), None)
        wait_for_log(caplog, "jobs\nTraceback")
    third = office.create(files(("a.png", picture())), None)
    assert [wait_for(office, id).job.state for id in (second, third)] == [State.done] * 2
