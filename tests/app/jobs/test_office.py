"""Jobs from when they are sent until they are gone, with real models and real folders."""

import csv
import io
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("sqlalchemy", reason="jobs need SQLAlchemy (extra: web)")

from app.jobs.intake import Sent
from app.jobs.limits import BusyError, UnfinishedJobError, UnknownJobError
from app.jobs.office import Office
from app.jobs.records import PictureState, Records, State
from app.recipe import Recipe
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import InputError, ModelError, StorageError
from cyclegan.contract.images import load_picture
from tests.app.jobs.sending import TIMEOUT_S, files, picture, results, wait_for, zipped

Open = Callable[..., Office]


def test_a_job_ends_as_a_zip_of_what_was_sent_with_what_failed(opened: Open) -> None:
    office = opened()
    inner = zipped(("day/a.png", picture(10)), ("day/a.PNG", picture(20)), ("notes.txt", b"x"))
    sent = files(("all.zip", inner), ("=cmd.png", b"no picture"), ("a.heic", picture(30)))
    id = office.create(sent, None, format="webp", recipe=Recipe(quality=100))
    status = wait_for(office, id)
    assert (status.job.state, status.job.problem) == (State.done, None)
    assert [p.state.value for p in status.pictures] == ["done", "done", "failed", "failed", "done"]
    assert status.position is None

    made = results(office.result(id))
    names = ["day/a.webp", "day/a (2).webp", "a.webp", "failures.csv"]
    assert list(made) == names
    for name, value in zip(names, (235, 245, 225), strict=False):
        assert np.abs(load_picture(made[name]).rgb.astype(int) - value).max() <= 2
    header, *failures = made["failures.csv"].decode().splitlines()
    assert header == "file,reason"
    assert failures[0].startswith("notes.txt,notes.txt is not named as a picture")
    assert failures[1].startswith("'=cmd.png,\"'=cmd.png is not a picture that can be read")


def test_what_fails_is_told_without_paths(opened: Open, tmp_path: Path) -> None:
    office = opened()
    id = office.create(files(("a.png", b"x"), ("b.png", picture())), "negate")
    bad, good = wait_for(office, id).pictures
    assert bad.reason is not None
    assert bad.reason.startswith("a.png is not a picture")
    assert str(tmp_path) not in bad.reason
    assert good.has_preview
    for when in ("before", "after"):
        preview = office.preview(id, good.number, when)
        assert preview is not None
        assert load_picture(preview).rgb.shape == (8, 8, 3)
    assert office.preview(id, bad.number, "after") is None
    assert office.preview(id, good.number, "../../../in") is None


def test_what_is_transparent_is_shown_small_on_white(opened: Open) -> None:
    hidden = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(hidden, "PNG")
    office = opened()
    id = office.create(files(("a.png", hidden.getvalue())), None)
    wait_for(office, id)
    for when in ("before", "after"):
        preview = office.preview(id, 1, when)
        assert preview is not None
        assert load_picture(preview).rgb.min() == 255


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_a_spreadsheet_computes_no_name_that_was_sent(opened: Open, start: str) -> None:
    office = opened()
    id = office.create(files((f"{start}1.png", b"no picture")), None)
    wait_for(office, id)
    _, failure = csv.reader(results(office.result(id))["failures.csv"].decode().splitlines())
    assert [cell[0] for cell in failure] == ["'", "'"]


def test_so_many_pictures_of_a_job_are_shown_small(opened: Open) -> None:
    office = opened(previews=2)
    id = office.create(files(*[(f"{i}.png", picture(i)) for i in range(3)]), None)
    assert [p.has_preview for p in wait_for(office, id).pictures] == [True, True, False]


def test_why_a_model_failed_is_told_without_paths(
    opened: Open, weights_dir: Path, tmp_path: Path, add_model: Callable[..., ModelCard]
) -> None:
    add_model(weights_dir, "shrinks", "GlobalAveragePool")
    office = opened()
    id = office.create(files(("a.png", picture())), "shrinks")
    (bad,) = wait_for(office, id).pictures
    assert (bad.reason or "").startswith("shrinks.onnx answered ")
    assert str(tmp_path).encode() not in results(office.result(id))["failures.csv"]


def test_what_a_result_was_made_from_does_not_stay(opened: Open, tmp_path: Path) -> None:
    office = opened()
    id = office.create(files(("a.png", picture())), None)
    wait_for(office, id)
    status = wait_for(office, id, lambda _: not (tmp_path / "jobs" / id / "out").exists())
    kept = [path for path in (tmp_path / "jobs" / id).rglob("*") if path.is_file()]
    assert {path.name for path in kept} == {"result.zip", "000001-before.jpg", "000001-after.jpg"}
    assert status.job.bytes == sum(path.stat().st_size for path in kept)


