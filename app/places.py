"""Where pictures are: paths of this machine, and addresses in object stores as s3://bucket/in.

All that differs between the two is here. Addresses are spoken to by pyarrow's drivers, which bring
S3, Google, Azure and HDFS, and by those of fsspec for every other scheme.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from cyclegan.contract.errors import (
    CycleGANError,
    DependencyError,
    InputError,
    StorageError,
    brief,
)
from cyclegan.contract.files import atomic_write
from cyclegan.contract.formats import PICTURE_SUFFIXES
from cyclegan.contract.walk import walk_pictures

_BY_PYARROW = ("s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs")
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)
_ONE_STORE = {"gcs": "gs", "abfs": "abfss"}  # its other name; addresses are compared as text
_PASSWORD = re.compile(r"[^/@]*:[^@]*@")  # may have slashes, where any other server's name ends
_NO_USERS = ("http", "https", "s3", "gs")  # a name before their server is a key, or a token


class Address(PurePosixPath):
    """What is in a store, taken apart and put together as a path is; its text is the address."""

    def __str__(self) -> str:
        return _SCHEME.sub(r"\1://", super().__str__())  # a path has no two slashes


Place = Path | Address


_LATEST_NS = 2**63 - 1  # in the year 2262; more has no room in a manifest


class Stamp(NamedTuple):
    """What tells one version of a file from another without reading it."""

    bytes: int
    mtime_ns: int  # 0 where a store does not say


def place_of(text: str) -> Place:
    """The place that a user names.

    Raises: InputError if a password would be in every report, or the address is not one place.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return Path(text)
    scheme, rest = found[1].lower(), found[2]
    if scheme == "file":
        return Path(unquote(urlsplit(text).path))
    scheme = _ONE_STORE.get(scheme, scheme)
    server, *segments = rest.split("/")
    if _PASSWORD.match(rest) or "?" in rest or ("@" in server and scheme in _NO_USERS):
        raise InputError(
            f"the {scheme}:// address has a user name, a password or a ? with options in it, which "
            "would be in every report; give them to the store's driver, by its environment or its "
            "own file (and of a picture with ? in its name the folder, with --glob)"
        )
    if not server:
        raise InputError(f"{text} names no bucket or server; write it after {scheme}://")
    if {".", ".."} & set(segments):
        raise InputError(f"{text} has . or .. in it, which are names in a store; leave them out")
    return Address(f"{scheme}://{rest}")


def kind_of(place: Place) -> Literal["file", "folder"] | None:
    """What is there; None: nothing. Raises: InputError if a store does not answer."""
    if isinstance(place, Path):
        # Not Path's is_dir() and exists(), which raise where a name is too long.
        if os.path.isdir(place):  # noqa: PTH112
            return "folder"
        return "file" if os.path.exists(place) else None  # noqa: PTH110
    found = _look_at(place)
    return "folder" if found.type.name == "Directory" else "file" if found.is_file else None


def real(place: Place) -> str:
    """The text of a place without links; two of them are the same place if it is."""
    return os.path.realpath(place) if isinstance(place, Path) else str(place)


def stamp_of(place: Place) -> Stamp | None:
    """The stamp of a file as it is now, or None where it is not there. Raises: as `kind_of`."""
    if isinstance(place, Address):
        found = _look_at(place)
        return _stamp(found) if found.is_file else None
    try:
        status = place.stat()
    except OSError:
        return None
    return Stamp(status.st_size, min(status.st_mtime_ns, _LATEST_NS))


class Stamps:
    """The stamps of many files: those of this machine as they are now, others as when their folder
    was first asked for, because a store lists a thousand as quickly as it looks at one.
    """

    def __init__(self) -> None:
        self._listed = lru_cache(maxsize=16)(_stamps_in)  # pictures of one folder come together

    def of(self, place: Place) -> Stamp | None:
        """The stamp of a file, or None where it is not there. Raises: InputError as `kind_of`."""
        if isinstance(place, Path):
            return stamp_of(place)
        return self._listed(place.parent).get(place.name)


def names_in(folder: Place) -> set[str]:
    """The names of all that is in a folder; of this machine none where it cannot be listed.

    Raises: InputError as `kind_of`.
    """
    if isinstance(folder, Address):
        return {found.base_name for found in _list(folder)}
    try:
        return set(os.listdir(folder))  # noqa: PTH208 (no Path for each)
    except OSError:
        return set()


