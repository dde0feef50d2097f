"""What is sent becomes the pictures of a job, or of a training: files, or what is in a zip.

On the disk a picture is called by its number, so that no name can lead out of its folder.
"""

import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from app.jobs.limits import Limits, TooLargeError
from app.jobs.records import JobPicture, PictureState
from app.naming import Naming, plain_name
from cyclegan.contract.errors import InputError, StorageError, brief
from cyclegan.contract.formats import PICTURE_SUFFIXES

_CHUNK = 2**20  # bytes
_BY_SYSTEMS = ("__MACOSX", "Thumbs.db", "desktop.ini")  # which put them beside pictures
_DEEPEST = 32  # folders around a file; their names are those of a path in the result
_DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError)
# As what is wrong with a zip shows when it, or a file in it, is opened: names that are not UTF-8,
# places before its start, versions and flags that nobody knows.
_UNREADABLE = (*_DAMAGES, ValueError, NotImplementedError, OSError)
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others fail in other ways

_SAYS_UTF8 = 0x800  # the flag of a name; without it, zipfile reads one as code page 437
# Of code page 437. Nobody draws in names, and nearly every Chinese one that is read so has some.
_BOXES = re.compile("[\u2500-\u259f]")
_ENTRY_BYTES = 1024  # of a zip's directory for one file; a name of 255 bytes and times take 400
_END = struct.Struct("<4s4H2LH")  # the end of a zip; the sixth number is its directory's bytes
# Before it stand, in a zip of more than 65,535 files or 4 GB and in all of some programs, another
# end, whose ninth number is the directory's bytes, and where that is (the third number).
_END_64, _PLACE_64 = struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")


@dataclass(frozen=True)
class Sent:
    """A file as somebody sent it."""

    name: str  # as they call it, with its folders where it lay in a folder that they sent
    content: BinaryIO  # can be searched


@dataclass(frozen=True)
class _Found:
    """A file that is to be a picture."""

    name: str  # plain, with its folders
    content: IO[bytes] | None
    problem: str | None = None  # why there is no content


def take_in(
    files: Iterable[Sent], folder: Path, naming: Naming, limits: Limits
) -> tuple[list[JobPicture], int]:
    """Write pictures to a new folder; how they are called, and how many bytes they have.

    What is no picture by its name, or is damaged in its zip, is among them as failed. What systems
    put beside pictures is left out.

    Raises: TooLargeError; InputError if there is no picture; StorageError.
    """
    pictures: list[JobPicture] = []
    room = limits.job_bytes
    try:
        folder.mkdir(parents=True)
        for found in _unpack(files, limits):
            if len(pictures) == limits.files:
                raise _too_many(limits)
            number = len(pictures) + 1
            file = f"{number:06}{PurePosixPath(found.name).suffix.lower()}"
            if problem := found.problem or _copy(found, folder / file, room):
                failed = JobPicture(number, found.name, None, "", PictureState.failed, problem)
                pictures.append(failed)
                continue
            room -= (folder / file).stat().st_size
            if room < 0:
                raise _too_large(limits)
            pictures.append(JobPicture(number, found.name, file, ""))
    except OSError as error:
        raise StorageError(f"the pictures could not be stored: {brief(error)}") from error
    good = [picture for picture in pictures if picture.file]
    if not good:
        why = f": {pictures[0].reason}" if pictures else ""
        raise InputError(f"there is no picture in what was sent{why}")
    # No picture is called as a folder of another: nobody could unpack both.
    folders = (folder for each in good for folder in PurePosixPath(each.name).parents)
    taken = {_as_systems_compare(str(folder)): 1 for folder in folders}
    for picture in good:
        picture.result = _unique(_result_name(picture.name, naming), taken)
    return pictures, limits.job_bytes - room


def _unpack(files: Iterable[Sent], limits: Limits) -> Iterator[_Found]:
    """The files, and instead of zips what is in them."""
    for sent in files:
        parts = _parts(sent.name)
        if not parts or len(parts) > _DEEPEST or _leads_out(parts):
            parts = (plain_name(sent.name),)
        if len(parts) > 1 and _is_by_system(parts):
            continue
        name = _plain(parts)
        if Path(name).suffix.lower() != ".zip":
            yield _Found(name, sent.content)
            continue
        with _open_zip(sent.content, name, limits) as archive:
            entries = ((_parts(_name_in_zip(entry)), entry) for entry in archive.infolist())
            # As those of a folder; what packs a zip keeps the order of the disk.
            for parts, entry in sorted(entries, key=lambda each: each[0]):
                # Of "." there are no parts.
                if parts and not entry.is_dir() and not _is_by_system(parts):
                    yield from _unpack_one(archive, entry, parts)


def _name_in_zip(entry: zipfile.ZipInfo) -> str:
    """The name of a file in a zip, which may be other than it says.

    `zip` on Linux writes UTF-8, and does not say so; Windows in China writes GB 2312.
    """
    if entry.flag_bits & _SAYS_UTF8:
        return entry.filename
    for encoding in ("utf-8", "gb2312") if _BOXES.search(entry.filename) else ("utf-8",):
        with suppress(UnicodeError):
            return entry.filename.encode("cp437").decode(encoding)
    return entry.filename


