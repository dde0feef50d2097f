"""What is sent, good and bad, becomes pictures in one folder and nothing anywhere else."""

import io
import re
import struct
import time
import unicodedata
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="jobs need SQLAlchemy (extra: web)")

from app.jobs.intake import Sent, take_in
from app.jobs.limits import Limits, TooLargeError
from app.jobs.records import JobPicture
from app.naming import Naming
from cyclegan.contract.errors import InputError
from tests.app.jobs.sending import files, picture, zipped

SMALL = Limits(files=3, job_bytes=1000)


def take(tmp_path: Path, *named: tuple[str, bytes], limits: Limits = SMALL) -> list[JobPicture]:
    pictures, size = take_in(files(*named), tmp_path / "job" / "in", Naming("png"), limits)
    there = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.parent == tmp_path / "job" / "in" for path in there)
    assert sorted(path.name for path in there) == sorted(p.file for p in pictures if p.file)
    assert size == sum(path.stat().st_size for path in there)
    return pictures


def test_names_are_kept_and_none_is_lost(tmp_path: Path) -> None:
    pictures = take(tmp_path, ("Zoë.jpg", picture(1)), ("zoë.JPG", picture(2)), ("a.png", b"x"))
    assert [p.name for p in pictures] == ["Zoë.jpg", "zoë.JPG", "a.png"]
    assert [p.file for p in pictures] == ["000001.jpg", "000002.jpg", "000003.png"]
    assert [p.result for p in pictures] == ["Zoë.png", "zoë (2).png", "a.png"]
    assert (tmp_path / "job/in/000002.jpg").read_bytes() == picture(2)


def test_names_that_a_mac_takes_for_one_are_told_apart(tmp_path: Path) -> None:
    names = [unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD")]
    results = [p.result for p in take(tmp_path, *[(name, picture()) for name in names])]
    assert results == ["é.png", unicodedata.normalize("NFD", "é (2).png")]


def test_many_files_of_one_name_take_no_time(tmp_path: Path) -> None:
    named = ["a.png", "a (3).png", *["a.png"] * 998]
    started = time.process_time()
    sent = files(*[(name, b"x") for name in named])
    pictures, _ = take_in(sent, tmp_path / "in", Naming(), Limits())
    assert [p.result for p in pictures[:4]] == ["a.png", "a (3).png", "a (2).png", "a (4).png"]
    assert len({p.result for p in pictures}) == 1000
    assert time.process_time() - started < 1  # where each number was tried anew, 5 s


def test_a_zip_keeps_its_folders_and_loses_what_systems_put_there(tmp_path: Path) -> None:
    sent = zipped(
        ("day 1/a.jpg", picture()),
        ("day 2/a.jpg", picture()),
        ("__MACOSX/day 1/._a.jpg", b"x"),
        ("day 1/.hidden.png", b"x"),
        ("day 1/Thumbs.db", b"x"),
        ("day 1/", b""),
    )
    pictures = take(tmp_path, ("photos.zip", sent), ("b.webp", picture()))
    assert [p.result for p in pictures] == ["day 1/a.png", "day 2/a.png", "b.png"]


def test_a_picture_that_is_called_as_a_folder_can_be_unpacked_beside_it(tmp_path: Path) -> None:
    sent = [(name, picture()) for name in ("a.png", "A.PNG/b.jpg", "a.png/c.png/d.png")]
    pictures = take(tmp_path, ("a.zip", zipped(*sent)))
    assert [p.result for p in pictures] == ["A.PNG/b.png", "a (2).png", "a.png/c.png/d.png"]
    pictures = take(tmp_path / "files", *sent)
    assert [p.result for p in pictures] == ["a (2).png", "A.PNG/b.png", "a.png/c.png/d.png"]


def test_a_zip_comes_in_the_order_of_its_paths_and_others_as_they_were_sent(
    tmp_path: Path,
) -> None:
    names = ("b.png", "day 10/a.png", "c.png", "day 1/z.png", "a.png", "day 1/a.png")
    sent = zipped(*((name, picture()) for name in names))
    pictures = take(tmp_path, ("z.png", b"x"), ("all.zip", sent), limits=Limits(files=7))
    ordered = ["a.png", "b.png", "c.png", "day 1/a.png", "day 1/z.png", "day 10/a.png"]
    assert [p.name for p in pictures] == ["z.png", *ordered]


def test_names_in_utf8_that_do_not_say_so_are_kept(tmp_path: Path) -> None:
    names = ["été/女儿.png", "ğ.png"]
    said = bytearray(zipped(*((name, picture()) for name in names)))
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # as `zip` on Linux leaves them
        for found in re.finditer(signature, bytes(said)):
            said[found.start() + flags + 1] &= ~0x08
    assert [p.name for p in take(tmp_path, ("a.zip", bytes(said)))] == names


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Öß".encode("cp437"), "Öß"),
        ("ßí".encode("cp437"), "ßí"),  # GB 2312 would have a character for it
        ("照片（2）/女儿".encode("gb2312"), "照片（2）/女儿"),
        ("São".encode("cp850"), "S╞o"),  # which nothing tells from code page 437
    ],
)
def test_names_of_old_systems_are_read_as_written(
    tmp_path: Path, written: bytes, read: str
) -> None:
    place = "X" * len(written)
    sent = zipped((f"{place}.png", picture())).replace(place.encode(), written)
    assert [p.name for p in take(tmp_path, ("a.zip", sent))] == [f"{read}.png"]


