"""What `cyclegan convert` refuses, and in which words."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.manifest import open_manifest


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("{none}", "out.png"), "does not exist; give a picture or a folder"),
        (("{empty}", "out.png"), "is empty (0 bytes)"),
        (("{text}", "out.png"), "is not a picture that can be read"),
        (("{torn}", "out.png"), "is truncated or damaged"),
        (("{photo}", "out.xyz"), "neither an existing folder nor a file name that ends in"),
        (("{photo}", "out.xyz"), ".webp; write out.xyz/ for a new folder, or name a file"),
        (("{photo}", "out.heic"), "HEIC is only read; name the output .jpg or .png instead"),
        (("{photo}", "{photo}"), "would be replaced by its translation"),
        (
            ("{photo}", "{text}/out.png", "--overwrite"),
            "is a file, so nothing can be written in it",
        ),
        (("{folder}", "out"), "has no pictures (.apng .avif .bmp"),
        (("{folder}", "{folder}"), "is both input and output"),
        (("{folder}", "x.jpg"), "x.jpg is named as a picture; name a folder for the pictures of "),
        (("{folder}", "{photo}"), "is a file; name a folder"),
        (("{photo}", "{torn}", "{text}"), "text.png is a file; name a folder for the translations"),
        (("{photo}", "{torn}", "out.png"), "out.png is named as a picture; name a folder for the"),
        (("{none}", "{folder}", "out"), "is a picture that is there (.apng .avif .bmp"),
        (
            ("{photo}", "out.png", "-m", "negat"),
            'unknown model "negat"; did you mean "negate"? {weights} has',
        ),
        (("{photo}", "out.png", "--suffix", "/x"), "--suffix '/x' cannot be part of a file name"),
        (("{photo}", "out.png", "--template", "x.jpg"), 'the template "x.jpg" makes no names'),
        (("{photo}", "out.png", "-m", "x"), 'unknown model "x"; {weights} has negate'),
        (("{photo}", "out.png", "--weights", "{none}"), "does not exist; name another one"),
        (("{photo}", "out.png", "--weights", "{folder}"), "has no models; export one"),
    ],
)
def test_unusable_input_is_one_sentence_and_exit_2(
    command,
    photo: Path,
    tmp_path: Path,
    weights_dir: Path,
    monkeypatch,
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "torn.png").write_bytes(photo.read_bytes()[:-1000])
    (tmp_path / "folder").mkdir()
    names = {"photo": photo, "none": tmp_path / "none", "folder": tmp_path / "folder"}
    names |= {name: tmp_path / f"{name}.png" for name in ("empty", "text", "torn")}
    before = sorted(tmp_path.rglob("*"))
    ran = command("convert", *(each.format(**names) for each in arguments))
    assert ran.code == 2
    assert ran.stdout == ""
    assert sentence.format(weights=weights_dir) in ran.stderr
    assert ran.stderr.startswith("error: ")
    assert ran.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_model_with_other_bytes_than_its_card_says_is_refused(
    command, photo: Path, weights_dir: Path, tmp_path: Path
) -> None:
    model = weights_dir / "negate.onnx"
    model.write_bytes(model.read_bytes().replace(b"Neg", b"Abs"))
    ran = command("convert", photo, tmp_path / "out.png")
    assert ran.code == 2
    assert "sha256 of" in ran.stderr
    ran = command("models", "verify")
    assert ran.code == 3
    assert "negate: sha256 of" in ran.stdout


def test_one_of_several_models_must_be_named(
    command, add_model, photo: Path, weights_dir: Path, tmp_path: Path
) -> None:
    add_model(weights_dir, "same", operator="Identity")
    ran = command("convert", photo, tmp_path / "out.png")
    assert (ran.code, ran.stderr) == (2, "error: choose one of the models with -m: negate, same\n")
    assert command("convert", photo, tmp_path / "out.png", "-m", "same").code == 0
    assert (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("in", "out", "--engine", "ray", "--watch"),
        ("photo.png", "out.png", "--engine", "ray"),
        ("in", "out", "--address", "auto"),
        ("photo.png", "-", "--json"),
        ("photo.png", "out.png", "--watch"),
        ("in", "-"),
        ("photo.png", "-", "--copy-sidecars"),
        ("photo.png", "out.png", "--report", "photo.png"),
        ("-", "in"),
        ("-", "photo.png", "out"),
        ("photo.png", "in/a.png", "-"),
        ("photo.png", "in/a.png", "out", "--watch"),
        ("photo.png", "in/a.png", "out", "--glob", "*.png"),
    ],
)
def test_what_does_not_go_together_is_exit_2(
    command, photo: Path, folder: Path, monkeypatch, arguments: tuple[str]
) -> None:
    monkeypatch.chdir(photo.parent)
    ran = command("convert", *arguments)
    assert (ran.code, ran.stdout) == (2, "")


def test_two_runs_into_one_folder_do_not_mix(command, folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    report.write_text("of the other one")
    with open_manifest(tmp_path / "out", {}):
        ran = command("convert", folder, tmp_path / "out", "--report", report)
    assert (ran.code, report.read_text()) == (2, "of the other one")
    assert "another cyclegan convert writes to" in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_behind_the_lines_for_scripts_is_said(photo: Path, weights_dir: Path) -> None:
    asked = ["convert", photo, photo.with_name("out.png"), "--weights", weights_dir, "--json"]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-c", "from app.cli import main; main()", *map(str, asked)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert ran.returncode == 2
    assert "error: standard output could not be written: no space left on device" in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_behind_the_report_is_said(command, photo: Path) -> None:
    ran = command("convert", photo, photo.with_name("out.png"), "--report", "/dev/full")
    assert ran.code == 2
    assert "error: /dev/full could not be written: no space left on device" in ran.stderr
