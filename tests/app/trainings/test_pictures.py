"""What trainings can learn from: folders below the root, and uploads."""

from pathlib import Path

import pytest
from PIL import Image

from app.trainings.pictures import Pictures
from cyclegan.contract.errors import InputError


def test_folders_are_those_below_the_root(run_folder: Path, tmp_path: Path) -> None:
    pictures = Pictures(tmp_path)
    for place in ("mine/horses", ".hidden"):
        (tmp_path / place).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / place / "a.png")
    assert pictures.folders() == ["mine/horses"]
    assert pictures.folder("mine/horses") == (tmp_path / "mine/horses").resolve()
    for below in ("..", "/etc", "mine/none", "", "mine/../.."):
        with pytest.raises(InputError, match="is no folder of this server"):
            pictures.folder(below)


def test_uploads_are_kept_once(tmp_path: Path) -> None:
    uploads = []
    for folder in ("1", "2"):
        (tmp_path / folder).mkdir()
        uploads.append(tmp_path / folder / "same name.PNG")
        Image.new("RGB", (4, 4)).save(uploads[-1])
    pictures = Pictures(tmp_path / "root")
    kept = pictures.keep(uploads, "a/../b", "A")
    assert kept == pictures.keep(uploads[::-1], "a/../b", "A")
    assert kept.is_relative_to(pictures.data)
    assert [path.name for path in sorted(kept.iterdir())] == ["000000.png", "000001.png"]
