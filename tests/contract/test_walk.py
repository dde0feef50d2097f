"""Pictures are found one by one, in order, whatever else lies in the folder."""

import os
from pathlib import Path

import pytest

from cyclegan.contract.errors import InputError
from cyclegan.contract.walk import find_pictures, walk_pictures


def test_finds_pictures_by_suffix_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "c.txt", ".hidden.png", "sub/d.webp", ".git/e.png", "sub/f.gif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_pictures(tmp_path) == [tmp_path / "a.jpg", tmp_path / "b.PNG"]
    deep = [str(path.relative_to(tmp_path)) for path in find_pictures(tmp_path, recursive=True)]
    assert deep == ["a.jpg", "b.PNG", "sub/d.webp", "sub/f.gif"]
    with pytest.raises(InputError, match="cannot be read: no such file"):
        find_pictures(tmp_path / "nowhere")


def test_loops_of_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    assert find_pictures(tmp_path, recursive=True) == [tmp_path / "a.png"]


def test_the_order_is_that_of_the_paths(tmp_path: Path) -> None:
    for name in ("b/z.png", "b.png", "a/b/c.png", "a/b.png", "a-b.png", "Z.png", "ü.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = find_pictures(tmp_path, recursive=True)
    assert found == sorted(found)
    assert len(found) == 7


def test_a_link_is_a_picture_whether_or_not_it_leads_anywhere(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b.png").symlink_to(tmp_path)
    (tmp_path / "c.png").symlink_to("c.png")
    os.mkfifo(tmp_path / "d.png")  # would keep its reader waiting
    assert [path.name for path in find_pictures(tmp_path)] == ["a.png", "c.png"]


def test_one_folder_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("in", "in/out", "in/outer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    found = walk_pictures(tmp_path / "in", recursive=True, but=tmp_path / "in" / "out")
    assert [str(path.relative_to(tmp_path)) for path in found] == ["in/a.png", "in/outer/a.png"]
    monkeypatch.chdir(tmp_path / "in")
    here = walk_pictures(Path(), recursive=True, but=Path("out"))
    assert list(here) == [Path("a.png"), Path("outer/a.png")]


def test_a_folder_that_vanishes_is_told_of_and_left_out(tmp_path: Path) -> None:
    for name in ("a/a.png", "b/b.png", "c/c.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    told: list[tuple[Path, str]] = []
    found = walk_pictures(
        tmp_path, recursive=True, on_error=lambda path, error: told.append((path, str(error)))
    )
    assert next(found) == tmp_path / "a" / "a.png"
    (tmp_path / "b" / "b.png").unlink()
    (tmp_path / "b").rmdir()
    assert list(found) == [tmp_path / "c" / "c.png"]
    path = tmp_path / "b"
    assert told == [(path, f"folder {path} cannot be read: no such file or directory")]
