"""The command as people and scripts meet it: exit codes, and what goes to which stream."""

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
from PIL import ExifTags, Image

from app.batch import MOST_WORKERS
from app.manifest import open_manifest
from cyclegan.contract.looks import MIN_PICTURES


@pytest.fixture
def photo(tmp_path: Path, noise) -> Path:
    Image.fromarray(noise(37, 53)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def folder(tmp_path: Path, noise) -> Path:
    """Three good pictures and one bad."""
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.png", "c.png", "sub/a.png"):
        Image.fromarray(noise(8, 9)).save(folder / name)
    (folder / "b.png").write_text("no picture")
    return folder


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (37, 53), (64, 64), (130, 7)])
def test_negate_gives_exactly_255_minus_v(command, tmp_path: Path, noise, size) -> None:
    rgb = noise(*size)
    Image.fromarray(rgb).save(tmp_path / "in.png")
    ran = command("convert", tmp_path / "in.png", tmp_path / "out.png", "-m", "negate")
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"{tmp_path / 'out.png'}: {size[1]} x {size[0]} pixels, ")
    with Image.open(tmp_path / "out.png") as out:
        np.testing.assert_array_equal(np.asarray(out), 255 - rgb)


def test_alpha_comes_through_untouched(command, tmp_path: Path, noise) -> None:
    rgba = noise(9, 11, 4)
    Image.fromarray(rgba).save(tmp_path / "in.png")
    assert command("convert", tmp_path / "in.png", tmp_path / "out.png").code == 0
    with Image.open(tmp_path / "out.png") as out:
        np.testing.assert_array_equal(np.asarray(out)[..., 3], rgba[..., 3])
        np.testing.assert_array_equal(np.asarray(out)[..., :3], 255 - rgba[..., :3])


@pytest.mark.parametrize(
    ("mode", "codec"),
    [("L", "PNG"), ("1", "PNG"), ("P", "PNG"), ("P", "GIF"), ("I;16", "PNG"), ("CMYK", "TIFF")],
)
def test_other_kinds_of_pixels_are_negated_too(
    command, tmp_path: Path, noise, mode: str, codec: str
) -> None:
    rgb = Image.fromarray(noise(9, 11))
    grey = np.asarray(rgb.convert("L")).astype(np.uint16) * 257
    image = Image.fromarray(grey) if mode == "I;16" else rgb.convert(mode)
    image.save(tmp_path / "in", codec)
    seen = rgb.convert("L") if mode == "I;16" else image  # v * 257 is v in 8 bits
    assert command("convert", tmp_path / "in", tmp_path / "out.png").code == 0
    with Image.open(tmp_path / "out.png") as out:
        np.testing.assert_array_equal(np.asarray(out), 255 - np.asarray(seen.convert("RGB")))


def test_a_turned_photo_comes_back_upright(command, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (40, 30), "red").save(tmp_path / "in.jpg", exif=exif)
    assert command("convert", tmp_path / "in.jpg", tmp_path / "out.jpg").code == 0
    with Image.open(tmp_path / "out.jpg") as out:
        assert out.size == (30, 40)
        assert ExifTags.Base.Orientation not in out.getexif()


