import os
import shutil
import time
from pathlib import Path

from app.tidy import tidy


def put(path: Path, size: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    return path


def test_what_is_old_goes_and_so_do_folders_that_stay_empty(tmp_path: Path) -> None:
    old, of_page = put(tmp_path / "a/b/old"), put(tmp_path / "d/icon")
    time.sleep(0.2)
    new = put(tmp_path / "c/new")
    shutil.copy2(of_page, tmp_path / "c/copy")  # whose content is old
    tidy(tmp_path, {of_page, of_page.parent}, keep_s=0.1)
    assert [old.exists(), of_page.exists(), new.exists()] == [False, True, True]
    assert (tmp_path / "c/copy").exists()
    for path in (tmp_path / "a/b", tmp_path / "a"):
        tidy(tmp_path, keep_s=10)
        assert path.exists()  # it is empty since a moment ago
        time.sleep(0.02)
        tidy(tmp_path, {of_page, new}, keep_s=0.01)
        assert not path.exists()
    assert (tmp_path / "c").exists()


def test_who_touches_a_folder_keeps_the_files_in_it_and_no_others(tmp_path: Path) -> None:
    kept, other, beside = (put(tmp_path / name) for name in ("a/kept", "b/other", "beside"))
    time.sleep(0.2)
    os.utime(kept.parent)
    os.utime(tmp_path)
    tidy(tmp_path, keep_s=0.1)
    assert [path.exists() for path in (kept, other, beside)] == [True, False, False]


def test_the_oldest_go_until_the_rest_fits(tmp_path: Path) -> None:
    for name in "abcd":
        put(tmp_path / name, 10)
        time.sleep(0.02)
    tidy(tmp_path, max_bytes=25)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "d"]
