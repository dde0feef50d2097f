"""What is lost there and back, with models whose answer is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.progress import Progress
from app.store import Store
from cyclegan.contract.errors import ModelError, StoppedError

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

from app.web.back import translate_back, way_back
from app.web.run import Run, run_model
from app.web.upload import Upload


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Store], Run]:
    """A function that translates a grey photo, darker on its left, with `negate`."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    pixels = np.full((40, 60, 3), 120, np.uint8)
    pixels[:, :30] = 20
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    upload = Upload(path, "photo.png")
    return lambda store: run_model(store, upload, "negate", "auto", Progress())


def test_nothing_is_lost_where_the_way_back_undoes_it(
    weights_dir: Path, add_model: Callable[..., object], go: Callable[[Store], Run]
) -> None:
    add_model(weights_dir, "negate", reverse="negate")
    store = Store(weights_dir)
    back = translate_back(store, go(store), Progress())
    assert back.mean == 0
    assert np.asarray(Image.open(back.lost)).max() == 0
    assert abs(np.asarray(Image.open(back.picture))[20, 50].astype(int) - 120).max() <= 2


def test_what_is_lost_is_bright_on_the_map(
    weights_dir: Path, add_model: Callable[..., object], go: Callable[[Store], Run]
) -> None:
    add_model(weights_dir, "negate", reverse="same")
    add_model(weights_dir, "same", "Identity")
    store = Store(weights_dir)
    back = translate_back(store, go(store), Progress())  # 20 comes back as 235, 120 as 135
    assert back.mean > 20
    lost = np.asarray(Image.open(back.lost)).astype(int).sum(axis=-1)
    assert lost[:, :30].min() > lost[:, 30:].max() > 0


def test_the_way_back_can_be_stopped(
    weights_dir: Path, add_model: Callable[..., object], go: Callable[[Store], Run]
) -> None:
    add_model(weights_dir, "negate", reverse="negate")
    store = Store(weights_dir)
    run = go(store)
    progress = Progress(lambda done, total: progress.stop())
    with pytest.raises(StoppedError):
        translate_back(store, run, progress)


@pytest.mark.parametrize("reverse", [None, "missing"])
def test_without_a_model_that_goes_back_there_is_no_way(
    weights_dir: Path, add_model: Callable[..., object], go: Callable[[Store], Run], reverse: str
) -> None:
    add_model(weights_dir, "negate", reverse=reverse)
    store = Store(weights_dir)
    run = go(store)
    assert way_back(store, run.card) is None
    with pytest.raises(ModelError, match="no model that undoes negate"):
        translate_back(store, run, Progress())
