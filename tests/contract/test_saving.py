"""Every picture goes out in the format that its name says, with what its file says."""

import io
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from cyclegan.contract.errors import PictureError, StorageError
from cyclegan.contract.formats import WRITABLE_SUFFIXES
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.saving import save_picture, write_picture
from tests.contract.pictures import smooth


@pytest.mark.parametrize("suffix", sorted(WRITABLE_SUFFIXES))
def test_every_format_that_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    rgb = smooth(24, 32)
    save_picture(Picture(rgb), tmp_path / f"picture{suffix}")
    again = load_picture(tmp_path / f"picture{suffix}")
    assert np.abs(again.rgb.astype(int) - rgb).mean() < 2
    assert list(tmp_path.iterdir()) == [tmp_path / f"picture{suffix}"]


@pytest.mark.parametrize("suffix", sorted(WRITABLE_SUFFIXES))
def test_a_disk_that_fills_in_the_last_part_leaves_no_file(tmp_path: Path, suffix: str) -> None:
    picture, path = Picture(smooth(64, 64)), tmp_path / f"picture{suffix}"
    save_picture(picture, path)
    size = path.stat().st_size
    path.unlink()
    with most_bytes_of_a_file(size - 1), pytest.raises(StorageError, match="file too large"):
        save_picture(picture, path)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def most_bytes_of_a_file(count: int) -> Iterator[None]:
    """A limit that shortens a write as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff", ".avif"])
def test_formats_with_alpha_keep_it(tmp_path: Path, suffix: str) -> None:
    alpha = np.zeros((16, 16), dtype=np.uint8)
    alpha[4:] = 255
    save_picture(Picture(smooth(16, 16), alpha), tmp_path / f"picture{suffix}")
    again = load_picture(tmp_path / f"picture{suffix}").alpha
    assert again is not None
    np.testing.assert_array_equal(again, alpha)


def test_a_stream_gets_what_a_file_gets(tmp_path: Path) -> None:
    picture = Picture(smooth(24, 32))
    for suffix in (".JPG", ".png"):
        size = save_picture(picture, tmp_path / f"a{suffix}", quality=50)
        stream = io.BytesIO()
        assert write_picture(picture, stream, suffix, quality=50) == size == (24, 32)
        assert stream.getvalue() == (tmp_path / f"a{suffix}").read_bytes()
    with pytest.raises(PictureError, match=r"cannot be written as \.xyz; use one of"):
        write_picture(picture, stream, ".xyz")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tiff", ".bmp"])
def test_writing_can_be_ended_between_parts_of_a_file(tmp_path: Path, suffix: str) -> None:
    left = iter(range(3))
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8)
    with pytest.raises(StopIteration):
        save_picture(Picture(noise), tmp_path / f"noise{suffix}", check=lambda: next(left))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".bmp", ".jpg"])
def test_formats_without_alpha_show_the_picture_on_white(tmp_path: Path, suffix: str) -> None:
    picture = Picture(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8))
    save_picture(picture, tmp_path / f"picture{suffix}")
    assert load_picture(tmp_path / f"picture{suffix}").rgb.min() == 255


def test_what_a_format_has_no_room_for_is_refused(tmp_path: Path) -> None:
    wide = Picture(np.zeros((1, 70_000, 3), np.uint8))
    with pytest.raises(PictureError, match=r"JPEG has room for 65500 pixels a side.*70000 x 1"):
        save_picture(wide, tmp_path / "wide.jpg")
    save_picture(wide, tmp_path / "wide.png")
    with pytest.raises(PictureError, match=r"cannot be written as \.xyz; use one of \.apng \.avif"):
        save_picture(wide, tmp_path / "wide.xyz")