def walk(
    folder: Place,
    recursive: bool,
    *,
    but: Place,
    on_error: Callable[[Place, InputError], None],
    on_other: Callable[[Place], None] | None = None,
) -> Iterator[Place]:
    """The pictures of a folder, as `walk_pictures` gives those of this machine."""
    if isinstance(folder, Path):
        but = Path(but)
        yield from walk_pictures(folder, recursive, but=but, on_error=on_error, on_other=on_other)
        return
    pending = [(folder, True)]  # the last one comes first
    while pending:
        place, is_folder = pending.pop()
        if not is_folder:
            yield place
            continue
        try:
            listed = _list(place)
        except InputError as error:
            if place == folder:
                raise
            on_error(place, error)
            continue
        _, path = _find(place)
        for found in sorted(listed, key=lambda each: each.base_name, reverse=True):
            inner = place / found.base_name
            if found.path == path:  # of in//a.png, S3 says that "in" has "in" in it
                if recursive:
                    on_error(place, InputError(f"{place} has names with // in it; rename those"))
                continue
            if inner.name.startswith("."):
                continue
            if found.is_file:
                if inner.suffix.lower() in PICTURE_SUFFIXES:
                    pending.append((inner, False))
                elif on_other:
                    on_other(inner)
            elif recursive and inner != but:
                pending.append((inner, True))


def read(place: Place) -> bytes:
    """The content of a file. Raises: InputError."""
    with _answering(place, "read", InputError):
        if isinstance(place, Path):
            return place.read_bytes()
        store, path = _find(place)
        with store.open_input_stream(path, compression=None) as stream:
            return bytes(stream.read())


def write(place: Address, content: bytes) -> None:
    """Put a file into a store, which has it when all of it has come. Raises: StorageError."""
    with _answering(place, "written", StorageError):
        store, path = _find(place)
        with store.open_output_stream(path, compression=None) as stream:
            stream.write(content)


def copy(source: Place, target: Place) -> None:
    """Copy a file, between files of this machine with its time. Raises: as `read` and `write`."""
    content = read(source)
    if isinstance(target, Address):
        write(target, content)
        return
    with atomic_write(target) as temporary:
        temporary.write_bytes(content)
        if isinstance(source, Path):
            shutil.copystat(source, temporary)


def memory_of(folder: Address) -> Path:
    """The file of this machine for what is known of a folder in a store."""
    with _installed(str(folder)):
        import platformdirs  # lazy: an extra

    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]
    return platformdirs.user_state_path("cyclegan") / "manifests" / f"{name}.sqlite"


def _look_at(place: Address) -> Any:
    """A FileInfo of pyarrow."""
    with _answering(place, "found", InputError):
        store, path = _find(place)
        return store.get_file_info(path)


def _list(folder: Address) -> list[Any]:
    """A FileInfo of pyarrow for each file and folder in a folder; none where it is not there."""
    with _answering(folder, "read", InputError):
        store, path = _find(folder)
        from pyarrow.fs import FileSelector  # lazy: see _connect, which found it there

        return list(store.get_file_info(FileSelector(path, allow_not_found=True)))


def _stamps_in(folder: Address) -> dict[str, Stamp]:
    return {found.base_name: _stamp(found) for found in _list(folder) if found.is_file}


def _stamp(found: Any) -> Stamp:
    return Stamp(found.size, found.mtime_ns or 0)


def _find(place: Address) -> tuple[Any, str]:
    """A FileSystem of pyarrow, and the path of a place there."""
    store, root = _connect(*place.parts[:2])
    return store, "/".join([root.rstrip("/"), *place.parts[2:]])


@cache  # to connect takes up to a second
def _connect(scheme: str, server: str = "") -> tuple[Any, str]:
    """A FileSystem of pyarrow for a server or bucket, and the path of its root there."""
    address = f"{scheme}//{server}"
    with _installed(address):
        import fsspec  # lazy: an extra, and a second
        from pyarrow import fs
    if scheme.removesuffix(":") in _BY_PYARROW:
        # One request for what is small, where it would be three to begin, send and end an upload.
        options = "?allow_delayed_open=true" if scheme == "s3:" else ""
        store, root = fs.FileSystem.from_uri(address + options)
        return store, str(root)
    try:
        by_fsspec, root = fsspec.url_to_fs(address, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        raise DependencyError(f"{address} needs a driver of fsspec: {brief(error)}") from error
    return fs.PyFileSystem(fs.FSSpecHandler(by_fsspec)), str(root)


@contextmanager
def _installed(address: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise DependencyError(
            f"{address} needs {error.name}, which is not installed; "
            "run: pip install 'cyclegan[stores]'"
        ) from error


@contextmanager
def _answering(place: Place, done: str, kind: type[CycleGANError]) -> Iterator[None]:
    """Errors of drivers, each of which has its own, as ours."""
    try:
        yield
    except CycleGANError:
        raise
    except FileNotFoundError as error:
        raise kind(f"{place} could not be {done}: it is not there") from error
    except Exception as error:
        raise kind(f"{place} could not be {done}: {brief(error)}") from error
