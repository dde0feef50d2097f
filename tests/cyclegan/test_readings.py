from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from cyclegan.config import TrainConfig
from cyclegan.methods import STEPS
from cyclegan.readings import (
    GRID,
    PROBE_PICTURES,
    grid_share,
    load_probe,
    measure_blobs,
    measure_change,
    measure_checkerboard,
    measure_colour_correlation,
    measure_diversity,
    measure_gradient,
    measure_told_apart,
    take_readings,
)
from tests.cyclegan.runs import DISTILL

SIZE = 64


@pytest.fixture
def noise() -> Tensor:
    """Eight pictures of 16 by 16 squares of random colours, with a little white noise on them."""
    random = torch.Generator().manual_seed(0)
    squares = torch.rand(8, 3, 16, 16, generator=random) - 0.5
    grain = 0.1 * torch.randn(8, 3, SIZE, SIZE, generator=random)
    return nn.functional.interpolate(squares, size=SIZE) + grain


def flat(value: float) -> Tensor:
    return torch.full((2, 3, SIZE, SIZE), float(value))


def checkerboard() -> Tensor:
    rows = torch.arange(SIZE)
    return ((rows[:, None] + rows) % 2 * 2.0 - 1).expand(2, 3, SIZE, SIZE)


def test_a_copy_changes_nothing_even_where_it_is_soft(noise: Tensor) -> None:
    assert measure_change(noise, noise) == 0
    soft = nn.functional.interpolate(nn.functional.avg_pool2d(noise, 2), scale_factor=2)
    assert float((soft - noise).abs().mean()) > 0.05
    assert measure_change(noise, soft) == pytest.approx(0, abs=1e-6)


def test_change_is_that_of_colour_or_of_added_texture() -> None:
    assert measure_change(flat(0.25), flat(0.5)) == pytest.approx(0.25)
    # Two pixels at +0.5, two at -0.5: a mean of 0 and a standard deviation of 0.5.
    assert measure_change(flat(0), checkerboard() / 2) == pytest.approx(0.5)
    assert measure_change(checkerboard() / 2, flat(0)) == 0  # texture that went is no change


def test_colours_correlate_from_a_copy_to_a_negative(noise: Tensor) -> None:
    assert measure_colour_correlation(noise, 0.5 * noise + 0.3) == pytest.approx(1)
    assert measure_colour_correlation(noise, -noise) == pytest.approx(-1)
    assert measure_colour_correlation(noise, torch.ones_like(noise)) == 0
    # The spatial mean of a product of independent squares is small: 6144 of them, 1/sqrt(6144).
    assert abs(measure_colour_correlation(noise, noise.flip(0))) < 4 / 6144**0.5


def test_diversity_is_beside_the_more_uniform_domain() -> None:
    two, four = torch.cat([flat(-0.2), flat(0.2)]), torch.cat([flat(-0.4), flat(0.4)])
    assert measure_diversity(four, two, four) == pytest.approx(0.5)
    assert measure_diversity(four, two, two) == pytest.approx(1)
    assert measure_diversity(four, flat(0.3), four) == pytest.approx(0, abs=1e-6)
    assert np.isfinite(measure_diversity(flat(0), flat(0), flat(0)))


