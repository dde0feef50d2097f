"""A translation says how far it is, and ends where it is stopped."""

from pathlib import Path

import numpy as np
import pytest

from app.progress import Progress
from app.recipe import Recipe
from app.rendering import Renderer
from app.translator import Translator
from cyclegan.contract.errors import StoppedError
from cyclegan.contract.images import Picture


@pytest.fixture
def translator(tmp_path: Path, add_model) -> Translator:
    card = add_model(tmp_path, "negate", border=0, tiling="exact", receptive_field=4)
    translator = Translator(tmp_path / card.file, card, 1)
    translator.tile_size = 20
    return translator


@pytest.mark.parametrize(("size", "total"), [(20, 1), (60, 9)])
def test_each_tile_is_told(translator: Translator, noise, size: int, total: int) -> None:
    told: list[tuple[int, int]] = []
    rgb = translator.run(noise(size, size), Progress(lambda *counts: told.append(counts)))
    np.testing.assert_array_equal(rgb, 255 - noise(size, size))
    assert told == [(done, total) for done in range(total + 1)]


def test_rows_of_the_result_are_told_after_the_tiles(translator: Translator, noise) -> None:
    told: list[tuple[int, int]] = []
    picture = Picture(noise(600, 300))
    Renderer(translator, Recipe(strength=0.5))(
        picture, Progress(lambda *counts: told.append(counts))
    )
    assert told[-3:] == [(0, 600), (218, 600), (436, 600)]  # of 2**16 pixels


def test_a_narrow_picture_is_combined_a_few_rows_at_once(translator: Translator) -> None:
    told: list[tuple[int, int]] = []
    picture = Picture(np.zeros((600, 1, 3), np.uint8))
    Renderer(translator, Recipe(size=500))(picture, Progress(lambda *counts: told.append(counts)))
    # As weights of all rows at once take the square of their number.
    assert told[-3:] == [(0, 600), (256, 600), (512, 600)]


@pytest.mark.parametrize("size", [20, 60])
def test_a_run_that_is_stopped_under_way_ends_as_stopped(
    translator: Translator, noise, size: int
) -> None:
    told: list[int] = []

    def stop(done: int, total: int) -> None:
        told.append(done)
        progress.stop()  # after the check for it: ONNX Runtime must notice

    progress = Progress(stop)
    with pytest.raises(StoppedError):
        translator.run(noise(size, size), progress)
    assert told == [0]
    np.testing.assert_array_equal(translator.run(noise(size, size)), 255 - noise(size, size))


def test_what_follows_the_network_can_be_stopped_too(translator: Translator, noise) -> None:
    progress = Progress(lambda done, total: progress.stop() if done == total else None)
    with pytest.raises(StoppedError):
        Renderer(translator, Recipe(strength=0.5))(Picture(noise(20, 20)), progress)
