"""What is known of a training from its folder alone, and what a visitor cannot ask for."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.trainings import LOCK, Order, Record, Trainings
from app.web.training_view import describe
from cyclegan.config import PRESETS
from cyclegan.contract.errors import InputError

ORDER = Order("horse", "zebra", "/a", "/b", "fast", 60)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder half way, of a training that was started and is not alive."""
    run = tmp_path / "runs" / "horse2zebra"
    run.mkdir(parents=True)
    Record(ORDER, pid=0).write(run)
    (run / "config.json").write_text(json.dumps({"max_images": 100, "max_minutes": 60}))
    rows: list[dict[str, Any]] = [
        {"images_seen": seen, "minutes": seen / 10, "images_per_s": 5.0, "cycle_A": 1 / seen}
        for seen in (10, 30, 50)
    ]
    alarm = {"alarm": "copying", "direction": "AB", "text": "It <copies>.", "remedy": "Wait."}
    rows += [alarm | {"images_seen": 50, "state": "on"}]
    (run / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"cut')
    (run / "output.txt").write_text(f"note: this\nerror: {run}: memory ran <out>\n\n")
    return run


def test_a_run_is_known_by_its_folder(run: Path) -> None:
    training = Trainings(run.parents[1]).look("horse2zebra")
    assert (training.state, training.share, training.remaining_s) == ("ended", 0.5, 300)
    assert (training.said, len(training.rows)) == (f"error: {run}: memory ran <out>", 4)
    assert not training.has_checkpoint
    for wish, state in (("pause", "paused"), ("stop", "stopped")):
        Trainings(run.parents[1]).tell("horse2zebra", wish)
        assert Trainings(run.parents[1]).look("horse2zebra").state == state
    (run / "config.json").write_text(json.dumps({"max_images": 50, "max_minutes": 0}))
    assert Trainings(run.parents[1]).look("horse2zebra").state == "finished"


def test_a_run_lives_as_long_as_a_process_holds_its_lock(run: Path) -> None:
    trainings = Trainings(run.parents[1])
    hold = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2); print(flush=True); input()"
    (run / LOCK).touch()
    command = [sys.executable, "-c", hold, str(run / LOCK)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert trainings.look("horse2zebra").state == "training"
        replace(Record.read(run), pid=os.getpid(), wish="pause").write(run)
        assert trainings.look("horse2zebra").state == "pausing"
        with pytest.raises(InputError, match="horse2zebra is being trained; pause or stop it"):
            trainings.start(ORDER)
        process.kill()
    assert trainings.look("horse2zebra").state == "paused"


def test_a_view_escapes_what_a_run_says(run: Path) -> None:
    html = describe(Trainings(run.parents[1]).look("horse2zebra"))
    assert "error: runs/horse2zebra: memory ran &lt;out&gt;" in html
    assert "It &lt;copies&gt;." in html
    assert html.count("<polyline") == 1
    assert "horse 0.02" in html
    assert "50 pictures of each kind seen" in html


@pytest.mark.parametrize(
    "setting", ["nothing", "A=1", "features=/etc/passwd", "test_a=..", "name_a=a b", "x=$(ls)"]
)
def test_settings_that_are_none_or_may_name_a_path_are_refused(setting: str) -> None:
    with pytest.raises(InputError, match="a setting is KEY=VALUE without paths"):
        replace(ORDER, settings=(setting,))


def test_the_command_is_that_of_a_person_and_names_are_no_numbers() -> None:
    order = replace(ORDER, name_a="1", settings=("crop_size=32", "lambda_cycle=-1e-3", "x="))
    command = order.to_command(Path("/r"))
    assert 'name_a="1"' in command
    assert command[3:10] == ["train", "--domain-a", "/a", "--domain-b", "/b", "--out", "/r"]
    assert command[-2:] == ["--set", "x="]


def test_folders_are_those_below_the_root(run: Path, tmp_path: Path) -> None:
    trainings = Trainings(tmp_path)
    for place in ("mine/horses", ".hidden"):
        (tmp_path / place).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / place / "a.png")
    assert trainings.folders() == ["mine/horses"]
    assert trainings.folder("mine/horses") == (tmp_path / "mine/horses").resolve()
    for below in ("..", "/etc", "mine/none", "", "mine/../.."):
        with pytest.raises(InputError, match="is no folder of this server"):
            trainings.folder(below)
    for name in ("../runs/horse2zebra", "none", ""):
        with pytest.raises(InputError, match="there is no training"):
            trainings.look(name)


def test_uploads_are_kept_once(tmp_path: Path) -> None:
    uploads = []
    for folder in ("1", "2"):
        (tmp_path / folder).mkdir()
        uploads.append(tmp_path / folder / "same name.PNG")
        Image.new("RGB", (4, 4)).save(uploads[-1])
    trainings = Trainings(tmp_path / "root")
    kept = trainings.keep(uploads, "a/../b", "A")
    assert kept == trainings.keep(uploads[::-1], "a/../b", "A")
    assert kept.is_relative_to(trainings.data)
    assert [path.name for path in sorted(kept.iterdir())] == ["000000.png", "000001.png"]


def test_presets_of_the_page_are_those_of_the_command() -> None:
    pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")
    from app.web.retrain import _PRESETS
    from app.web.training_watch import ONE_WAY

    assert set(_PRESETS) <= set(PRESETS)
    assert ONE_WAY in _PRESETS