def test_jobs_wait_in_line_and_a_cancelled_one_keeps_what_is_done(
    opened: Open, gate: threading.Semaphore, tmp_path: Path
) -> None:
    office = opened()
    named = [(f"{i}.png", picture(i)) for i in range(20)]
    first, second, third = (office.create(files(*named), None) for _ in range(3))
    wait_for(office, first, lambda s: s.job.state == State.running)
    assert [office.status(id).position for id in (first, second, third)] == [None, 1, 2]
    with pytest.raises(UnfinishedJobError, match=r"^the job is running; it has no result"):
        office.result(first)
    office.cancel(second)
    assert office.status(second).job.state == State.cancelled
    assert office.status(third).position == 1
    assert list(results(office.result(second))) == ["failures.csv"]

    gate.release(3)
    wait_for(office, first, lambda s: sum(p.state == PictureState.done for p in s.pictures) == 3)
    office.cancel(first)
    gate.release(100)
    assert wait_for(office, first).job.state == State.cancelled
    made = results(office.result(first))
    done = [p for p in office.status(first).pictures if p.state == PictureState.done]
    assert 3 <= len(done) < 20
    assert list(made) == [*(p.result for p in done), "failures.csv"]
    assert b"19.png,the job ended before its turn" in made["failures.csv"]
    assert wait_for(office, third).job.state == State.done


def test_a_removed_job_leaves_nothing(
    opened: Open, gate: threading.Semaphore, tmp_path: Path
) -> None:
    office = opened()
    first, second = (office.create(files(("a.png", picture())), None) for _ in range(2))
    wait_for(office, first, lambda s: s.job.state == State.running)
    for id in (second, first):
        office.remove(id)
        for ask in (office.status, office.cancel, office.remove, office.result):
            with pytest.raises(UnknownJobError, match="there is no such job"):
                ask(id)
    gate.release(2)
    third = office.create(files(("a.png", picture())), None)
    wait_for(office, third)
    assert [path.name for path in (tmp_path / "jobs").iterdir() if path.is_dir()] == [third]


def test_a_job_cut_off_goes_on_where_it_was(
    closed: Open, gate: threading.Semaphore, tmp_path: Path
) -> None:
    named = [(f"{i}.png", picture(i)) for i in range(20)]
    with closed() as office:
        id = office.create(files(*named), None)
        gate.release(5)
        wait_for(office, id, lambda s: sum(p.state == PictureState.done for p in s.pictures) == 5)
        ending = threading.Thread(target=office.__exit__, args=(None, None, None))
        ending.start()
        gate.release(5)  # no more than are under way
        ending.join(TIMEOUT_S)
        made = {
            path: path.stat().st_mtime_ns for path in (tmp_path / "jobs" / id / "out").iterdir()
        }
    (tmp_path / "jobs" / "of nobody").mkdir()

    office = closed()
    assert office.status(id).job.state == State.running
    assert 5 <= len([path for path in made if path.suffix == ".png"]) < 20
    gate.release(15)
    with office:
        status = wait_for(office, id)
        assert status.job.state == State.done
        assert len(results(office.result(id))) == 21
        assert not (tmp_path / "jobs" / "of nobody").exists()


def test_who_has_no_jobs_rests(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Records] = []
    look = Records.next
    monkeypatch.setattr(Records, "next", lambda self: looks.append(self) or look(self))
    office = opened()
    wait_for(office, office.create(files(("a.png", picture())), None))
    time.sleep(0.2)  # until it has seen that there is no other
    before = len(looks)
    time.sleep(0.2)
    assert len(looks) == before


def test_two_servers_do_not_have_the_same_folder(closed: Open) -> None:
    closed()
    with pytest.raises(StorageError, match=r"another server does the jobs of .*--jobs"):
        closed()


def test_a_damaged_database_is_one_sentence(closed: Open, tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "jobs.sqlite").write_bytes(b"x" * 4096)
    with pytest.raises(StorageError, match="is damaged; delete it"):
        closed()


def test_a_folder_that_cannot_keep_jobs_says_why_and_what_to_do(
    closed: Open, tmp_path: Path
) -> None:
    (tmp_path / "jobs").touch()
    with pytest.raises(StorageError, match=r"cannot keep jobs: file exists; name another .*--jobs"):
        closed()
    (tmp_path / "jobs").unlink()
    (tmp_path / "jobs" / "jobs.sqlite").mkdir(parents=True)  # of which SQLite says nothing
    with pytest.raises(StorageError, match=r"cannot keep jobs: is a directory; name .*--jobs"):
        closed()


