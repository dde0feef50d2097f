"""Pictures in object stores: a real S3 server on this machine, and other schemes through fsspec."""

import itertools
import json
import os
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pyarrow", reason="needs pyarrow (extra: stores)")
pytest.importorskip("fsspec", reason="needs fsspec (extra: stores)")
fs = pytest.importorskip("pyarrow.fs", reason="needs pyarrow (extra: stores)")

from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402

from app.places import Address, copy, names_in, place_of, read, stamp_of, write  # noqa: E402
from cyclegan.contract.errors import DependencyError, InputError, StorageError  # noqa: E402
from tests.app.stores import SECRET  # noqa: E402


@pytest.fixture
def bucket(s3: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch) -> Iterator[str]:
    """A folder in a bucket that has `in` with two pictures, one of them torn, and labels."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    address = f"{s3}/{request.node.name}"
    for name in ("in/a.png", "in/sub/é #1.png"):
        Image.new("RGB", (4, 4), (9, 9, 9)).save(tmp_path / "a.png")
        write(Address(f"{address}/{name}"), (tmp_path / "a.png").read_bytes())
    write(Address(f"{address}/in/sub/torn.jpg"), b"no picture")
    write(Address(f"{address}/in/.hidden.png"), b"")
    write(Address(f"{address}/in/a.txt"), b"label")
    write(Address(f"{address}/in/a.cr2"), b"")
    return address


def objects(address: str) -> set[str]:
    """The keys below an address."""
    store, path = fs.FileSystem.from_uri(address)
    found = store.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True))
    return {each.path.removeprefix(f"{path}/") for each in found if each.is_file}


def unfinished_uploads(address: str) -> str:
    server = os.environ["AWS_ENDPOINT_URL"]
    with urllib.request.urlopen(f"{server}/{Address(address).parts[1]}?uploads") as answer:
        return answer.read().decode()


def test_a_folder_in_a_store_is_translated_as_one_of_this_machine(
    command, bucket: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.jsonl"
    arguments = ("convert", f"{bucket}/in", f"{bucket}/out", "-r", "--copy-sidecars")
    ran = command(*arguments, "--report", report)
    assert ran.code == 3
    assert f"{bucket}/out: 2 done, 0 skipped, 1 failed" in ran.stdout
    assert "1 file was left alone, no picture that can be read: .cr2 1\n" in ran.stdout
    assert objects(f"{bucket}/out") == {"a.png", "a.txt", "sub/é #1.png"}
    translated = read(Address(f"{bucket}/out/sub/é #1.png"))
    (tmp_path / "back.png").write_bytes(translated)
    with Image.open(tmp_path / "back.png") as image:
        assert np.asarray(image).min() == np.asarray(image).max() == 255 - 9
    lines = {line["source"]: line for line in map(json.loads, report.read_text().splitlines())}
    assert lines[f"{bucket}/in/a.png"]["output_bytes"] > 0
    assert lines[f"{bucket}/in/sub/é #1.png"]["output_bytes"] == len(translated)
    assert lines[f"{bucket}/in/sub/torn.jpg"]["reason"] == (
        f"{bucket}/in/sub/torn.jpg is not a picture that can be read; use one of "
        "JPEG, PNG, WEBP, AVIF, TIFF, BMP, GIF"
    )
    assert "<Upload>" not in unfinished_uploads(bucket)

    before = stamp_of(Address(f"{bucket}/out/a.png"))
    assert ": 0 done, 2 skipped, 1 failed" in command(*arguments).stdout
    assert stamp_of(Address(f"{bucket}/out/a.png")) == before
    assert ": 2 done, 0 skipped, 1 failed" in command(*arguments, "--strength", "0.5").stdout
    write(Address(f"{bucket}/in/sub/torn.jpg"), (tmp_path / "back.png").read_bytes())
    write(Address(f"{bucket}/out/a.png"), b"retouched")
    ran = command(*arguments, "--strength", "0.5")
    assert ": 1 done, 2 skipped, 0 failed" in ran.stdout
    assert "it was changed since it was written" in ran.stderr
    assert read(Address(f"{bucket}/out/a.png")) == b"retouched"

    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    written += [read(Address(f"{bucket}/out/{name}")) for name in objects(f"{bucket}/out")]
    assert len(list((tmp_path / "state").rglob("*.sqlite"))) == 1
    assert not [each for each in written if SECRET.encode() in each]
    assert SECRET not in ran.stdout + ran.stderr


def test_folders_and_pictures_go_from_a_store_to_this_machine_and_back(
    command, bucket: str, tmp_path: Path
) -> None:
    ran = command("convert", f"{bucket}/in", tmp_path / "here", "--copy-sidecars")
    assert ": 1 done, 0 skipped, 0 failed" in ran.stdout
    assert (tmp_path / "here" / "a.txt").read_text() == "label"
    command("convert", tmp_path / "here", f"{bucket}/again", "--template", "{stem}_{model}.{ext}")
    assert objects(f"{bucket}/again") == {"a_negate.png"}
    assert command("convert", f"{bucket}/in/a.png", tmp_path / "one.png").code == 0
    assert command("convert", tmp_path / "one.png", f"{bucket}/one.jpg").code == 0
    assert command("convert", tmp_path / "one.png", f"{bucket}/in").code == 0
    assert "one.jpg" in names_in(Address(bucket))
    assert "one.png" in names_in(Address(f"{bucket}/in"))
    ran = command("convert", f"{bucket}/in/a.png", f"{bucket}/in/a.png")
    assert "would be replaced by its translation" in ran.stderr


def test_a_folder_inside_the_input_is_not_read(command, bucket: str) -> None:
    for _ in range(2):
        ran = command("convert", f"{bucket}/in", f"{bucket}/in/out", "-r")
        assert ran.code == 3
        assert objects(f"{bucket}/in/out") == {"a.png", "sub/é #1.png"}
    assert ": 0 done, 2 skipped, 1 failed" in ran.stdout
    ran = command("convert", f"{bucket}/in", f"{bucket}/in")
    assert "is both input and output" in ran.stderr


def test_names_without_a_path_are_told(command, bucket: str) -> None:
    server = os.environ["AWS_ENDPOINT_URL"]
    for folder in ("in", "in/sub"):
        key = "/".join([*Address(f"{bucket}/{folder}").parts[1:], "", "x.png"])
        request = urllib.request.Request(f"{server}/{key}", b"", method="PUT")
        urllib.request.urlopen(request).close()
    ran = command("convert", f"{bucket}/in", f"{bucket}/out", "-r")
    assert ": 2 done, 0 skipped, 3 failed" in ran.stdout
    for folder in ("in", "in/sub"):
        assert f"failed: {bucket}/{folder} has names with // in it; rename those" in ran.stderr
    assert (
        ": 1 done, 0 skipped, 0 failed" in command("convert", f"{bucket}/in", f"{bucket}/1").stdout
    )


def test_what_cannot_be_had_or_written_is_told(command, bucket: str) -> None:
    ran = command("convert", f"{bucket}/nothing", "out")
    assert f"error: {bucket}/nothing does not exist" in ran.stderr
    ran = command("convert", f"{bucket}/in", "s3://nobody-has-this/out")
    assert ran.code == 3
    assert "failed: s3://nobody-has-this/out/a.png could not be written: " in ran.stderr
    assert "bucket does not exist" in ran.stderr
    ran = command("convert", f"{bucket}/in", "out", "--watch")
    assert "--watch wants a folder of this machine" in ran.stderr


@pytest.mark.parametrize(
    "address",
    [
        "s3://key:hidden@bucket/in",
        "s3://key:hid/hidden@bucket/in",
        "sftp://user:hid/hidden@host/in",
        "https://hidden@host/in",
        "gcs://hidden@bucket/in",
        "https://host/in?X-Signature=hidden",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(command, address: str) -> None:
    ran = command("convert", address, "out")
    assert ran.code == 2
    assert "has a user name, a password or a ? with options in it" in ran.stderr
    assert "hidden" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("hdfs:///data/in", "hdfs:///data/in names no bucket or server"),
        ("s3://bucket/x/../in", "has . or .. in it"),
        ("s3://bucket/./in", "has . or .. in it"),
    ],
)
def test_an_address_that_is_not_one_place_is_refused(address: str, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        place_of(address)


def test_an_address_is_taken_apart_and_put_together_as_a_path_is() -> None:
    place = place_of("s3://bucket/in/a.b.png")
    assert isinstance(place, Address)
    assert str(place) == "s3://bucket/in/a.b.png"
    assert str(place.parent / "sub" / "c.png") == "s3://bucket/in/sub/c.png"
    assert (place.name, place.stem, place.suffix) == ("a.b.png", "a.b", ".png")
    assert str(place.relative_to(Address("s3://bucket"))) == "in/a.b.png"
    assert place == Address("s3://bucket/in/") / "a.b.png"
    assert place_of("file:///a%20b/c.png") == Path("/a b/c.png")
    assert place_of("s3/a.png") == Path("s3/a.png")
    assert place_of("notes:/a.png") == Path("notes:/a.png")
    assert place_of("gcs://bucket/in") == place_of("GS://bucket/in") == Address("gs://bucket/in")
    container = "container@account.dfs.core.windows.net/in"
    assert place_of(f"abfs://{container}") == Address(f"abfss://{container}")
    assert place_of("-") == Path("-")


def test_other_schemes_go_through_fsspec(tmp_path: Path, command, put, monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    at = put("in/a.png", "in/sub/b.png")
    arguments = ("convert", at / "in", "memory://shelf/out", "-r")
    assert ": 2 done, 0 skipped, 0 failed" in command(*arguments).stdout
    assert ": 0 done, 2 skipped, 0 failed" in command(*arguments).stdout
    copy(Address("memory://shelf/out/sub/b.png"), tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as image:
        assert image.getpixel((0, 0)) == (254, 254, 254)
    with pytest.raises(InputError, match="could not be read: it is not there"):
        read(Address("memory://shelf/none.png"))


@pytest.fixture
def fail(monkeypatch, tmp_path: Path) -> Callable[[str, str, int], None]:
    """A function that lets one call of the driver of memory:// for a path fail."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def make(method: str, path: str, which: int) -> None:
        real, calls = getattr(MemoryFileSystem, method), itertools.count(1)

        def call(self: MemoryFileSystem, at: str, *args: Any, **options: Any) -> Any:
            if at == path and next(calls) == which:
                raise PermissionError("not now")
            return real(self, at, *args, **options)

        monkeypatch.setattr(MemoryFileSystem, method, call)

    return make


