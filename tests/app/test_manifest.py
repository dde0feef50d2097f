"""The manifest is one file that says when it cannot be used."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from app.manifest import IS_THERE, NAME, open_manifest
from app.plan import Job
from cyclegan.contract.errors import StorageError


def use(folder: Path) -> None:
    with open_manifest(folder, {}):
        pass


def test_it_is_one_file_when_it_is_closed(tmp_path: Path) -> None:
    use(tmp_path / "new" / "out")
    assert [path.name for path in (tmp_path / "new" / "out").iterdir()] == [NAME]


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    with open_manifest(tmp_path, {}), pytest.raises(StorageError, match="another cyclegan convert"):
        use(tmp_path)
    use(tmp_path)


def test_a_damaged_one_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError, match=r"\.cyclegan\.sqlite is damaged; delete it"):
        use(tmp_path)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (sqlite3.SQLITE_FULL, "the disk is full"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "it is read-only"),
    ],
)
def test_what_is_wrong_with_the_disk_is_called_that(
    tmp_path: Path, code: int, sentence: str
) -> None:
    error = sqlite3.OperationalError("in words of its own")
    error.sqlite_errorcode = code
    sentence = f"{tmp_path} could not be written: {sentence}"
    with pytest.raises(StorageError, match=sentence), open_manifest(tmp_path, {}):
        raise error


def test_one_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    use(tmp_path)
    database = sqlite3.connect(tmp_path / NAME)
    database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(StorageError, match="is of version 9, this program knows 1"):
        use(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file/out could not be written: not a directory"):
        use(tmp_path / "file" / "out")


def test_a_folder_that_is_deleted_meanwhile_ends_the_run(tmp_path: Path) -> None:
    job = Job(tmp_path / "a.png", tmp_path / "out" / "a.png")
    with open_manifest(tmp_path / "out", {}) as manifest:
        manifest.begin(job)
        shutil.rmtree(tmp_path / "out")
        with pytest.raises(StorageError, match="out was deleted meanwhile"):
            manifest.begin(job)
        use(tmp_path / "out")  # and made anew by another run
        with pytest.raises(StorageError, match="out was deleted meanwhile"):
            manifest.begin(job)


def test_what_was_given_up_is_trusted_as_before(tmp_path: Path) -> None:
    killed, others = (Job(tmp_path / name, tmp_path / "out" / name) for name in ("a.png", "b.png"))
    with open_manifest(tmp_path / "out", {}) as manifest:
        manifest.begin(killed)
        for job in (killed, others):
            job.output.write_bytes(b"a picture")
    with open_manifest(tmp_path / "out", {}) as manifest:
        for job in (killed, others):
            manifest.begin(job)
            manifest.give_up(job)
    with open_manifest(tmp_path / "out", {}) as manifest:
        assert manifest.reason_to_skip(killed, None) is None
        assert manifest.reason_to_skip(others, None) == IS_THERE