def test_a_client_and_all_of_them_may_have_so_many_jobs(closed: Open) -> None:
    office = closed(jobs=3, jobs_of_client=2)
    sent = ("a.png", picture())
    first = office.create(files(sent), None, client="x")
    office.create(files(sent), None, client="x")
    with pytest.raises(BusyError, match="2 of your jobs have not ended yet"):
        office.create(files(sent), None, client="x")
    office.create(files(sent), None, client="y")
    with pytest.raises(BusyError, match="3 jobs are waiting already"):
        office.create(files(sent), None, client="z")
    office.cancel(first)
    office.create(files(sent), None, client="x")


def test_a_job_that_arrives_counts_as_one_that_is_open(closed: Open, tmp_path: Path) -> None:
    office = closed(jobs=2, jobs_of_client=1)
    sent = ("a.png", picture())

    def arrive() -> Iterator[Sent]:
        with pytest.raises(BusyError, match="1 of your jobs have not ended yet"):
            office.create(files(sent), None, client="x")
        with (
            office.admit("y"),
            pytest.raises(BusyError, match="2 jobs are waiting already"),
            office.admit("z"),
        ):
            pass
        yield from files(sent)

    first = office.create(arrive(), None, client="x")
    with pytest.raises(InputError), office.admit("y") as id:
        office.create(files(), None, client="y", admitted=id)
    second = office.create(files(sent), None, client="y")
    assert {path.name for path in (tmp_path / "jobs").iterdir() if path.is_dir()} == {first, second}


def test_old_results_make_room_and_jobs_under_way_do_not(closed: Open, tmp_path: Path) -> None:
    size = len(picture())
    office = closed(total_bytes=1300 + size)
    ended = [office.create(files(("a.png", picture())), None) for _ in range(2)]
    for id in ended:
        office.cancel(id)
    before = [office.status(id).job.bytes for id in ended]
    assert sum(before) < 1300, before  # an empty zip each
    kept = office.create(files(("a.png", picture())), None)
    with pytest.raises(BusyError, match="the room for jobs is full"):
        office.create(files(("a.png", bytes(1301))), None)
    assert all(office.result(id).exists() for id in ended)  # to lose them would be of no use
    last = office.create(files(("a.png", bytes(1300))), None)
    for id in ended:
        with pytest.raises(UnknownJobError):
            office.status(id)
    there = {path.name for path in (tmp_path / "jobs").iterdir() if path.is_dir()}
    assert there == {kept, last}


def test_results_that_outgrow_the_room_make_some(closed: Open) -> None:
    office = closed(total_bytes=600, previews=0)
    first, second, last = (office.create(files(("a.png", picture())), None) for _ in range(3))
    with office:
        size = wait_for(office, last).job.bytes
        assert 300 < size < 600, size
    office = closed(total_bytes=600)  # what the one before may have left to do
    office.tidy()
    assert office.result(last).exists()
    for id in (first, second):
        with pytest.raises(UnknownJobError):
            office.status(id)


def test_results_are_kept_for_a_time(closed: Open, tmp_path: Path) -> None:
    office = closed(keep_s=0.2)
    id = office.create(files(("a.png", picture())), None)
    office.cancel(id)
    office.tidy()
    assert office.status(id).job.state == State.cancelled
    time.sleep(0.25)
    office.tidy()
    with pytest.raises(UnknownJobError):
        office.status(id)
    assert not (tmp_path / "jobs" / id).exists()


def test_small_files_do_not_fill_the_disk_with_large_pictures(opened: Open) -> None:
    office = opened(result_bytes=10)
    id = office.create(files(*[(f"{i}.png", picture(i)) for i in range(30)]), None)
    status = wait_for(office, id)
    assert status.job.state == State.done
    failed = [p for p in status.pictures if p.state == PictureState.failed]
    assert failed
    assert all("results fill" in (p.reason or "") for p in failed)


@pytest.mark.parametrize("model", ["negat", "broken"])
def test_a_model_that_cannot_be_used_is_refused_at_once(
    closed: Open, weights_dir: Path, tmp_path: Path, model: str
) -> None:
    (weights_dir / "broken.json").write_text("{")
    with pytest.raises((ModelError, InputError)):
        closed().create(files(("a.png", picture())), model)
    assert not [path for path in (tmp_path / "jobs").iterdir() if path.is_dir()]