def shelve(picture: Path, *names: str) -> None:
    """Put a picture at these paths of memory://."""
    for name in names:
        write(Address(f"memory://{name}"), picture.read_bytes())


@pytest.mark.parametrize("which", [3, 4])  # after two to plan: for names, for what is done
def test_a_listing_that_fails_once_makes_no_two_pictures_one(
    command, put, fail, which: int
) -> None:
    shelf = f"twins{which}"
    shelve(put("a.png") / "a.png", f"{shelf}/in/a.png", f"{shelf}/in/a.jpg")
    fail("find", f"/{shelf}/in", which)
    ran = command("convert", f"memory://{shelf}/in", f"memory://{shelf}/out", "--format", "webp")
    assert ran.code == 3
    assert ": 1 done, 0 skipped, 1 failed" in ran.stdout
    assert "could not be read: not now" in ran.stderr
    assert len(names_in(Address(f"memory://{shelf}/out"))) == 1


@pytest.mark.parametrize("which", [2, 3])  # after one to count: for its pictures, and for stamps
def test_a_folder_that_cannot_be_listed_costs_its_own_pictures_only(
    command, put, fail, which: int
) -> None:
    shelf = f"some{which}"
    shelve(
        put("a.png") / "a.png", *(f"{shelf}/in/{name}" for name in ("a.png", "b/c.png", "d.png"))
    )
    fail("find", f"/{shelf}/in/b", which)
    ran = command("convert", f"memory://{shelf}/in", f"memory://{shelf}/out", "-r")
    assert ": 2 done, 0 skipped, 1 failed" in ran.stdout
    assert f"memory://{shelf}/in/b could not be read: not now" in ran.stderr
    assert ran.stderr.index("out/a.png") < ran.stderr.index("out/d.png")