def test_files_of_a_folder_keep_it_and_none_leads_out(tmp_path: Path) -> None:
    names = [
        "day 1/a.png",
        r"day 2\a.png",
        "day 1/._a.png",
        ".thumbs/a.png",
        "../a.png",
        "/etc/a.png",
        r"C:\photos\a.png",
        f"{'deep/' * 99}a.png",
        ".a.png",
    ]
    limits = Limits(files=len(names))
    pictures = take(tmp_path, *((name, picture()) for name in names), limits=limits)
    flat = ["a.png", *(f"a ({number}).png" for number in range(2, 6))]
    assert [p.result for p in pictures] == ["day 1/a.png", "day 2/a.png", *flat]
    zipped_there = ("day 3/more.zip", zipped(("b.png", picture())))
    assert [p.result for p in take(tmp_path / "zip", zipped_there)] == ["b.png"]


@pytest.mark.parametrize("way", ["../a.png", "x/../../a.png", "/a.png", r"..\a.png", r"C:\a.png"])
def test_a_path_out_of_the_zip_is_refused(tmp_path: Path, way: str) -> None:
    pictures = take(tmp_path, ("a.zip", zipped(("good.png", picture()), (way, picture()))))
    good, bad = sorted(pictures, key=lambda each: each.file is None)
    assert good.file
    assert bad.file is None
    assert bad.reason == f"{bad.name}: its path in the zip leads out of it"


def test_names_with_markup_or_300_characters_become_plain_ones(tmp_path: Path) -> None:
    long = "ü" * 300 + ".png"
    names = ["<img src=x onerror=alert(1)>.png", long, f"{'d' * 300}/{long}"]
    pictures = take(tmp_path, ("a.zip", zipped(*((name, picture()) for name in names))))
    assert pictures[0].name == "img src=x onerror=alert(1).png"
    assert all(len(part.encode()) <= 200 for p in pictures for part in p.result.split("/"))
    assert pictures[1].result.endswith("üü.png")


def test_what_is_no_picture_has_failed_and_the_others_have_not(tmp_path: Path) -> None:
    spoilt = bytearray(zipped(("in.png", picture())))
    spoilt[40] ^= 1  # in the compressed bytes
    encrypted = bytearray(zipped(("in.png", picture())))
    at = encrypted.index(b"PK\1\2")
    encrypted[at + 8] |= 1
    sent = (
        ("a.txt", b"x"),
        ("a.zip", bytes(spoilt)),
        ("b.zip", bytes(encrypted)),
        ("good.png", b"x"),
    )
    *bad, good = take(tmp_path, *sent, limits=Limits(files=4))
    assert good.file
    assert [p.file for p in bad] == [None, None, None]
    reasons = [p.reason or "" for p in bad]
    assert reasons[0].startswith("a.txt is not named as a picture (.apng .avif ")
    assert reasons[1].startswith("in.png is damaged in its zip: ")
    assert reasons[2] == "in.png is encrypted in its zip"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ([], "there is no picture in what was sent"),
        ([("a.txt", b"x")], "there is no picture in what was sent: a.txt is not named"),
        ([("a.zip", zipped())], "there is no picture in what was sent"),
        ([("a.zip", b"x")], "a.zip is not a zip that can be read"),
        ([("a.zip", zipped(("a.png", picture()))[:-9])], "a.zip is not a zip that can be read"),
    ],
)
def test_without_a_picture_there_is_no_job(
    tmp_path: Path, sent: list[tuple[str, bytes]], reason: str
) -> None:
    with pytest.raises(InputError, match=f"^{reason}"):
        take(tmp_path, *sent)


