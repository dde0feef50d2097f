"""One failure is one failure, what is done is not done again, and a kill leaves nothing behind."""

import errno
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from app import batch
from app.batch import convert_all
from app.conversion import convert_one
from app.manifest import IS_DONE, open_manifest
from app.plan import FolderPlan, Job, plan_file
from app.progress import Progress
from app.terminal import describe
from cyclegan.contract.errors import InputError, PictureError, StorageError
from cyclegan.contract.images import Picture, load_picture
from tests.app.folders import RECIPE, refuse, run, same, statuses
from tests.contract.test_animation import moving


def test_results_come_in_order_and_failures_do_not_stop_the_rest(put) -> None:
    at = put(*(f"in/{i:02}.png" for i in range(12)))
    (at / "in" / "05.png").write_text("no picture")
    (at / "in" / "07.png").write_bytes(b"")
    results = run(at)
    assert [result.source.name for result in results] == [f"{i:02}.png" for i in range(12)]
    failed = {result.source.name: result.reason for result in results if result.status == "failed"}
    assert failed.keys() == {"05.png", "07.png"}
    assert "is empty" in (failed["07.png"] or "")
    for i in set(range(12)) - {5, 7}:
        assert load_picture(at / "out" / f"{i:02}.png").rgb.max() == i


def test_a_result_says_how_large_both_files_are(put) -> None:
    at = put("in/a.png")
    (result,) = run(at)
    assert (result.width, result.height) == (4, 4)
    assert result.source_bytes == (at / "in" / "a.png").stat().st_size
    assert result.output_bytes == (at / "out" / "a.png").stat().st_size
    one = convert_one(same, Job(at / "in" / "a.png", at / "one.png"))
    assert one.source_bytes == result.source_bytes


def test_pages_that_are_not_translated_are_told(put) -> None:
    at = put("in/a.tif", "in/b.tif")
    pages = [Image.new("RGB", (4, 4), colour) for colour in ("red", "green", "blue")]
    pages[0].save(at / "in" / "b.tif", save_all=True, append_images=pages[1:])
    a, b = run(at)
    assert (a.status, a.reason) == ("done", None)
    assert (b.status, b.reason) == ("done", "only the first of its 3 pages")
    assert "4 x 4 pixels (only the first of its 3 pages), " in describe(b)
    assert statuses(run(at)) == {"a.tif": IS_DONE, "b.tif": IS_DONE}


def test_frames_that_are_not_in_a_still_picture_are_told(put) -> None:
    at = put("in/a.png")
    (at / "moving.gif").write_bytes(moving("GIF"))
    still = convert_one(same, Job(at / "moving.gif", at / "still.jpg"))
    assert (still.status, still.reason) == ("done", "only the first of its 4 frames")
    assert convert_one(same, Job(at / "moving.gif", at / "moving.webp")).reason is None


def test_a_model_that_fails_on_a_picture_fails_that_picture(put) -> None:
    at = put("in/a.png", "in/b.png", "in/c.png")

    def fail_on_some(picture: Picture) -> Picture:
        if picture.rgb.max() == 0:
            raise PictureError("too dark")
        if picture.rgb.max() == 1:
            raise MemoryError
        return picture

    results = run(at, fail_on_some)
    assert [result.status for result in results] == ["failed", "failed", "done"]
    assert results[0].reason == "too dark"
    assert "b.png needs more memory than there is" in (results[1].reason or "")


def test_a_full_disk_stops_everything(put) -> None:
    at = put(*(f"in/{i:02}.png" for i in range(12)))

    def fill(_picture: Picture) -> Picture:
        cause = OSError(errno.ENOSPC, "No space left on device")
        raise StorageError("out could not be written: no space left on device") from cause

    with pytest.raises(StorageError, match="no space left"):
        run(at, fill)


def test_no_picture_is_overwritten_by_its_own_translation(put) -> None:
    at = put("in/a.png")
    (at / "out").mkdir()
    (at / "out" / "a.png").symlink_to(at / "in" / "a.png")
    job = plan_file(at / "in" / "a.png", at / "out")
    with pytest.raises(InputError, match="would be replaced"):
        convert_one(same, job, overwrite=True)


def test_alpha_and_size_are_kept(tmp_path: Path) -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (5, 3, 4), dtype=np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    result = convert_one(same, Job(tmp_path / "a.png", tmp_path / "b.png"))
    assert (result.status, result.width, result.height) == ("done", 3, 5)
    with Image.open(tmp_path / "b.png") as image:
        np.testing.assert_array_equal(np.asarray(image), rgba)


