"""What tests of the command share: a photo, and a folder of them."""

from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture
def photo(tmp_path: Path, noise) -> Path:
    Image.fromarray(noise(37, 53)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def folder(tmp_path: Path, noise) -> Path:
    """Three good pictures and one bad."""
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.png", "c.png", "sub/a.png"):
        Image.fromarray(noise(8, 9)).save(folder / name)
    (folder / "b.png").write_text("no picture")
    return folder