def test_a_job_has_room_for_so_many_files(tmp_path: Path) -> None:
    named = [(f"{i}.png", picture()) for i in range(4)]
    for i, sent in enumerate((named, [("a.zip", zipped(*named))])):
        with pytest.raises(TooLargeError, match=r"^there is room for 3 files at once; send fewer"):
            take(tmp_path / str(i), *sent)


def test_a_directory_of_millions_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = bytearray(zipped(("a.png", picture())))
    sent[-10:-6] = struct.pack("<L", 10**9)  # bytes of the directory
    with pytest.raises(TooLargeError, match="room for 3 files"):
        take(tmp_path, ("a.zip", bytes(sent)))
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 0)  # so that other records tell the size
    sound = zipped(("a.png", picture()))
    assert take(tmp_path / "sound", ("a.zip", sound))[0].name == "a.png"
    large, elsewhere = bytearray(sound), bytearray(sound)
    struct.pack_into("<Q", large, sound.index(b"PK\6\6") + 40, 10**9)
    elsewhere[sound.index(b"PK\6\7") + 8] ^= 1
    for name, sent in (("large", large), ("elsewhere", elsewhere)):
        with pytest.raises(TooLargeError, match="room for 3 files"):
            take(tmp_path / name, ("a.zip", bytes(sent)))


def test_a_bomb_is_refused_by_what_it_says_and_by_what_it_is(tmp_path: Path) -> None:
    bomb = zipped(("a.png", bytes(10_000_000)))
    assert len(bomb) < 20_000
    with pytest.raises(TooLargeError, match="GiB of pictures"):
        take(tmp_path / "said", ("a.zip", bomb))
    assert not (tmp_path / "said/job/in").exists() or not any((tmp_path / "said/job/in").iterdir())

    lying = bytearray(bomb)
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = lying.index(signature) + offset
        lying[at : at + 4] = struct.pack("<L", 500)
    with pytest.raises(InputError, match=r"a\.png is damaged in its zip"):  # it is cut off at 500
        take(tmp_path / "is", ("a.zip", bytes(lying)))

    with pytest.raises(TooLargeError, match="GiB of pictures"):
        take(tmp_path / "files", ("a.png", bytes(600)), ("b.png", bytes(600)))


def test_whatever_byte_of_a_zip_is_wrong_it_is_refused_in_a_sentence(tmp_path: Path) -> None:
    sound = zipped(("é.png", picture()))  # a name in UTF-8
    refusals = 0
    for place in range(len(sound)):
        spoilt = bytearray(sound)
        spoilt[place] ^= 0xFF
        (tmp_path / "a.zip").write_bytes(spoilt)
        for content in (io.BytesIO(spoilt), (tmp_path / "a.zip").open("rb")):
            with content, suppress(InputError):
                folder = tmp_path / f"{place} {type(content).__name__}"
                take_in([Sent("a.zip", content)], folder, Naming(), Limits())
                continue
            refusals += 1
    assert refusals > len(sound) / 2


def test_an_entry_of_a_zip_that_names_no_file_is_left_out(tmp_path: Path) -> None:
    (only,) = take(tmp_path, ("a.zip", zipped((".", b"x"), ("a.png", picture()))))
    assert only.name == "a.png"


def test_a_compression_that_fails_in_other_ways_is_not_tried(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.png", picture())
    with pytest.raises(InputError, match="in another way than stored or deflated"):
        take(tmp_path, ("a.zip", file.getvalue()))