def test_an_input_that_cannot_be_listed_any_more_is_refused(command, put, fail) -> None:
    shelve(put("a.png") / "a.png", "whole/in/a.png")
    fail("find", "/whole/in", 2)
    ran = command("convert", "memory://whole/in", "memory://whole/out")
    assert ran.code == 2
    assert "error: memory://whole/in could not be read: not now" in ran.stderr


def test_what_cannot_be_looked_at_is_not_replaced(command, put, fail) -> None:
    at = put("a.png")
    write(Address("memory://kept/a.png"), b"theirs")
    fail("info", "/kept/a.png", 2)  # the first one is whether it is a folder
    ran = command("convert", at / "a.png", "memory://kept/a.png")
    assert ran.code == 2
    assert "memory://kept/a.png could not be found: not now" in ran.stderr
    assert read(Address("memory://kept/a.png")) == b"theirs"


def test_what_cannot_be_looked_at_once_it_is_written_is_done(command, put, fail) -> None:
    fail("info", "/new/a.png", 2)
    ran = command("convert", put("a.png") / "a.png", "memory://new/a.png", "--overwrite")
    assert ran.code == 0
    assert "memory://new/a.png: 4 x 4 pixels" in ran.stdout


@pytest.mark.parametrize(
    ("scheme", "sentence"), [("nonsense", "Protocol not known"), ("sftp", "paramiko")]
)
def test_a_driver_that_is_not_there_is_named(scheme: str, sentence: str) -> None:
    with pytest.raises(DependencyError, match=sentence):
        read(Address(f"{scheme}://host/a.png"))


def test_a_store_that_does_not_take_it_is_a_failure_to_write() -> None:
    with pytest.raises(StorageError, match=r"ftp://127.0.0.1:1/a.png could not be written: "):
        write(Address("ftp://127.0.0.1:1/a.png"), b"")
