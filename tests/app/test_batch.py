"""Which file becomes which, and that one failure is one failure."""

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.batch import Job, convert_all, convert_one, plan_file, plan_folder
from cyclegan.contract.errors import InputError, PictureError, StorageError
from cyclegan.contract.images import Picture, load_picture


def same(picture: Picture) -> Picture:
    return picture


@pytest.fixture
def put(tmp_path: Path):
    """A function that puts a 4 x 4 picture at each of these paths, and gives the folder."""

    def make(*names: str) -> Path:
        for i, name in enumerate(names):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (4, 4), (i, i, i)).save(path)
        return tmp_path

    return make


def outputs(jobs: list[Job], folder: Path) -> list[str]:
    return [str(job.output.relative_to(folder)) for job in jobs]


def test_the_tree_is_mirrored_and_nothing_collides(put) -> None:
    at = put("in/a.jpg", "in/a.png", "in/sub/a.jpg", "in/sub/ü 🐴.webp")
    jobs = plan_folder(at / "in", at / "out", recursive=True)
    assert outputs(jobs, at / "out") == ["a.jpg", "a.png", "sub/a.jpg", "sub/ü 🐴.webp"]
    assert outputs(plan_folder(at / "in", at / "out"), at / "out") == ["a.jpg", "a.png"]


def test_formats_that_are_not_written_become_png_beside_any_neighbour(put) -> None:
    at = put("in/a.gif", "in/a.gif.png", "in/a.png")
    jobs = plan_folder(at / "in", at / "out")
    assert {job.source.name: job.output.name for job in jobs} == {
        "a.gif": "a.gif.png.png",
        "a.gif.png": "a.gif.png",
        "a.png": "a.png",
    }
    assert plan_file(at / "in" / "a.gif", at).output == at / "a.gif.png"


def test_an_output_folder_inside_the_input_is_not_read(put) -> None:
    at = put("in/a.png", "in/out/a.png", "in/outer/a.png")
    jobs = plan_folder(at / "in", at / "in" / "out", recursive=True)
    assert outputs(jobs, at / "in" / "out") == ["a.png", "outer/a.png"]


def test_no_picture_is_overwritten_by_another_ones_translation(put) -> None:
    at = put("out/in/in/a.png", "out/in/a.png")  # the first would be written over the second
    with pytest.raises(InputError, match="is one of the pictures to translate"):
        plan_folder(at / "out" / "in", at / "out", recursive=True)


def test_no_picture_is_overwritten_by_its_own_translation(put) -> None:
    at = put("in/a.png")
    with pytest.raises(InputError, match="both input and output"):
        plan_folder(at / "in", at / "in" / ".." / "in")
    (at / "out").mkdir()
    (at / "out" / "a.png").symlink_to(at / "in" / "a.png")
    job = plan_file(at / "in" / "a.png", at / "out")
    with pytest.raises(InputError, match="would be replaced"):
        convert_one(same, job, overwrite=True)


def test_a_folder_without_pictures_says_where_to_look(put) -> None:
    at = put("in/sub/a.png")
    with pytest.raises(InputError, match=r"in has no pictures \(.*\.png.*\); -r looks into"):
        plan_folder(at / "in", at / "out")
    (at / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty has no pictures \([^)]*\)$"):
        plan_folder(at / "empty", at / "out", recursive=True)


def test_results_come_in_order_and_failures_do_not_stop_the_rest(put) -> None:
    at = put(*(f"in/{i:02}.png" for i in range(12)))
    (at / "in" / "05.png").write_text("no picture")
    (at / "in" / "07.png").write_bytes(b"")
    results = list(convert_all(same, plan_folder(at / "in", at / "out")))
    assert [result.source.name for result in results] == [f"{i:02}.png" for i in range(12)]
    failed = {result.source.name: result.reason for result in results if result.status == "failed"}
    assert failed.keys() == {"05.png", "07.png"}
    assert "is empty" in (failed["07.png"] or "")
    for i in set(range(12)) - {5, 7}:
        assert load_picture(at / "out" / f"{i:02}.png").rgb.max() == i


def test_a_model_that_fails_on_a_picture_fails_that_picture(put) -> None:
    at = put("in/a.png", "in/b.png")

    def fail_on_black(picture: Picture) -> Picture:
        if not picture.rgb.any():
            raise PictureError("too dark")
        return picture

    results = list(convert_all(fail_on_black, plan_folder(at / "in", at / "out")))
    assert [(result.status, result.reason) for result in results] == [
        ("failed", "too dark"),
        ("done", None),
    ]


def test_a_full_disk_stops_everything(put) -> None:
    at = put(*(f"in/{i:02}.png" for i in range(12)))

    def fill(_picture: Picture) -> Picture:
        cause = OSError(errno.ENOSPC, "No space left on device")
        raise StorageError("out could not be written: no space left on device") from cause

    with pytest.raises(StorageError, match="no space left"):
        list(convert_all(fill, plan_folder(at / "in", at / "out")))


def test_alpha_and_size_are_kept(tmp_path: Path) -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (5, 3, 4), dtype=np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    result = convert_one(same, Job(tmp_path / "a.png", tmp_path / "b.png"))
    assert (result.status, result.width, result.height) == ("done", 3, 5)
    with Image.open(tmp_path / "b.png") as image:
        np.testing.assert_array_equal(np.asarray(image), rgba)
