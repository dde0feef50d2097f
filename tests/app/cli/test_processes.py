"""The command as a process: on a terminal, in a pipe, interrupted, killed."""

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.batch import MOST_WORKERS

MAIN = "from app.cli import main; main()"


def start(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", MAIN, *map(str, arguments)], **options)


def test_a_terminal_gets_a_bar(folder: Path, tmp_path: Path, weights_dir: Path) -> None:
    mine, its = pty.openpty()
    with start(
        "convert",
        folder,
        tmp_path / "out",
        "--weights",
        weights_dir,
        stdout=subprocess.PIPE,
        stderr=its,
    ) as process:
        os.close(its)
        shown = b""
        while chunk := read(mine):
            shown += chunk
        os.close(mine)
    assert process.returncode == 3
    assert b"3/3" in shown
    assert b"failed: " in shown


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux tells that the other side is closed
        return b""


@pytest.fixture
def many(tmp_path: Path, noise) -> Path:
    """Three hundred pictures, which take a while."""
    (tmp_path / "in").mkdir()
    Image.fromarray(noise(200, 200)).save(tmp_path / "in" / "000.png", compress_level=0)
    for i in range(1, 300):
        os.link(tmp_path / "in" / "000.png", tmp_path / "in" / f"{i:03}.png")
    return tmp_path / "in"


def wait_for_pictures(process: subprocess.Popen[bytes], folder: Path, count: int = 1) -> None:
    while len(list(folder.glob("*.png"))) < count:
        assert process.poll() is None
        time.sleep(0.01)


@pytest.mark.parametrize(
    "module", ["app.cli.command", "typer", "PIL.Image", "numpy", "onnxruntime"]
)
def test_ctrl_c_while_a_command_starts_is_quiet(module: str) -> None:
    code = f"""
import signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
{MAIN}"""
    ran = subprocess.run(
        [sys.executable, "-c", code, "convert", "photo.jpg", "out.png"], capture_output=True
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")


def test_ctrl_c_leaves_whole_files_a_report_and_exit_130(
    many: Path, tmp_path: Path, noise, weights_dir: Path
) -> None:
    out = tmp_path / "out"
    with start(
        "convert",
        *(many, out, "--weights", weights_dir, "--report", tmp_path / "report.jsonl"),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        wait_for_pictures(process, out)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate()
    assert process.returncode == 130
    assert b"run the same command again for the rest" in stderr
    assert b"Traceback" not in stderr
    done = sorted(out.glob("*.png"))
    assert 0 < len(done) < 300
    for path in done:
        with Image.open(path) as image:
            np.testing.assert_array_equal(np.asarray(image), 255 - noise(200, 200))
    reported = (tmp_path / "report.jsonl").read_text().splitlines()
    most_under_way = 2 * MOST_WORKERS + 1
    assert 0 <= len(done) - len(reported) <= most_under_way  # finished after Ctrl-C
    assert not list(tmp_path.rglob(".tmp-*"))


def test_ctrl_c_does_not_wait_for_a_large_picture(
    tmp_path: Path, weights_dir: Path, add_model
) -> None:
    add_model(weights_dir, "negate", receptive_field=8, tiling="exact")
    (tmp_path / "in").mkdir()
    Image.new("RGB", (4000, 3000)).save(tmp_path / "in" / "large.png")
    out = tmp_path / "out"
    convert = ("convert", tmp_path / "in", out, "--size", "native", "--tile", 16)
    with start(*convert, stderr=subprocess.PIPE, env=models(weights_dir)) as process:
        while not list(out.glob("*")):
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(1)  # 47,000 tiles take far longer
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate()
    assert process.returncode == 130
    assert stderr == b"stopped: 0 pictures are done; run the same command again for the rest\n"
    assert [path.name for path in out.iterdir()] == [".cyclegan.sqlite"]


def test_a_kill_and_a_second_run_are_as_good_as_one_run(
    many: Path, tmp_path: Path, weights_dir: Path, command
) -> None:
    out, at_once = tmp_path / "out", tmp_path / "at once"
    convert = ("convert", many, "--limit", 60, "-o")
    with start(*convert, out, stderr=subprocess.DEVNULL, env=models(weights_dir)) as process:
        wait_for_pictures(process, out, 10)
        process.kill()
    (out / ".tmp-0123456789ab.png").write_text("what a kill at another moment leaves")
    ran = command(*convert, out)
    assert (ran.code, len(list(out.glob("*.png")))) == (0, 60)
    assert "it is done already" in ran.stderr
    command(*convert, at_once)
    for path in at_once.glob("*.png"):
        assert (out / path.name).read_bytes() == path.read_bytes()
    names = {path.name for path in at_once.iterdir()}
    assert {path.name for path in out.iterdir()} == names


def models(folder: Path) -> dict[str, str]:
    return os.environ | {"CYCLEGAN_WEIGHTS": str(folder)}


@pytest.mark.parametrize("source", ["-", "photo.jpg"])
def test_pictures_go_through_pipes(tmp_path: Path, weights_dir: Path, noise, source: str) -> None:
    Image.fromarray(noise(37, 53)).save(tmp_path / "photo.jpg")
    with (tmp_path / "photo.jpg").open("rb") as photo:
        ran = subprocess.run(
            [sys.executable, "-c", MAIN, "convert", source, "-"],
            cwd=tmp_path,
            env=models(weights_dir),
            stdin=photo,
            capture_output=True,
        )
    assert ran.returncode == 0
    assert ran.stderr.startswith(b"-: 53 x 37 pixels, ")
    with Image.open(io.BytesIO(ran.stdout)) as image:
        assert (image.size, image.format) == ((53, 37), "PNG" if source == "-" else "JPEG")


def test_a_pipe_that_is_no_picture_fails(tmp_path: Path, weights_dir: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", MAIN, "convert", "-", "out.png"],
        cwd=tmp_path,
        env=models(weights_dir),
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith(b"error: standard input is empty; the command before the pipe")


def test_a_watched_folder_is_left_by_ctrl_c(
    tmp_path: Path, noise, folder: Path, weights_dir: Path
) -> None:
    out = tmp_path / "out"
    with start(
        *("convert", folder, out, "--watch", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=models(weights_dir),
    ) as process:
        assert process.stdout
        first = [json.loads(process.stdout.readline()) for _ in range(3)]
        assert [line["status"] for line in first] == ["done", "failed", "done"]
        Image.fromarray(noise(8, 9)).save(folder / "b.png")
        assert json.loads(process.stdout.readline())["status"] == "done"
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0  # what failed when it was first seen is done now
    assert stdout == b""
    assert b"out: 3 done, 0 skipped, 0 failed in " in stderr
    assert stderr.count(b"waiting for more pictures in %b, until Ctrl-C\n" % bytes(folder)) == 1
    assert b"Traceback" not in stderr


def test_more_pictures_than_open_files_are_allowed(put, weights_dir: Path) -> None:
    at = put("in/0.png")
    for i in range(1, 100):
        os.link(at / "in" / "0.png", at / "in" / f"{i}.png")
    code = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)); {MAIN}"
    ran = subprocess.run(
        [sys.executable, "-c", code, "convert", at / "in", at / "out"],
        env=models(weights_dir),
        capture_output=True,
    )
    assert (ran.returncode, b"100 done" in ran.stdout) == (0, True)
