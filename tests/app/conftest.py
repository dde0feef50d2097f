"""What tests of the app share: the command, pictures to give it, the folder of a training."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from app.cli import main
from app.trainings.orders import Order, Record
from app.trainings.runs import Trainings
from app.trainings.standing import Training
from tests.app.stores import serve_s3


class Ran(NamedTuple):
    """What a run of the command left."""

    code: int
    stdout: str
    stderr: str


Command = Callable[..., Ran]


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], weights_dir: Path
) -> Command:
    """A function that runs `cyclegan` with these arguments on the models of `weights_dir`."""

    def run(*arguments: object) -> Ran:
        monkeypatch.setenv("CYCLEGAN_WEIGHTS", str(weights_dir))
        monkeypatch.setattr(sys, "argv", ["cyclegan", *map(str, arguments)])
        with pytest.raises(SystemExit) as raised:
            main()
        assert raised.value.code is None or isinstance(raised.value.code, int)
        return Ran(raised.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def put(tmp_path: Path):
    """A function that puts a 4 x 4 picture at each of these paths, and gives the folder."""

    def make(*names: str) -> Path:
        for i, name in enumerate(names):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            codec = "PNG" if path.suffix == ".heic" else None  # which only Apple's tools write
            Image.new("RGB", (4, 4), (i, i, i)).save(path, codec)
        return tmp_path

    return make


@pytest.fixture
def noise() -> Callable[..., np.ndarray]:
    """A function `noise(height, width, channels=3)` -> uint8 [H, W, C], the same every time."""

    def make(height: int, width: int, channels: int = 3) -> np.ndarray:
        generator = np.random.default_rng(0)
        return generator.integers(0, 256, (height, width, channels), dtype=np.uint8)

    return make


@pytest.fixture
def order() -> Order:
    """What nobody could learn: its folders are not there."""
    return Order("horse", "zebra", "/a", "/b", "fast", 60)


@pytest.fixture
def run_folder(tmp_path: Path, order: Order) -> Path:
    """A run folder half way, of a training that was started and is not alive."""
    run = tmp_path / "runs" / "horse2zebra"
    run.mkdir(parents=True)
    Record(order, pid=0).write(run)
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


@pytest.fixture
def measured(run_folder: Path) -> Callable[..., Training]:
    """A function that gives a run measured so often: SWD of A to B by images seen."""

    def measure(figures: dict[int, float], **config: Any) -> Training:
        rows, best = "", float("inf")
        for seen, value in figures.items():
            marks = {"is_best_AtoB": value < best, "without_best": 0}
            rows += json.dumps({"images_seen": seen, "SWD_AtoB": value, **marks}) + "\n"
            best = min(best, value)
        (run_folder / "log.jsonl").write_text(rows)
        whole = {"method": "cyclegan", "max_images": 100, "max_minutes": 0}
        (run_folder / "config.json").write_text(json.dumps(whole | config))
        for name in ("latest", "best_AtoB"):
            (run_folder / f"{name}.pt").touch()
        return Trainings(run_folder.parents[1]).look("horse2zebra")

    return measure


@pytest.fixture
def impatient_run(run_folder: Path) -> Path:
    """The same, ended by its patience after 3 of 100 pictures."""
    settings = {"max_images": 100, "max_minutes": 0, "patience": 2}
    (run_folder / "config.json").write_text(json.dumps(settings))
    rows = [
        {"images_seen": seen, "SWD_AtoB": float(seen), "without_best": seen - 1}
        for seen in (1, 2, 3)
    ]
    rows += [{"images_seen": 3, "minutes": 1.0, "images_per_s": 0.05}]
    (run_folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (run_folder / "output.txt").write_text("best AtoB: SWD 1\nended early: no new best <\n")
    return run_folder


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a bucket on a real S3 server, which the environment leads to."""
    yield from serve_s3()
