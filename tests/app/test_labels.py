"""Labels, the files beside pictures, go where the results go."""

import os
import shutil
import time
from pathlib import Path

import pytest

from app.manifest import IS_DONE
from app.naming import Naming
from tests.app.folders import refuse, run, statuses


def test_labels_are_carried_along_with_their_pictures(put) -> None:
    at = put("in/a.heic", "in/b.png", "in/sub/a.jpg")
    for name in ("a.txt", "a.json", "sub/a.xml", "sub/other.txt", "b.md"):
        (at / "in" / name).write_text(name)
    run(at, recursive=True)
    assert not [path for path in (at / "out").rglob("*") if path.suffix in (".txt", ".xml")]
    run(at, refuse, recursive=True, sidecars=True)  # those of pictures that are done, too
    copied = {"a.txt", "a.json", "sub/a.xml"}
    for name in copied:
        assert (at / "out" / name).read_text() == name
    others = [path for path in (at / "out").rglob("*.[tjxm]*") if path.suffix != ".jpg"]
    assert {str(path.relative_to(at / "out")) for path in others} == copied
    (at / "out" / "a.txt").write_text("corrected")  # is newer, and stays
    later = time.time() + 60
    (at / "in" / "a.json").write_text("new")
    os.utime(at / "in" / "a.json", (later, later))
    run(at, overwrite=True, sidecars=True)
    assert (at / "out" / "a.txt").read_text() == "corrected"
    assert (at / "out" / "a.json").read_text() == "new"


def test_labels_that_cannot_be_read_are_named_and_not_their_copy(put) -> None:
    at = put("in/a.png")
    (at / "in" / "a.txt").mkdir()
    (result,) = run(at, sidecars=True)
    assert result.reason == f"{at / 'in' / 'a.txt'} could not be read: is a directory"


def test_what_a_kill_left_of_labels_alone_is_swept_away_too(put, monkeypatch) -> None:
    at = put("in/a.png")
    (at / "in" / "a.txt").write_text("labels")
    run(at)

    def die(*_places: Path) -> None:
        (at / "out" / ".tmp-0123456789ab.txt").write_text("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copystat", die)
        with pytest.raises(KeyboardInterrupt):
            run(at, refuse, sidecars=True)
    assert statuses(run(at, sidecars=True)) == {"a.png": "done"}
    assert {path.name for path in (at / "out").glob("*.txt")} == {"a.txt"}
    assert statuses(run(at, refuse, sidecars=True)) == {"a.png": IS_DONE}


def test_labels_are_called_as_the_results_that_they_belong_to(put) -> None:
    at = put("in/a.jpg", "in/b.jpg", "in/b.png")
    for stem in "ab":
        (at / "in" / f"{stem}.txt").write_text(stem)
    run(at, sidecars=True, naming=Naming("webp", "{stem}_{model}.{ext}", "zebra"))
    copied = {path.name: path.read_text() for path in (at / "out").glob("*.txt")}
    assert copied == {"a_zebra.txt": "a", "b.jpg_zebra.txt": "b", "b.png_zebra.txt": "b"}
