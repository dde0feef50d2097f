import base64
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

from app.progress import Progress
from app.recipe import Recipe
from app.store import Store
from cyclegan.contract.errors import InputError, ModelError, PictureError, StoppedError
from cyclegan.contract.looks import MIN_LOOKS_PICTURES, Way, describe

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

from app.web.run import PREVIEW_SIDE, preview, run_model, set_region, write_file
from app.web.upload import Upload, plain_name, read_upload, result_name
from app.web.words import WORDS


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.fixture
def photo(tmp_path: Path, noise: Callable[..., np.ndarray]) -> Upload:
    (tmp_path / "photo").mkdir()
    path = tmp_path / "photo" / "photo.png"
    Image.fromarray(noise(60, 90)).save(path)
    return Upload(path, "photo.png")


def region(*box: int, size: tuple[int, int] = (90, 60)) -> str:
    """A data URL as the page sends it: white in a box, transparent elsewhere."""
    drawn = Image.new("RGBA", size)
    drawn.paste((255, 255, 255, 255), box)
    file = io.BytesIO()
    drawn.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def read(path: Path) -> np.ndarray:
    with Image.open(path) as file:
        return np.asarray(file)


def test_result_is_exact_and_its_previews_are_small(
    weights_dir: Path, add_model: Callable[..., object], tmp_path: Path, cache: Path
) -> None:
    add_model(weights_dir, "negate", training_size=2 * PREVIEW_SIDE)  # seen as it is
    wide = np.zeros((20, 2 * PREVIEW_SIDE, 4), np.uint8)
    wide[:, PREVIEW_SIDE:] = 10, 20, 30, 40
    photo = tmp_path / "photo.png"
    Image.fromarray(wide).save(photo)
    store = Store(weights_dir)
    run = run_model(store, Upload(photo, "my photo.png"), "negate", "auto", Progress())
    file = write_file(run, Recipe(), "png", Progress())

    assert file.name == "my photo_negate.png"
    assert file.is_relative_to(cache)
    expected = wide.copy()
    expected[..., :3] = 255 - wide[..., :3]
    np.testing.assert_array_equal(read(file), expected)
    pair = preview(run, Recipe())
    assert (pair.width, pair.height) == (PREVIEW_SIDE, 10)
    for path in (pair.before, pair.after):
        assert read(path).shape == (10, PREVIEW_SIDE, 4)
    assert abs(int(read(pair.after)[5, -5, 0]) - 245) < 5


def test_options_and_region_act_without_the_network(
    weights_dir: Path, photo: Upload, noise: Callable[..., np.ndarray]
) -> None:
    store = Store(weights_dir)
    run = run_model(store, photo, "negate", "auto", Progress())
    store.load("negate")._session = None  # whoever asked it now would fail
    half = write_file(run, Recipe(strength=0.5), "png", Progress())
    assert set(np.unique(read(half))) == {128}  # 127.5 rounded up, whatever v is
    assert abs(read(preview(run, Recipe(strength=0.5)).after).astype(int) - 128).max() <= 1
    set_region(run, region(0, 0, 45, 60))
    file = write_file(run, Recipe(), "png", Progress())
    np.testing.assert_array_equal(read(file)[:, 45:], noise(60, 90)[:, 45:])
    np.testing.assert_array_equal(read(file)[:, :40], 255 - noise(60, 90)[:, :40])
    set_region(run, "")
    assert run.region is None


def test_a_result_stays_when_its_model_is_replaced_or_deleted(
    weights_dir: Path, add_model: Callable[..., object], photo: Upload, noise: Callable[..., Any]
) -> None:
    store = Store(weights_dir)
    run = run_model(store, photo, "negate", "auto", Progress())
    add_model(weights_dir, "negate", "Identity", training_size=16)  # it sees photos smaller
    replaced = write_file(run, Recipe(), "png", Progress())
    np.testing.assert_array_equal(read(replaced), 255 - noise(60, 90))
    for file in weights_dir.glob("negate.*"):
        file.unlink()
    assert (preview(run, Recipe()).width, preview(run, Recipe()).height) == (90, 60)


def test_the_title_of_a_model_turns_no_letters_round(
    weights_dir: Path, add_model: Callable[..., object], photo: Upload
) -> None:
    add_model(weights_dir, "negate", title="<b>\u202etitle")
    run = run_model(Store(weights_dir), photo, "negate", "auto", Progress())
    assert run.note.startswith(r"&lt;b&gt;\u202etitle · 90 × 60 pixels")


def test_a_download_has_the_format_of_the_photo_unless_another_is_chosen(
    weights_dir: Path, tmp_path: Path, noise: Callable[..., Any]
) -> None:
    photo = tmp_path / "photo.JPG"
    Image.fromarray(noise(60, 90)).save(photo, "JPEG")
    run = run_model(Store(weights_dir), Upload(photo, photo.name), "negate", "auto", Progress())
    assert write_file(run, Recipe(), "auto", Progress()).name == "photo_negate.JPG"
    assert write_file(run, Recipe(), "png", Progress()).name == "photo_negate.png"


def test_a_file_that_is_stopped_while_it_is_written_is_not_there(
    weights_dir: Path, photo: Upload
) -> None:
    store = Store(weights_dir)
    run = run_model(store, photo, "negate", "auto", Progress())
    progress = Progress(lambda done, total: progress.stop())  # with the only rows; then it is saved
    with pytest.raises(StoppedError):
        write_file(run, Recipe(strength=0.5), "jpg", progress)
    assert not list(run.folder.glob("*photo*"))
    assert not list(run.folder.glob(".tmp*"))