def test_what_is_done_is_not_done_again(put) -> None:
    at = put("in/a.png", "in/b.heic", "in/sub/c.png")
    assert set(statuses(run(at, recursive=True)).values()) == {"done"}
    assert set(statuses(run(at, refuse, recursive=True)).values()) == {IS_DONE}


def test_a_changed_picture_a_missing_output_and_another_recipe_are_done_again(put) -> None:
    at = put("in/a.png", "in/b.png", "in/c.png")
    run(at)
    Image.new("RGB", (4, 4), "red").save(at / "in" / "a.png")
    (at / "out" / "b.png").unlink()
    assert statuses(run(at)) == {"a.png": "done", "b.png": "done", "c.png": IS_DONE}
    assert load_picture(at / "out" / "a.png").rgb[0, 0].tolist() == [255, 0, 0]
    assert set(statuses(run(at, recipe={"model": "other"})).values()) == {"done"}
    assert set(statuses(run(at, recipe={"model": "other"})).values()) == {IS_DONE}
    assert set(statuses(run(at, overwrite=True)).values()) == {"done"}


def test_what_others_wrote_or_changed_is_left_alone(put) -> None:
    at = put("in/a.png", "in/b.png", "in/c.png", "out/a.png")
    theirs = (at / "out" / "a.png").read_bytes()
    run(at)
    (at / "out" / "b.png").write_text("retouched")
    (at / "moved").mkdir()
    for path in (at / "in").iterdir():
        path.rename(at / "moved" / path.name)
    (at / "in").rmdir()
    (at / "moved").rename(at / "in")  # the same pictures: what is done stays done
    told = statuses(run(at, recipe={"model": "other"}))
    assert told["a.png"] == "it is there already; --overwrite replaces it"
    assert told["b.png"] == "it was changed since it was written; --overwrite replaces it"
    assert told["c.png"] == "done"
    assert (at / "out" / "a.png").read_bytes() == theirs
    assert (at / "out" / "b.png").read_text() == "retouched"


def test_what_is_done_stays_done_by_another_way_to_the_pictures_and_where_they_moved(put) -> None:
    at = put("in/a.png")
    run(at)

    def again(folder: str) -> dict[str, str]:
        with open_manifest(at / "out", RECIPE) as manifest:
            plan = FolderPlan(at / folder, at / "out")
            return statuses(list(convert_all(refuse, plan, manifest)))

    (at / "link").symlink_to("in")
    assert again("link") == {"a.png": IS_DONE}
    (at / "in").rename(at / "moved")
    assert again("moved") == {"a.png": IS_DONE}


@pytest.mark.parametrize("same_stamp", [False, True])
def test_two_folders_with_the_same_names_do_not_take_each_others_place(
    put, same_stamp: bool
) -> None:
    at = put("in/a.png")
    run(at)
    ours = (at / "out" / "a.png").read_bytes()
    put("other/b.png", "other/a.png")
    if same_stamp:  # of a camera without a clock, say
        shutil.copy2(at / "in" / "a.png", at / "other" / "a.png")
    with open_manifest(at / "out", RECIPE) as manifest:
        results = list(convert_all(same, FolderPlan(at / "other", at / "out"), manifest))
    assert statuses(results) == {
        "a.png": f"it is the translation of {at / 'in' / 'a.png'}; --overwrite replaces it",
        "b.png": "done",
    }
    assert (at / "out" / "a.png").read_bytes() == ours


def test_what_a_kill_left_is_swept_away_and_done_again(put) -> None:
    at = put("in/a.png", "in/b.png", "in/sub/c.png")
    whole = {job.output: job for job in FolderPlan(at / "in", at / "out", recursive=True)}
    with open_manifest(at / "out", RECIPE) as manifest:
        for job in whole.values():
            manifest.begin(job)
    # Killed: one is renamed and not noted, of another there is a half.
    (at / "out" / "a.png").write_text("of another model")
    (at / "out" / "sub").mkdir()
    for folder in (at / "out", at / "out" / "sub"):
        (folder / ".tmp-0123456789ab.png").write_text("half")
    (at / "out" / ".tmp-mine").touch()
    assert set(statuses(run(at, recursive=True)).values()) == {"done"}
    assert [path.name for path in (at / "out").rglob(".tmp-*")] == [".tmp-mine"]
    assert set(statuses(run(at, refuse, recursive=True)).values()) == {IS_DONE}


