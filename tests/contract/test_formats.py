"""What tells formats apart: a file's content, not its name."""

import builtins
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cyclegan.contract.errors import PictureError
from cyclegan.contract.formats import FORMATS, PICTURE_SUFFIXES, WRITABLE_SUFFIXES, open_header
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.saving import save_picture
from tests.contract.pictures import encode, smooth

# 32 x 24 pixels: red 8 x, green 10 y, blue 90. Made with libheif's heif-enc.
HEIC = Path(__file__).with_name("gradient.heic")


def test_the_content_decides_what_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encode(Image.fromarray(smooth(4, 6)), "PNG"))
    np.testing.assert_array_equal(load_picture(tmp_path / "a.jpg").rgb, smooth(4, 6))
    for codec in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF"):
        with io.BytesIO(encode(Image.fromarray(smooth(4, 6)), codec)) as file:
            assert open_header(file, "it").format == codec


def test_heic_is_read_and_never_written() -> None:
    pytest.importorskip("pi_heif", reason="HEIC needs pi-heif (extra: heif)")
    y, x = np.mgrid[0:24, 0:32]
    expected = np.stack([8 * x, 10 * y, 0 * x + 90], axis=-1)
    assert np.abs(load_picture(HEIC).rgb - expected).mean() < 4  # colours at half the resolution
    assert {".heic", ".heif"} == PICTURE_SUFFIXES - WRITABLE_SUFFIXES
    with pytest.raises(PictureError, match="damaged or unusual HEIF header"):
        load_picture(HEIC.read_bytes()[:400])


def test_heic_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: object) -> object:
        if name == "pi_heif":
            raise ModuleNotFoundError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(PictureError, match=r"a\.heic is a HEIC picture.*pip install 'cyclegan\["):
        load_picture(HEIC.read_bytes(), name="a.heic")


def test_a_jpeg_may_be_called_as_windows_calls_those_that_browsers_save(tmp_path: Path) -> None:
    assert ".jfif" in PICTURE_SUFFIXES
    save_picture(Picture(smooth(4, 6)), tmp_path / "a.jfif")
    assert (tmp_path / "a.jfif").read_bytes()[:2] == b"\xff\xd8"


def test_no_suffix_means_two_formats() -> None:
    suffixes = [suffix for each in FORMATS for suffix in each.suffixes]
    assert len(suffixes) == len(set(suffixes))