def test_a_preview_shows_what_is_written_where_the_network_saw_less(
    weights_dir: Path, add_model: Callable[..., object], tmp_path: Path
) -> None:
    add_model(weights_dir, "negate", training_size=100)
    slope = np.linspace(0, 255, 2 * PREVIEW_SIDE).astype(np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(np.tile(slope[:, None], (40, 1, 3))).save(path)
    store = Store(weights_dir)
    for size in ("auto", 2000, "native"):
        run = run_model(store, Upload(path, "photo.png"), "negate", size, Progress())
        large = Image.open(write_file(run, Recipe(), "png", Progress())).resize((PREVIEW_SIDE, 20))
        small = read(preview(run, Recipe()).after).astype(int)
        assert abs(small - np.asarray(large)).max() <= 4  # the preview is a JPEG


def test_a_region_stays_with_its_photo(weights_dir: Path, photo: Upload, tmp_path: Path) -> None:
    store = Store(weights_dir)
    run = run_model(store, photo, "negate", "auto", Progress())
    set_region(run, region(0, 0, 45, 60))
    assert run_model(store, photo, "negate", 32, Progress(), run).region
    (tmp_path / "other").mkdir()
    other = Upload(photo.path.rename(tmp_path / "other" / "photo.png"), "photo.png")
    assert run_model(store, other, "negate", "auto", Progress(), run).region is None


@pytest.mark.parametrize(
    "drawn",
    [
        "/etc/passwd",
        "data:image/png;base64,AAAA",
        "data:image/png;base64,?",
        "data:image/svg+xml;base64,AAAA",
        region(0, 0, 9, 9, size=(2 * PREVIEW_SIDE, PREVIEW_SIDE)),
    ],
)
def test_what_is_no_drawing_of_the_page_is_refused(
    weights_dir: Path, photo: Upload, drawn: str
) -> None:
    run = run_model(Store(weights_dir), photo, "negate", "auto", Progress())
    with pytest.raises(InputError, match="the region is"):
        set_region(run, drawn)
    assert run.region is None


def test_a_word_of_warning_where_the_photo_is_unlike_what_the_model_learned_from(
    weights_dir: Path, add_model: Callable[..., object], photo: Upload, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    dark = [random.integers(0, 60, (24, 24, 3), np.uint8) for _ in range(MIN_LOOKS_PICTURES)]
    add_model(weights_dir, "negate", looks=describe(dark, "dark pictures"), training_size=16)
    store = Store(weights_dir)
    note = run_model(store, photo, "negate", "auto", Progress()).note
    assert note.endswith(
        "<br><strong>This photo is unlike the pictures that the model learned from. "
        "The result may disappoint. It is much brighter.</strong>"
    )
    turkish = run_model(store, photo, "negate", "auto", Progress(), language="tr").note
    assert turkish.endswith("olabilir. Çok daha aydınlık.</strong>")
    chinese = run_model(store, photo, "negate", "auto", Progress(), language="zh").note
    assert "。 " not in chinese
    night = tmp_path / "night.png"
    Image.fromarray(dark[0]).save(night)
    like = run_model(store, Upload(night, "night.png"), "negate", "auto", Progress()).note
    assert "<strong>" not in like


@pytest.mark.parametrize("codec", ["GIF", "WEBP", "PNG", "TIFF"])
def test_who_gave_several_pictures_in_a_file_is_told_that_it_is_the_first(
    weights_dir: Path, photo: Upload, tmp_path: Path, codec: str
) -> None:
    store = Store(weights_dir)
    assert "first" not in run_model(store, photo, "negate", "auto", Progress()).note
    pictures = [Image.new("RGB", (90, 60), colour) for colour in ("red", "green", "blue")]
    several = tmp_path / "several"
    pictures[0].save(several, codec, save_all=True, append_images=pictures[1:])
    note = run_model(store, Upload(several, "several"), "negate", "auto", Progress()).note
    assert "<br><strong>The file holds 3 pictures, and this is the first of them." in note


def test_every_way_to_be_unlike_has_its_words() -> None:
    said = {key for key in WORDS["en"] if key.startswith("unlike.")}
    assert said == {f"unlike.{way}" for way in get_args(Way)}


def test_a_photo_that_is_deleted_is_asked_for_again(weights_dir: Path, photo: Upload) -> None:
    store = Store(weights_dir)
    run = run_model(store, photo, "negate", "auto", Progress())
    shutil.rmtree(run.folder)
    with pytest.raises(PictureError, match=r"^photo\.png .* is deleted; give it again"):
        preview(run, Recipe())


def test_refusals_name_the_upload_and_not_its_path(weights_dir: Path, tmp_path: Path) -> None:
    bad = tmp_path / "c0ffee"
    bad.write_bytes(b"text")
    store = Store(weights_dir)
    with pytest.raises(PictureError, match=r"^holiday\.png is not a picture"):
        run_model(store, Upload(bad, "holiday.png"), "negate", "auto", Progress())
    with pytest.raises(ModelError, match="No model is installed"):
        run_model(store, Upload(bad, "holiday.png"), "", "auto", Progress())


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
    assert result_name("holiday.jpg", "horse2zebra", ".webp") == "holiday_horse2zebra.webp"
    assert len(result_name("ü" * 300 + ".jpg", "horse2zebra", ".png").encode()) < 200


def test_upload_without_a_file_is_none(cache: Path, photo: Upload) -> None:
    assert read_upload(None) is None
    assert read_upload({"path": "", "url": "data:image/png;base64,AAAA"}) is None
    path = cache / "hash" / "y.png"
    assert read_upload({"path": str(path)}) == Upload(path, "y.png")
    for way in (photo.path, cache / ".." / "photo" / "photo.png"):
        assert read_upload({"path": str(way)}) is None
