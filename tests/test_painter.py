"""The hand-made teacher of photo2anime."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch (extra: train)")


@pytest.fixture(scope="module")
def painting() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parents[1] / "weights" / "painter.py"))


def test_the_palette_takes_one_distribution_of_colours_to_the_other(painting: Any) -> None:
    random = np.random.default_rng(0)
    photos = random.normal(size=(500, 3)) @ random.normal(size=(3, 3)) + [0.1, 0.5, 0.9]
    targets = random.normal(size=(400, 3)) @ random.normal(size=(3, 3))
    matrix, offset = painting["palette"](photos, targets)
    mapped = photos @ matrix.T + offset
    np.testing.assert_allclose(mapped.mean(0), targets.mean(0), atol=1e-9)
    np.testing.assert_allclose(np.cov(mapped.T), np.cov(targets.T), atol=1e-9)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)  # of those that do, the nearest
    assert np.linalg.eigvalsh(matrix).min() > 0


def test_it_paints_flat_areas_and_dark_lines_between_them(painting: Any) -> None:
    painter = painting["Painter"](np.eye(3), np.zeros(3))
    noise = torch.rand(1, 3, 32, 64, generator=torch.Generator().manual_seed(0)) * 0.1
    photo = noise + torch.tensor([-0.6, 0.6]).repeat_interleave(32)
    painted = painter(photo)
    assert painted.shape == photo.shape
    for side in (slice(3, 25), slice(39, 61)):
        assert painted[..., side].std() < photo[..., side].std() / 2
    dark, line = (painted[..., place].mean() for place in (slice(3, 25), slice(29, 32)))
    assert line < dark - 0.1  # on the dark side of the edge


def test_it_draws_no_lines_into_a_thicket(painting: Any) -> None:
    thicket = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    lightness = painting["Painter"](np.eye(3), np.zeros(3))._lightness(thicket)
    assert painting["_lines"](lightness).mean() < 0.02