def test_a_failure_leaves_the_earlier_translation_and_what_is_known_of_it(put) -> None:
    at = put("in/a.png")
    run(at)
    ours, good = (at / "out" / "a.png").read_bytes(), (at / "in" / "a.png").read_bytes()
    (at / "in" / "a.png").write_text("no picture")
    assert [result.status for result in run(at)] == ["failed"]
    assert (at / "out" / "a.png").read_bytes() == ours
    (at / "in" / "a.png").write_bytes(good)
    assert statuses(run(at)) == {"a.png": "done"}  # not: changed by someone else


def test_an_iterator_that_is_closed_early_knows_what_it_did(put) -> None:
    at = put(*(f"in/{i:02}.png" for i in range(40)))
    with open_manifest(at / "out", RECIPE) as manifest:
        results = convert_all(same, FolderPlan(at / "in", at / "out"), manifest)
        next(results)
        results.close()
    written = len(list((at / "out").glob("*.png")))
    assert 0 < written < 40
    assert list(statuses(run(at)).values()).count(IS_DONE) == written


def test_what_is_under_way_when_it_is_closed_early_can_be_stopped(put) -> None:
    at = put("in/a.png", "in/b.png")
    progress, has_begun = Progress(), Event()

    def translate(picture: Picture) -> Picture:
        if picture.rgb.max() == 0:  # the first one, which is done when the second one has begun
            has_begun.wait(60)
            return picture
        has_begun.set()
        while True:
            progress.check()
            time.sleep(0.001)

    with open_manifest(at / "out", RECIPE) as manifest:
        plan = FolderPlan(at / "in", at / "out")
        results = convert_all(translate, plan, manifest, stop=progress.stop)
        assert next(results).status == "done"
        results.close()
    assert statuses(run(at)) == {"a.png": IS_DONE, "b.png": "done"}


def test_what_was_not_come_to_when_it_is_closed_early_is_trusted_as_before(
    put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MOST_WORKERS", 1)
    at = put("in/a.png", "in/b.png", "in/c.png")
    run(at)
    are_begun, is_closed = Event(), Event()

    def jobs() -> Iterator[Job]:
        *others, last = FolderPlan(at / "in", at / "out")
        yield from others
        are_begun.set()
        yield last

    def translate(picture: Picture) -> Picture:
        (are_begun if picture.rgb.max() == 0 else is_closed).wait(60)
        time.sleep(0.2)  # so that who closes is quicker than who takes the next one
        return picture

    with open_manifest(at / "out", {"another": "recipe"}) as manifest:
        results = convert_all(translate, jobs(), manifest, stop=is_closed.set)
        assert next(results).status == "done"
        results.close()
    (at / "out" / "c.png").write_bytes(b"by hand")
    told = statuses(run(at, recipe={"another": "recipe"}))
    assert told.pop("c.png").startswith("it was changed since it was written")
    assert told == {"a.png": IS_DONE, "b.png": IS_DONE}


def test_a_name_that_has_no_room_for_png_fails_and_the_longest_name_does_not(put) -> None:
    at = put(f"in/{'ü' * 125}x.png", f"in/{'b' * 250}.heic", f"in/{'b' * 250}.png")
    told = statuses(run(at))
    assert told.pop(f"{'ü' * 125}x.png") == "done"  # 255 bytes
    assert told.pop(f"{'b' * 250}.png") == "done"
    (reason,) = told.values()
    assert reason.endswith("could not be written: file name too long")


def test_names_that_are_no_text_are_names(put) -> None:
    at = put("in/a.png")
    name = os.fsdecode(b"\xff\xfe.png")
    (at / "in" / "a.png").rename(at / "in" / name)
    assert [result.status for result in run(at)] == ["done"]
    assert [result.reason for result in run(at, refuse)] == [IS_DONE]


def test_links_that_lead_nowhere_fail_alone(put) -> None:
    at = put("in/a.png")
    (at / "in" / "b.png").symlink_to("b.png")
    (at / "in" / "c.png").symlink_to("nowhere.png")
    results = run(at)
    assert [result.status for result in results] == ["done", "failed", "failed"]
    assert "b.png cannot be opened: too many levels of symbolic links" in (results[1].reason or "")


def test_a_picture_of_a_far_future_is_done_and_skipped_as_any_other(put) -> None:
    at = put("in/a.png")
    os.utime(at / "in" / "a.png", (2**34, 2**34))  # the year 2514
    assert [each.status for each in run(at)] == ["done"]
    assert [each.status for each in run(at)] == ["skipped"]
