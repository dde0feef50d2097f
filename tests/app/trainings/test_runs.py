"""What is known of a training from its folder alone."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from app.trainings.locks import LOCK, is_locked, locked
from app.trainings.orders import Order, Record
from app.trainings.runs import Trainings
from cyclegan.contract.errors import InputError, StorageError


def test_a_run_is_known_by_its_folder(run_folder: Path) -> None:
    training = Trainings(run_folder.parents[1]).look("horse2zebra")
    assert (training.state, training.standing.share) == ("ended", 0.5)
    assert training.standing.remaining_s == 300  # 5 minutes brought it half way
    assert (training.said, len(training.rows)) == (f"error: {run_folder}: memory ran <out>", 4)
    for wish, state in (("pause", "paused"), ("stop", "stopped")):
        Trainings(run_folder.parents[1]).tell("horse2zebra", wish)
        assert Trainings(run_folder.parents[1]).look("horse2zebra").state == state
    (run_folder / "config.json").write_text(json.dumps({"max_images": 50, "max_minutes": 0}))
    assert Trainings(run_folder.parents[1]).look("horse2zebra").state == "finished"


def test_a_run_that_is_removed_while_the_runs_are_listed_is_not_among_them(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(run_folder, run_folder.with_name("other"))
    glob = Path.glob

    def glob_and_remove(path: Path, pattern: str) -> list[Path]:
        found = list(glob(path, pattern))
        shutil.rmtree(run_folder)
        return found

    monkeypatch.setattr(Path, "glob", glob_and_remove)
    assert Trainings(run_folder.parents[1]).names() == ["other"]


def test_a_folder_that_cannot_keep_trainings_says_why_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root, why in (("file", "file exists"), ("file/below", "not a directory")):
        told = rf"{root} cannot keep trainings: {why}; name another .*--training-root"
        with pytest.raises(StorageError, match=told):
            Trainings(tmp_path / root)
    Trainings(tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def test_a_run_lives_as_long_as_a_process_holds_its_lock(run_folder: Path, order: Order) -> None:
    trainings = Trainings(run_folder.parents[1])
    hold = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2); print(flush=True); input()"
    (run_folder / LOCK).touch()
    command = [sys.executable, "-c", hold, str(run_folder / LOCK)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert trainings.look("horse2zebra").state == "training"
        replace(Record.read(run_folder), pid=os.getpid(), wish="pause").write(run_folder)
        assert trainings.look("horse2zebra").state == "pausing"
        with pytest.raises(InputError, match="horse2zebra is being trained; pause or stop it"):
            trainings.start(order)
        assert trainings.names() == ["horse2zebra"]
        with pytest.raises(InputError, match="horse2zebra is being trained; pause or stop it"):
            trainings.remove("horse2zebra")
        process.kill()
    assert trainings.look("horse2zebra").state == "paused"


def test_whoever_presses_twice_does_not_keep_a_checkpoint_from_being_written(
    run_folder: Path,
) -> None:
    trainings = Trainings(run_folder.parents[1])
    told = """if True:
        import fcntl, signal, sys
        signal.signal(signal.SIGTERM, lambda *_: print("told", flush=True))
        f = open(sys.argv[1], "w")
        fcntl.flock(f, 2)
        print("lives", flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", told, str(run_folder / LOCK)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "lives\n"
        replace(Record.read(run_folder), pid=process.pid).write(run_folder)
        trainings.tell("horse2zebra", "pause")
        assert process.stdout.readline() == "told\n"
        trainings.tell("horse2zebra", "pause")
        trainings.tell("horse2zebra", "stop")  # the mind may change until it has ended
        assert trainings.look("horse2zebra").state == "stopping"
        process.stdin.close()
        assert process.stdout.read() == ""
    assert trainings.look("horse2zebra").state == "stopped"


def test_a_run_may_have_any_letters_and_no_two_have_the_same_name(
    run_folder: Path, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Order, "to_command", lambda *_: [sys.executable, "-c", ""])
    trainings = Trainings(run_folder.parents[1])
    names = []
    for _ in range(2):
        names.append(trainings.start(replace(order, name_a="犬", name_b="猫")))
        while trainings.look(names[-1]).is_alive:
            time.sleep(0.01)
    assert names == ["犬2猫", "犬2猫-2"]
    assert set(trainings.names()) == {*names, run_folder.name}
    trainings.remove("犬2猫")
    assert not (trainings.runs / "犬2猫").exists()


def test_who_presses_at_the_same_moment_starts_one_run_and_leaves_no_other(
    tmp_path: Path, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(Order, "to_command", lambda *_: command)
    trainings = Trainings(tmp_path)
    visitors = 16
    together = threading.Barrier(visitors)

    def press(_visitor: int) -> str:
        together.wait()
        trainings.names()  # as the page asks for, while others are made and removed
        try:
            return trainings.start(order)
        except InputError as error:
            return str(error)

    for _ in range(3):
        with ThreadPoolExecutor(visitors) as pool:
            told = Counter(pool.map(press, range(visitors)))
        busy = "horse2zebra is being trained; pause or stop it first"
        assert told == {"horse2zebra": 1, busy: visitors - 1}
        assert trainings.names() == ["horse2zebra"]
        os.kill(Record.read(trainings.runs / "horse2zebra").pid, signal.SIGKILL)
        while trainings.look("horse2zebra").is_alive:
            time.sleep(0.01)
        trainings.remove("horse2zebra")


def test_a_training_that_could_not_be_told_to_stop_does_not_go_on(
    run_folder: Path, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(Order, "to_command", lambda *_: command)
    write = Record.write

    def fill_disk(self: Record, run: Path) -> None:
        if self.pid:
            raise StorageError("the disk is full")
        write(self, run)

    monkeypatch.setattr(Record, "write", fill_disk)
    trainings = Trainings(run_folder.parents[1])
    with pytest.raises(StorageError):
        trainings.resume("horse2zebra")
    assert not is_locked(run_folder)
    with pytest.raises(StorageError):
        trainings.start(replace(order, name_a="dog"))
    assert trainings.names() == ["horse2zebra"]


def test_a_finished_run_goes_on_for_as_many_minutes_more(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys; sys.stdin.read(); import time; time.sleep(600)"
    monkeypatch.setattr(Order, "to_command", lambda *_: [sys.executable, "-c", code])
    trainings = Trainings(run_folder.parents[1])

    def resume_and_kill() -> tuple[float, float]:
        """What it shares and has ordered while it has not read its new length yet."""
        trainings.resume(run_folder.name, 15)
        training = trainings.look(run_folder.name)
        assert training.state == "training"
        os.kill(training.record.pid, signal.SIGKILL)
        while trainings.look(run_folder.name).is_alive:
            time.sleep(0.01)
        return training.standing.share, training.record.order.max_minutes

    assert resume_and_kill() == (0.5, 60)  # one that is half way goes on to where it was to end
    (run_folder / "config.json").write_text(json.dumps({"max_images": 0, "max_minutes": 5}))
    assert trainings.look(run_folder.name).state == "finished"
    for _ in range(2):  # and a start that failed adds nothing
        assert resume_and_kill() == (0.25, 20)  # 5 minutes of 5 + 15


def test_a_run_that_ended_by_patience_is_finished_and_is_not_begun_to_end_at_once(
    impatient_run: Path,
) -> None:
    trainings = Trainings(impatient_run.parents[1])
    for wish in ("", "pause", "stop"):
        trainings.tell("horse2zebra", wish)
        training = trainings.look("horse2zebra")
        assert (training.state, training.standing.share) == ("finished", 1)
        assert not training.can_resume
        with pytest.raises(InputError, match="its last 2 measurements found nothing better"):
            trainings.resume("horse2zebra")
    (impatient_run / "config.json").write_text(json.dumps({"max_images": 100, "patience": 3}))
    training = trainings.look("horse2zebra")  # somebody gave it more, at the command line
    assert (training.state, training.standing.share) == ("stopped", 0.03)
    assert training.can_resume


@pytest.mark.parametrize("name", ["../runs/horse2zebra", "none", "", ".", "..", "a\0", "\ud800"])
def test_a_run_that_is_none_is_refused(run_folder: Path, name: str) -> None:
    with pytest.raises(InputError, match="there is no training"):
        Trainings(run_folder.parents[1]).look(name)


def test_a_run_is_deleted_and_nothing_beside_it(run_folder: Path, tmp_path: Path) -> None:
    trainings = Trainings(tmp_path)
    others = tmp_path / "elsewhere"
    shutil.copytree(run_folder, others)
    (trainings.runs / "link").symlink_to(others)
    with pytest.raises(InputError, match="link lies outside of runs"):
        trainings.remove("link")
    with pytest.raises(InputError, match="there is no training"):
        trainings.remove("../elsewhere")
    (trainings.runs / "foreign").mkdir()
    with pytest.raises(InputError, match="foreign was not started from this page"):
        trainings.remove("foreign")
    trainings.remove("horse2zebra")
    assert not run_folder.exists()
    assert (others / "log.jsonl").exists()
    assert trainings.names() == ["link"]


def test_a_run_that_was_deleted_a_moment_ago_is_not_alive(run_folder: Path) -> None:
    with locked(run_folder):
        assert is_locked(run_folder)
    shutil.rmtree(run_folder)
    assert not is_locked(run_folder)
