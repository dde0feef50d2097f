"""Files are whole or not there, whatever goes wrong."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from cyclegan.contract.errors import StorageError
from cyclegan.contract.files import atomic_write, sha256_of, sweep


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "card.json"
    with atomic_write(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert (temporary.parent, temporary.suffix) == (path.parent, ".json")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def write_half_then(path: Path, fail: Callable[[], object]) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text("half")
        fail()


def interrupt() -> None:
    raise KeyboardInterrupt("Ctrl-C")


def fill_the_disk() -> None:
    with Path("/dev/full").open("wb") as full:  # a device that has no space, ever
        full.write(b"more")


@pytest.mark.parametrize(
    ("fail", "error", "sentence"),
    [
        (lambda: int("no"), ValueError, "invalid literal"),
        (interrupt, KeyboardInterrupt, "Ctrl-C"),
        (fill_the_disk, StorageError, r"latest\.ckpt could not be written: no space left"),
    ],
)
def test_an_error_leaves_the_earlier_file_and_nothing_else(
    tmp_path: Path, fail: Callable[[], object], error: type[BaseException], sentence: str
) -> None:
    path = tmp_path / "latest.ckpt"
    path.write_text("the last good one")
    with pytest.raises(error, match=sentence):
        write_half_then(path, fail)
    assert path.read_text() == "the last good one"
    assert list(tmp_path.iterdir()) == [path]


def test_the_bytes_are_on_disk_before_the_rename_and_the_rename_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flushed = tmp_path / "latest.ckpt", []  # by inode, and whether the rename was done
    flush = os.fsync

    def note(handle: int) -> None:
        flushed.append((os.fstat(handle).st_ino, path.exists()))
        flush(handle)

    monkeypatch.setattr(os, "fsync", note)
    with atomic_write(path) as temporary:
        temporary.write_text("whole")
    assert flushed == [(path.stat().st_ino, False), (tmp_path.stat().st_ino, True)]


@pytest.mark.parametrize("reason", [errno.EINVAL, errno.EACCES])
def test_a_folder_that_cannot_be_flushed_has_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    flush = os.fsync

    def flush_no_folder(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(reason, os.strerror(reason))
        flush(handle)

    monkeypatch.setattr(os, "fsync", flush_no_folder)
    with atomic_write(tmp_path / "whole.json") as temporary:
        temporary.write_text("whole")
    reason = errno.EIO
    with pytest.raises(StorageError), atomic_write(tmp_path / "lost.json"):
        pass


def test_no_file_stays_open(tmp_path: Path) -> None:
    def lowest_free() -> int:
        with Path(os.devnull).open() as file:
            return file.fileno()

    before = lowest_free()
    with atomic_write(tmp_path / "file") as temporary:
        temporary.write_text("whole")
    assert lowest_free() == before


def test_the_cause_keeps_its_number(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as raised:
        write_half_then(tmp_path / "file", fill_the_disk)
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.__cause__.errno == errno.ENOSPC


def test_a_folder_in_the_way_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="not a regular file"):
        write_half_then(tmp_path, interrupt)
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file is a file, so nothing can be written in it"):
        write_half_then(tmp_path / "file" / "inside", interrupt)


def test_a_link_keeps_pointing_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with atomic_write(tmp_path / "link") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_names_of_255_bytes_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 125 + "x.png")
    assert len(path.name.encode()) == 255
    with atomic_write(path) as temporary:
        temporary.touch()
    assert path.exists()


def test_what_killed_writers_left_is_swept_away(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.png") as temporary:
        left = temporary.name
    for name in (left, ".tmp-mine", "tmp-0123456789ab.png", ".tmp-0123456789abc"):
        (tmp_path / name).touch()
    sweep(tmp_path)
    kept = {"a.png", ".tmp-mine", "tmp-0123456789ab.png", ".tmp-0123456789abc"}
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"bytes" * 100_000)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"bytes" * 100_000).hexdigest()
    with pytest.raises(StorageError, match="could not be read: no such file"):
        sha256_of(tmp_path / "nowhere")
