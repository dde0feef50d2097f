from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.store import Store
from cyclegan.contract.errors import ModelError, PictureError

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

from app.web.run import PREVIEW_SIDE, run_model
from app.web.upload import Upload, plain_name, read_upload, result_name


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


def test_result_is_exact_and_its_previews_are_small(
    weights_dir: Path, add_model: Callable[..., object], tmp_path: Path, cache: Path
) -> None:
    add_model(weights_dir, "negate", training_size=2 * PREVIEW_SIDE)  # seen as it is
    wide = np.zeros((20, 2 * PREVIEW_SIDE, 4), np.uint8)
    wide[:, PREVIEW_SIDE:] = 10, 20, 30, 40
    photo = tmp_path / "photo.png"
    Image.fromarray(wide).save(photo)
    result = run_model(Store(weights_dir), Upload(photo, "my photo.png"), "negate")

    assert result.file.name == "my photo_negate.png"
    assert result.file.is_relative_to(cache)
    expected = wide.copy()
    expected[..., :3] = 255 - wide[..., :3]
    with Image.open(result.file) as file:
        np.testing.assert_array_equal(np.asarray(file), expected)
    assert (result.pair.width, result.pair.height) == (PREVIEW_SIDE, 10)
    for preview in (result.pair.before, result.pair.after):
        with Image.open(preview) as file:
            assert (file.size, file.mode) == ((PREVIEW_SIDE, 10), "RGBA")


def test_refusals_name_the_upload_and_not_its_path(weights_dir: Path, tmp_path: Path) -> None:
    bad = tmp_path / "c0ffee"
    bad.write_bytes(b"text")
    store = Store(weights_dir)
    with pytest.raises(PictureError, match=r"^holiday\.png is not a picture"):
        run_model(store, Upload(bad, "holiday.png"), "negate")
    with pytest.raises(ModelError, match="no model is installed"):
        run_model(store, Upload(bad, "holiday.png"), "")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("holiday.jpg", "holiday.jpg"),
        ("Zoë's ünïcode 🐎.png", "Zoë's ünïcode 🐎.png"),
        ("../../etc/passwd", "passwd"),
        (r"C:\photos\a.png", "a.png"),
        ('<img src="x">.png', "img src=x.png"),
        ("line\nbreak\0.png", "linebreak.png"),
        (".hidden", "hidden"),
        ("...", "picture"),
        ("", "picture"),
    ],
)
def test_names_keep_what_is_harmless(given: str, kept: str) -> None:
    assert plain_name(given) == kept


def test_result_is_named_after_upload_and_model() -> None:
    assert result_name("holiday.jpg", "horse2zebra") == "holiday_horse2zebra.png"
    assert len(result_name("ü" * 300 + ".jpg", "horse2zebra").encode()) < 200


def test_upload_without_a_file_is_none() -> None:
    assert read_upload(None) is None
    assert read_upload({"path": "", "url": "data:image/png;base64,AAAA"}) is None
    assert read_upload({"path": "/x/y.png"}) == Upload(Path("/x/y.png"), "y.png")
