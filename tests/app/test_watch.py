"""New pictures are taken once, and when they are whole."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from app.conversion import Result
from app.plan import FolderPlan, Job
from app.watch import convert_new


@pytest.fixture
def looks(put) -> Iterator[list[str]]:
    """The names that each look takes, as an endless iterator; the folder is `in`."""
    at = put("in/0.png")
    taken: list[str] = []

    def note(jobs: Iterable[Job]) -> Iterator[Result]:
        taken.clear()
        taken.extend(job.source.name for job in jobs)
        yield Result(at, at, "done")  # so that each look is one step of the iterator

    results = convert_new(FolderPlan(at / "in", at / "out"), note, interval_s=0)
    return (list(taken) for _ in results)


def test_a_picture_is_taken_once_when_it_no_longer_grows(looks, tmp_path: Path) -> None:
    assert list(islice(looks, 3)) == [[], ["0.png"], []]
    growing = tmp_path / "in" / "1.png"
    for size in (1, 2, 3):
        growing.write_bytes(b"x" * size)
        assert next(looks) == []
    assert list(islice(looks, 2)) == [["1.png"], []]


def test_a_picture_that_changes_is_taken_again(looks, tmp_path: Path) -> None:
    assert list(islice(looks, 2)) == [[], ["0.png"]]
    (tmp_path / "in" / "0.png").write_text("longer than it was before")
    assert list(islice(looks, 3)) == [[], ["0.png"], []]


def test_a_picture_that_vanishes_is_forgotten(looks, tmp_path: Path) -> None:
    assert next(looks) == []
    (tmp_path / "in" / "0.png").unlink()
    assert list(islice(looks, 2)) == [[], []]


def test_a_picture_that_was_taken_is_forgotten_when_it_is_gone(looks, tmp_path: Path) -> None:
    path = tmp_path / "in" / "0.png"
    assert list(islice(looks, 3)) == [[], ["0.png"], []]
    path.rename(tmp_path / "0.png")
    assert next(looks) == []
    (tmp_path / "0.png").rename(path)  # of the same size and time
    assert list(islice(looks, 3)) == [[], ["0.png"], []]


def test_it_is_told_once_that_all_is_done_and_more_is_waited_for(put) -> None:
    at = put("in/0.png")
    told: list[str] = []

    def note(jobs: Iterable[Job]) -> Iterator[Result]:
        told.extend(job.source.name for job in jobs)
        yield Result(at, at, "done")

    plan = FolderPlan(at / "in", at / "out")
    results = convert_new(plan, note, interval_s=0, on_wait=lambda: told.append("waiting"))
    assert len(list(islice(results, 4))) == 4
    put("in/1.png")
    assert len(list(islice(results, 4))) == 4
    assert told == ["0.png", "waiting", "1.png"]


def test_a_folder_that_is_away_for_a_while_is_waited_for(
    looks, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(islice(looks, 3)) == [[], ["0.png"], []]
    (tmp_path / "in").rename(tmp_path / "away")
    assert list(islice(looks, 2)) == [[], []]
    (tmp_path / "away").rename(tmp_path / "in")
    assert list(islice(looks, 2)) == [[], []]  # what was taken is known
    assert caplog.text.count("waiting for it") == 1