def test_the_grid_holds_all_of_a_checkerboard_and_a_64th_of_noise(noise: Tensor) -> None:
    assert grid_share(checkerboard()) == pytest.approx(1, abs=0.05)  # less at the border
    white = torch.randn(64, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    assert grid_share(white) == pytest.approx(1 / 64, rel=0.1)
    assert grid_share(flat(0.5)) == 0
    assert measure_checkerboard(noise, noise, white[:8]) <= 1


@pytest.mark.parametrize("period", [2, GRID])
def test_a_faint_grid_in_translations_shows(noise: Tensor, period: int) -> None:
    grid = torch.zeros(SIZE, SIZE)
    grid[::period, ::period] = 0.3
    assert measure_checkerboard(noise, noise + grid, noise) > 6


def test_a_crop_that_is_no_multiple_of_the_patches_is_read() -> None:
    assert grid_share(checkerboard()[..., :36, :60]) == pytest.approx(1, abs=0.05)


def test_a_grid_beside_flat_pictures_is_that_beside_photographs_with_little_of_one() -> None:
    assert measure_checkerboard(flat(0), checkerboard(), flat(0)) == pytest.approx(100, rel=0.05)
    assert measure_checkerboard(flat(0), flat(0), flat(0)) == 0


def test_blobs_are_pinned_areas_that_were_not_there_and_are_not_wanted() -> None:
    grey, blob = flat(0), flat(0)
    blob[:, 1, :16, :32] = 1.0  # green: 16 * 32 of 64 * 64 pixels, an eighth
    assert measure_blobs(grey, blob, grey) == pytest.approx(1 / 8)
    assert measure_blobs(blob, blob, grey) == 0
    assert measure_blobs(grey, blob, blob) == 0
    assert measure_blobs(grey, checkerboard(), grey) == 0  # ends of the range, but no area


@pytest.mark.parametrize(
    ("real", "fake", "by_hand"),
    [
        ([1.0, 2.0], [-1.0, 0.0], 1.0),
        ([-1.0, 0.0], [1.0, 2.0], 0.0),
        ([0.0, 2.0], [1.0, 3.0], 0.25),  # 2 > 1 is the only one of four pairs
        ([1.0, 1.0], [1.0, 1.0], 0.5),
    ],
)
def test_told_apart_counts_pairs(real: list[float], fake: list[float], by_hand: float) -> None:
    judged = (torch.tensor(each)[:, None] for each in (real, fake))
    assert measure_told_apart(*judged) == pytest.approx(by_hand, rel=1e-4)


def test_told_apart_takes_what_the_heads_say_together() -> None:
    # The second head is surer of everything than the first, and neither errs.
    real, fake = torch.tensor([[1.0, 10.0]]), torch.tensor([[0.0, 9.0]])
    assert measure_told_apart(real, fake) == 1


@pytest.mark.parametrize(
    ("objective", "by_hand"),
    [
        ("lsgan", 2.0),  # of (D - 1)^2 at D = 0
        ("vanilla", 0.5),  # of log(1 + exp(-D)) at D = 0
        ("hinge", 1.0),
        ("wgan-gp", 1.0),
    ],
)
def test_the_gradient_is_the_slope_of_the_adversarial_loss(objective: str, by_hand: float) -> None:
    # D = mean of the picture: to move every pixel by 1 moves D by 1.
    def judge(picture: Tensor) -> Tensor:
        return picture.mean(dim=(1, 2, 3))

    assert measure_gradient(judge, objective, flat(0)) == pytest.approx(by_hand, rel=1e-4)
    assert measure_gradient(lambda picture: 0 * judge(picture), objective, flat(0)) == 0


@pytest.mark.parametrize("method", list(STEPS))
def test_a_step_is_read_in_each_direction_and_stays_as_it_is(
    config: TrainConfig, method: str, noise: Tensor
) -> None:
    one_way: dict[str, dict[str, Any]] = {"simgan": {"lambda_cycle": 0.0}, "distill": DISTILL}
    settings = config.replace(
        discriminator_norm="spectral", **{"method": method} | one_way.get(method, {})
    )
    step = STEPS[method](settings, augmentation="on")
    step(noise[:1], noise[1:2], learning_rate=1e-3, taught=noise[2:3])
    before = {key: value.clone() for key, value in _tensors(step.state_dict()).items()}
    drawn = torch.get_rng_state()
    readings = take_readings(step, noise, -noise)
    names = {name.rpartition("_")[2] for name in readings}
    assert names == ({"AB", "BA"} if method == "cyclegan" else {"AB"})
    assert all(np.isfinite(value) for value in readings.values())
    assert torch.equal(torch.get_rng_state(), drawn)
    after = _tensors(step.state_dict())
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    for network in step.networks.values():
        assert network.training
        assert all(parameter.requires_grad for parameter in network.parameters())


def test_a_probe_is_spread_over_a_domain(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i:02}.png" for i in range(15)]
    for i, path in enumerate(paths):
        Image.new("RGB", (40, 40), (10 * i, 0, 0)).save(path)
    probe = load_probe(paths, 32)
    assert probe.shape == (PROBE_PICTURES, 3, 32, 32)
    reds = (probe[:, 0, 0, 0] + 1) * 127.5
    assert reds.round().tolist() == [0, 20, 40, 60, 80, 100, 120, 140]


def _tensors(state: object, where: str = "") -> dict[str, Tensor]:
    if isinstance(state, Tensor):
        return {where: state}
    if isinstance(state, (dict, list)):
        items = state.items() if isinstance(state, dict) else enumerate(state)
        return {k: v for key, part in items for k, v in _tensors(part, f"{where}/{key}").items()}
    return {}