def _parts(name: str) -> tuple[str, ...]:
    """The folders of a name, and the file."""
    return PurePosixPath(name.replace("\\", "/")).parts


def _leads_out(parts: tuple[str, ...]) -> bool:
    return ".." in parts or parts[0] == "/" or parts[0].endswith(":")


def _is_by_system(parts: tuple[str, ...]) -> bool:
    return any(part in _BY_SYSTEMS or (part[0] == "." and part != "..") for part in parts)


def _plain(parts: tuple[str, ...]) -> str:
    return "/".join(plain_name(part) for part in parts if part not in ("..", "/"))


def _unpack_one(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, parts: tuple[str, ...]
) -> Iterator[_Found]:
    name = _plain(parts)
    if _leads_out(parts):
        yield _Found(name, None, f"{name}: its path in the zip leads out of it")
    elif entry.flag_bits & 1:
        yield _Found(name, None, f"{name} is encrypted in its zip")
    elif entry.compress_type not in _COMPRESSIONS:
        yield _Found(name, None, f"{name} is in its zip in another way than stored or deflated")
    else:
        try:
            content = archive.open(entry)
        except _UNREADABLE as error:
            yield _Found(name, None, f"{name} is damaged in its zip: {brief(error)}")
            return
        with content:
            yield _Found(name, content)


def _open_zip(content: BinaryIO, name: str, limits: Limits) -> zipfile.ZipFile:
    """A zip that is not too large by what it says of itself.

    Raises: TooLargeError; InputError if it is none.
    """
    if _directory_bytes(content) > limits.files * _ENTRY_BYTES:  # all of which would be read
        raise _too_many(limits)
    try:
        archive = zipfile.ZipFile(content)
    except _UNREADABLE as error:
        raise InputError(f"{name} is not a zip that can be read: {brief(error)}") from error
    if sum(entry.file_size for entry in archive.infolist()) > limits.job_bytes:
        raise _too_large(limits)
    return archive


def _directory_bytes(content: BinaryIO) -> int:
    """How large a zip says that its directory is; 0 if it is none."""
    size = content.seek(0, 2)
    content.seek(max(0, size - 2**17))  # a comment of 2**16 bytes may follow the end
    tail = content.read()
    content.seek(0)
    at = len(tail) - _END.size
    if not (tail[at:].startswith(b"PK\5\6") and tail.endswith(b"\0\0")):
        at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + _END.size:
        return 0
    directory: int = _END.unpack_from(tail, at)[5]
    before = tail[max(0, at - _END_64.size - _PLACE_64.size) : at]
    end, place = before[: -_PLACE_64.size], before[-_PLACE_64.size :]
    if not place.startswith(b"PK\6\7"):
        return directory
    is_before = len(end) == _END_64.size and end.startswith(b"PK\6\6")
    if not is_before or _PLACE_64.unpack(place)[2] != size - len(tail) + at - len(before):
        return 2**32  # it is elsewhere, and who reads it may find another
    directory = _END_64.unpack(end)[8]
    return directory


def _copy(found: _Found, path: Path, room: int) -> str | None:
    """Write a file, of `room` bytes and a few more at most; what is wrong with it.

    Raises: OSError.
    """
    assert found.content, "it has no problem"
    if path.suffix not in PICTURE_SUFFIXES:
        expected = " ".join(sorted(PICTURE_SUFFIXES))
        return f"{found.name} is not named as a picture ({expected})"
    try:
        with path.open("xb") as file:
            while (chunk := found.content.read(_CHUNK)) and room >= 0:
                room -= file.write(chunk)
    except _DAMAGES as error:
        path.unlink()
        return f"{found.name} is damaged in its zip: {brief(error)}"
    return None


def _result_name(name: str, naming: Naming) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(naming.name(Path(path.name))))


def _unique(name: str, taken: dict[str, int]) -> str:
    """The name, numbered if it is taken. `taken` has how often each was wanted."""
    path = PurePosixPath(name)
    wanted = key = _as_systems_compare(name)
    while key in taken:
        taken[wanted] += 1
        name = str(path.with_stem(f"{path.stem} ({taken[wanted]})"))
        key = _as_systems_compare(name)
    taken[key] = 1
    return name


def _as_systems_compare(name: str) -> str:
    """To some systems A and a are the same, or an é and an e with an accent of its own."""
    return unicodedata.normalize("NFC", name.casefold())


def _too_many(limits: Limits) -> TooLargeError:
    return TooLargeError(f"there is room for {limits.files} files at once; send fewer")


def _too_large(limits: Limits) -> TooLargeError:
    return TooLargeError(
        f"there is room for {limits.job_bytes / 2**30:.3g} GiB of pictures at once; send fewer"
    )
