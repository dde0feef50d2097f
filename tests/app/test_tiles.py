"""Tiles of a network with a finite receptive field must fit together as if there were none."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.store import Store
from app.tiles import _divisions, choose_cells, cut
from app.translator import Translator, default_tile_size
from cyclegan.contract.folder import default_folder


@pytest.mark.parametrize(("size", "margin"), [(8, 0), (8, 4), (12, 16), (40, 4), (100, 4)])
def test_places_cover_a_picture_once_and_windows_hold_them(size: int, margin: int) -> None:
    shape, inner = (36, 52), (slice(5, 31), slice(7, 50))
    padded = np.arange(36 * 52).reshape(shape)
    pixels = padded[inner]
    covered = np.zeros(pixels.shape, int)
    cells = choose_cells(shape, size, margin, 4)
    for place, window, part in cut(shape, inner, cells, margin):
        covered[place] += 1
        assert padded[window].size <= (size + 2 * margin) ** 2
        np.testing.assert_array_equal(padded[window][part], pixels[place])
        for piece, of_window, length in zip(part, window, shape, strict=True):
            assert of_window.start % 4 == of_window.stop % 4 == 0
            assert of_window.start == 0 or piece.start >= margin
            assert of_window.stop == length or piece.stop + margin <= of_window.stop
    assert (covered == 1).all()


@pytest.mark.parametrize(
    ("shape", "cells"),
    [
        ((2064, 2064), (1040, 2064)),  # two halves, where squares would be four
        ((512, 20000), (512, 5008)),
        ((1536, 2048), (1536, 2048)),  # as it is: it is no larger than a window
        ((10000, 10000), (1120, 2000)),
        ((32, 20_000_000), (32, 106960)),  # within a moment, and not in minutes
    ],
)
def test_pictures_are_cut_so_that_little_is_read_twice(
    shape: tuple[int, int], cells: tuple[int, int]
) -> None:
    assert choose_cells(shape, 1536, 160, 16) == cells


def test_no_way_to_cut_a_side_is_looked_at_twice() -> None:
    cells = [way.cell for way in _divisions(10_000, 16, 160, 16)]
    assert len(cells) == len(set(cells)) == 49  # ceil(625 / n) * 16 for n to 1250


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    coarse = np.random.default_rng(0).integers(0, 256, (35, 47, 1, 1, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=2).repeat(8, axis=3).swapaxes(1, 2).reshape(280, 376, 3)


@pytest.mark.parametrize("tile_size", [4, 50, 128, 300])
@pytest.mark.parametrize("name", ["horse2zebra", "zebra2horse"])
def test_tiles_of_a_bundled_model_leave_no_trace(
    name: str, tile_size: int, photo: NDArray[np.uint8]
) -> None:
    translator = Store(default_folder()).load(name)
    assert translator.card.tiling == "exact"
    if tile_size == 4:
        photo = photo[:13, :22]  # a run for every cell
    whole = translator.run(photo).astype(int)
    translator.tile_size = tile_size
    assert np.abs(translator.run(photo) - whole).max() <= 1


def test_a_smaller_field_than_the_network_has_would_show(photo: NDArray[np.uint8]) -> None:
    store = Store(default_folder())
    card = store.card("horse2zebra")
    wrong = replace(card, receptive_field=card.size_multiple)
    translator = Translator(store.folder / card.file, wrong)
    whole = translator.run(photo).astype(int)
    translator.tile_size = 128
    assert np.abs(translator.run(photo) - whole).max() > 1


def test_tiles_are_as_large_as_the_memory_of_their_network_lets_them_be() -> None:
    card = Store(default_folder()).card("horse2zebra")
    single = replace(card, precision="fp32", fidelity=None)
    normed = replace(card, tiling="statistics", receptive_field=None)
    assert default_tile_size(card) > default_tile_size(single) > default_tile_size(normed)
