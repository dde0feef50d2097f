"""`cyclegan convert` as people and scripts meet it: what comes out, and what is said of it."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from app import conversion
from cyclegan.contract.errors import StorageError
from cyclegan.contract.images import Picture
from cyclegan.contract.saving import save_picture


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


@pytest.mark.skipif(os.name != "posix", reason="there is no /dev/null")
def test_a_report_may_go_to_what_is_no_file(command, photo: Path, tmp_path: Path) -> None:
    ran = command("convert", photo, tmp_path / "out.png", "--report", "/dev/null")
    assert (ran.code, (tmp_path / "out.png").exists()) == (0, True)


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
        (photo, f"{tmp_path}/new/"),
    ):
        assert command("convert", *arguments).code == 0
    for name in ("1.png", "2.png", "3.png", "4.png", "out/photo.png", "new/photo.png"):
        assert (tmp_path / name).exists()
    for arguments in ((), (photo,), ("-i", photo), ("-o", photo)):
        ran = command("convert", *arguments)
        assert ran.code == 2
        assert "expected an INPUT and an OUTPUT" in ran.stderr


def test_several_pictures_are_translated_as_a_folder_is(
    command, folder: Path, tmp_path: Path
) -> None:
    out, report = tmp_path / "out", tmp_path / "report.jsonl"
    (folder / "c.txt").write_text("0 0.5 0.5 1 1")
    found = sorted(folder.glob("*.*"))  # as a shell makes of *.*
    ran = command("convert", *found, out, "--copy-sidecars", "--report", report)
    assert (ran.code, sorted(path.name for path in out.glob("[!.]*"))) == (
        3,
        ["a.png", "c.png", "c.txt"],
    )
    assert "2/3 failed: " in ran.stderr
    assert [json.loads(line)["status"] for line in report.read_text().splitlines()] == [
        "done",
        "failed",
        "done",
    ]
    for arguments in (("-i", *found, "-o", out), (*found, "-o", out), (folder, out)):
        assert ": 0 done, 2 skipped, 1 failed" in command("convert", *arguments).stdout
    options = ("--limit", 1, "--suffix", "_z")
    assert command("convert", *found, tmp_path / "other", *options).code == 0
    assert [path.name for path in (tmp_path / "other").glob("[!.]*")] == ["a_z.png"]


def test_what_was_left_alone_in_a_folder_is_told(command, folder: Path, tmp_path: Path) -> None:
    for name in ("a.cr2", "b.CR2", "clip.mov", "a.txt", "sub/b.cr2"):
        (folder / name).touch()
    told = "3 files were left alone, no pictures that can be read: .cr2 2, .mov 1\n"
    assert command("convert", folder, tmp_path / "out").stdout.startswith(f"{told}{tmp_path}")
    assert told in command("convert", folder, tmp_path / "out", "--json").stderr
    assert "left alone" not in command("convert", folder, tmp_path / "out", "--glob=*.png").stdout
    for number in range(5):
        (folder / f"d.{number}").touch()
    told = (
        "8 files were left alone, no pictures that can be read: .cr2 2, .0 1, .1 1, .2 1, .3 1, ..."
    )
    assert told in command("convert", folder, tmp_path / "out").stdout.splitlines()


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


def test_a_disk_that_fills_up_says_how_far_it_came_and_how_to_go_on(
    command, folder: Path, tmp_path: Path, monkeypatch
) -> None:
    def fill(picture: Picture, path: Path, *, quality: int) -> tuple[int, int]:
        if path.name == "c.png":
            cause = OSError(errno.ENOSPC, "No space left on device")
            raise StorageError("out could not be written: no space left on device") from cause
        return save_picture(picture, path, quality=quality)

    monkeypatch.setattr(conversion, "save_picture", fill)
    ran = command("convert", folder, tmp_path / "out")
    assert ran.code == 2
    assert ran.stderr.splitlines()[-2:] == [
        "stopped: 1 picture is done; run the same command again for the rest",
        "error: out could not be written: no space left on device",
    ]


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