def test_a_folder_with_one_bad_file_does_the_rest_and_exits_3(
    command, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ran = command("convert", folder, out, "-r", "--report", tmp_path / "report.jsonl")
    assert ran.code == 3
    assert ran.stdout.startswith(f"{out}: 3 done, 0 skipped, 1 failed in ")
    done = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert done == [".cyclegan.sqlite", "a.png", "c.png", "sub/a.png"]
    bad = f"{folder / 'b.png'} is not a picture that can be read"
    assert f"2/4 failed: {bad}" in ran.stderr
    lines = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    assert [line["status"] for line in lines] == ["done", "failed", "done", "done"]
    assert lines[0]["source"] == str(folder / "a.png")
    assert (lines[0]["width"], lines[0]["height"]) == (9, 8)
    assert lines[1]["reason"].startswith(bad)


def test_done_work_is_skipped_unless_overwritten(command, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command("convert", folder, out)
    (out / "a.png").write_text("mine")
    assert ": 0 done, 2 skipped, 1 failed" in command("convert", folder, out).stdout
    assert (out / "a.png").read_text() == "mine"
    assert ": 2 done, 0 skipped, 1 failed" in command("convert", folder, out, "--overwrite").stdout
    assert (out / "a.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("said", [{"default_size": 2}, {"default_detail": "off"}])
def test_what_a_card_says_otherwise_now_is_done_again(
    command, folder: Path, weights_dir: Path, tmp_path: Path, said: dict[str, object]
) -> None:
    arguments = ("convert", folder, tmp_path / "out")
    command(*arguments)
    card = json.loads((weights_dir / "negate.json").read_text())
    (weights_dir / "negate.json").write_text(json.dumps(card | said))
    assert " 0 skipped" in command(*arguments).stdout
    assert ": 0 done" in command(*arguments).stdout


def test_json_is_one_line_a_picture_on_stdout(command, folder: Path, tmp_path: Path) -> None:
    ran = command("convert", "-i", folder, "-o", tmp_path / "out", "--json")
    assert ran.code == 3
    assert [json.loads(line)["status"] for line in ran.stdout.splitlines()] == [
        "done",
        "failed",
        "done",
    ]


def test_paths_can_be_given_by_place_or_by_option(command, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for arguments in (
        (photo, tmp_path / "1.png"),
        ("-i", photo, "-o", tmp_path / "2.png"),
        (photo, "-o", tmp_path / "3.png"),
        ("-i", photo, tmp_path / "4.png"),
        (photo, tmp_path / "out"),
    ):
        assert command("convert", *arguments).code == 0
    for name in ("1.png", "2.png", "3.png", "4.png", "out/photo.png"):
        assert (tmp_path / name).exists()
    for arguments in ((), (photo,), (photo, photo, photo), ("-i", photo, photo, photo)):
        ran = command("convert", *arguments)
        assert ran.code == 2
        assert "expected one INPUT and one OUTPUT" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("{none}", "out.png"), "does not exist; give a picture or a folder"),
        (("{empty}", "out.png"), "is empty (0 bytes)"),
        (("{text}", "out.png"), "is not a picture that can be read"),
        (("{torn}", "out.png"), "is truncated or damaged"),
        (("{photo}", "out.xyz"), "neither an existing folder nor a file name that ends in"),
        (("{photo}", "{photo}"), "would be replaced by its translation"),
        (
            ("{photo}", "{text}/out.png", "--overwrite"),
            "is a file, so nothing can be written in it",
        ),
        (("{folder}", "out"), "has no pictures (.apng .avif .bmp"),
        (("{folder}", "{folder}"), "is both input and output"),
        (("{folder}", "{photo}"), "is a file; name a folder"),
        (("{photo}", "out.png", "-m", "negat"), 'unknown model "negat"; did you mean "negate"?'),
        (("{photo}", "out.png", "--weights", "{none}"), "does not exist; name another one"),
        (("{photo}", "out.png", "--weights", "{folder}"), "has no models; export one"),
    ],
)
def test_unusable_input_is_one_sentence_and_exit_2(
    command, photo: Path, tmp_path: Path, monkeypatch, arguments: tuple[str, ...], sentence: str
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
    assert sentence in ran.stderr
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
    assert (ran.code, ran.stderr) == (2, "error: choose one of the models: negate, same\n")
    assert command("convert", photo, tmp_path / "out.png", "-m", "same").code == 0
    assert (tmp_path / "out.png").exists()


def test_models_are_listed_for_people(command, weights_dir: Path, add_model) -> None:
    (weights_dir / "torn.json").write_text("{")
    ran = command("models")
    assert ran.code == 0
    row = " ".join(ran.stdout.splitlines()[1].split())
    assert row == "negate photo into negative 0.0 MiB fp32 not measured MIT"
    assert ran.stderr.startswith("cannot be used: ")
    assert "torn.json is not JSON" in ran.stderr


def test_models_are_listed_for_scripts(command, weights_dir: Path) -> None:
    (weights_dir / "torn.json").write_text("{")
    negate, torn = json.loads(command("models", "list", "--json").stdout)
    assert (negate["name"], negate["reason"]) == ("negate", None)
    assert negate["card"] == json.loads((weights_dir / "negate.json").read_text())
    assert torn["card"] is None
    assert "is not JSON" in torn["reason"]


def test_info_shows_everything_that_a_card_says(command, weights_dir: Path) -> None:
    card = json.loads((weights_dir / "negate.json").read_text())
    assert json.loads(command("models", "info", "negate", "--json").stdout) == card
    shown = command("models", "info", "negate").stdout
    for field in card:
        assert field in shown
    assert card["sha256"] in shown


def test_verify_says_so_when_all_is_well(command) -> None:
    ran = command("models", "verify")
    assert (ran.code, ran.stdout) == (0, "negate: as its card says\n")


def test_a_card_is_told_what_its_model_learned_from(
    command, weights_dir: Path, tmp_path: Path, noise
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    before = (weights_dir / "negate.json").read_text()
    for number in range(MIN_PICTURES):
        Image.fromarray(noise(8, 9)).save(pictures / f"{number}.png")
    ran = command("models", "looks", "negate", pictures)
    assert (ran.code, ran.stdout) == (0, f"negate: looks of {MIN_PICTURES} pictures of pictures\n")
    card = json.loads((weights_dir / "negate.json").read_text())
    assert card.pop("looks")["pictures"] == f"{MIN_PICTURES} pictures of pictures"
    assert card.items() < json.loads(before).items()
    assert command("models", "verify").code == 0
    (pictures / "0.png").unlink()
    ran = command("models", "looks", "negate", pictures)
    assert ran.code == 2
    assert f"pictures has fewer than {MIN_PICTURES} pictures that can be read" in ran.stderr
    assert command("models", "looks", "negate", tmp_path / "none").code == 2


def test_a_card_is_given_an_example(command, weights_dir: Path, tmp_path: Path) -> None:
    Image.fromarray(np.full((200, 100, 3), 50, np.uint8)).save(tmp_path / "photo.png")
    ran = command("models", "example", "negate", tmp_path / "photo.png")
    assert (ran.code, ran.stdout) == (0, "negate: negate.example.jpg\n")
    assert json.loads((weights_dir / "negate.json").read_text())["example"] == "negate.example.jpg"
    with Image.open(weights_dir / "negate.example.jpg") as pair:
        assert pair.size == (256, 256)
        assert np.ptp(np.asarray(pair)[:, :100] - 50.0) <= 2
        assert np.ptp(np.asarray(pair)[:, 156:] - 205.0) <= 2
    assert command("models", "example", "negate", tmp_path / "none.png").code == 2


@pytest.mark.parametrize("size", [(3000, 40), (1, 700)])
def test_an_example_of_any_shape_is_small(
    command, weights_dir: Path, tmp_path: Path, noise, size: tuple[int, int]
) -> None:
    Image.fromarray(noise(size[1], size[0])).save(tmp_path / "photo.png")
    assert command("models", "example", "negate", tmp_path / "photo.png").code == 0
    with Image.open(weights_dir / "negate.example.jpg") as pair:
        assert pair.width <= 1024
        assert pair.height <= 256


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("conver",), "Did you mean 'convert'?"),
        (("convert", "--modle", "x"), "--model"),
        (("models", "show"), "No such command 'show'"),
        (("models", "--json", "info"), "give options after the action: models info"),
        (("serve", "--auth", "ada"), "--auth wants USER:PASSWORD"),
        (("serve", "--training-root", "x"), "--training-root goes with --allow-training"),
        (("serve", "--port", "70000"), "less than or equal to 65535"),
    ],
)
def test_wrong_usage_is_exit_2_with_a_hint(command, arguments: tuple[str], sentence: str) -> None:
    ran = command(*arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert sentence in ran.stderr


def test_the_unexpected_is_one_line_and_exit_1(command, monkeypatch) -> None:
    def fail(_self: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("app.store.Store.list", fail)
    ran = command("models")
    assert ran.code == 1
    assert ran.stderr.startswith("unexpected: RuntimeError: a bug; ")
    assert ran.stderr.count("\n") == 1


def test_version_and_help_go_to_stdout(command) -> None:
    assert command("--version").stdout == "0.1.0\n"
    help_text = command("--help").stdout
    for verb in ("serve", "convert", "models", "train", "export", "evaluate"):
        assert f"\n  {verb} " in help_text


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
    assert b"the same command goes on" in stderr
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
    assert "it is done" in ran.stderr
    command(*convert, at_once)
    for path in at_once.glob("*.png"):
        assert (out / path.name).read_bytes() == path.read_bytes()
    names = {path.name for path in at_once.iterdir()}
    assert {path.name for path in out.iterdir()} == names


def models(folder: Path) -> dict[str, str]:
    return os.environ | {"CYCLEGAN_WEIGHTS": str(folder)}


def test_another_model_does_again_what_the_first_one_did(
    command, add_model, folder: Path, weights_dir: Path, tmp_path: Path, noise
) -> None:
    add_model(weights_dir, "same", operator="Identity")
    out = tmp_path / "out"
    command("convert", folder, out, "-m", "negate")
    assert ": 2 done, 0 skipped" in command("convert", folder, out, "-m", "same").stdout
    with Image.open(out / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), noise(8, 9))


def test_a_part_of_a_folder_with_its_labels(command, folder: Path, tmp_path: Path) -> None:
    (folder / "sub" / "a.txt").write_text("0 0.5 0.5 1 1")
    ran = command("convert", folder, tmp_path / "out", "-r", "--glob", "sub/*", "--copy-sidecars")
    assert ran.code == 0
    visible = (path for path in (tmp_path / "out").rglob("[!.]*") if path.is_file())
    assert sorted(path.name for path in visible) == ["a.png", "a.txt"]
    ran = command("convert", folder, tmp_path / "first", "--limit", 1)
    assert (ran.code, [path.name for path in (tmp_path / "first").glob("[!.]*")]) == (0, ["a.png"])


def test_fail_fast_stops_at_the_first_failure(command, folder: Path, tmp_path: Path) -> None:
    ran = command("convert", folder, tmp_path / "out", "-r", "--fail-fast", "--json")
    assert ran.code == 3
    assert [json.loads(line)["status"] for line in ran.stdout.splitlines()] == ["done", "failed"]
    assert "1 done, 0 skipped, 1 failed" in ran.stderr


def test_the_device_that_was_taken_is_told(command, photo: Path, folder: Path, tmp_path) -> None:
    arguments = (tmp_path / "out.png", "--device", "cpu")
    assert command("convert", photo, *arguments).stdout.endswith(" s on cpu\n")
    assert command("convert", folder, tmp_path / "out").stdout.endswith(" s on cpu\n")
    ran = command("convert", photo, tmp_path / "out.png", "--device", "tpu")
    assert (ran.code, ran.stderr.startswith('error: unknown device "tpu"')) == (2, True)


def test_small_tiles_make_the_same_picture(
    command, photo: Path, weights_dir: Path, tmp_path: Path, add_model, noise
) -> None:
    add_model(weights_dir, "negate", receptive_field=8, tiling="exact")
    assert command("convert", photo, tmp_path / "out.png", "--tile", 16).code == 0
    with Image.open(tmp_path / "out.png") as out:
        np.testing.assert_array_equal(np.asarray(out), 255 - noise(37, 53))
    assert command("convert", photo, tmp_path / "other.png", "--tile", 15).code == 2


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
    assert ran.stderr.startswith(b"error: standard input is empty (0 bytes)")


@pytest.mark.parametrize(
    "arguments",
    [
        ("in", "out", "--engine", "ray", "--watch"),
        ("photo.png", "out.png", "--engine", "ray"),
        ("in", "out", "--address", "auto"),
        ("photo.png", "-", "--json"),
        ("photo.png", "out.png", "--watch"),
        ("in", "-"),
        ("-", "in"),
    ],
)
def test_what_does_not_go_together_is_exit_2(
    command, photo: Path, folder: Path, monkeypatch, arguments: tuple[str]
) -> None:
    monkeypatch.chdir(photo.parent)
    ran = command("convert", *arguments)
    assert (ran.code, ran.stdout) == (2, "")


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
    assert process.returncode == 3  # one was no picture when it was first seen
    assert stdout == b""
    assert b"out: 3 done, 0 skipped, 1 failed in " in stderr
    assert b"Traceback" not in stderr


def test_two_runs_into_one_folder_do_not_mix(command, folder: Path, tmp_path: Path) -> None:
    with open_manifest(tmp_path / "out", {}):
        ran = command("convert", folder, tmp_path / "out")
    assert ran.code == 2
    assert "another cyclegan convert writes to" in ran.stderr


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
