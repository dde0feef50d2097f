"""Edges go, and nothing else."""

import torch

from cyclegan.smoothing import REACH, smooth_edges


def test_a_line_fades_and_what_is_far_from_it_stays() -> None:
    picture = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(0)) * 0.02
    picture[..., 12] = -1  # a drawn line, of one pixel
    smoothed = smooth_edges(picture)
    reach = REACH + 1  # of the neighbours that tell an edge
    assert torch.equal(smoothed[..., : 12 - reach], picture[..., : 12 - reach])
    assert torch.equal(smoothed[..., 13 + reach :], picture[..., 13 + reach :])
    torch.testing.assert_close(  # the middle of the kernel: 6 of 16
        smoothed[..., 12], torch.full((1, 3, 24), -6 / 16), atol=0.02, rtol=0
    )
    assert (smoothed[..., 11] < -0.2).all()


def test_a_step_of_colour_becomes_a_slope() -> None:
    picture = torch.zeros(1, 3, 8, 8)
    picture[..., 4:, :] = 1
    wanted = torch.tensor([0, 0, 1, 5, 11, 15, 16, 16]) / 16
    torch.testing.assert_close(smooth_edges(picture)[0, 0, :, 0], wanted)


def test_range_and_shape_stay() -> None:
    picture = torch.rand(2, 3, 9, 7, generator=torch.Generator().manual_seed(1)) * 2 - 1
    smoothed = smooth_edges(picture)
    assert smoothed.shape == picture.shape
    assert smoothed.abs().max() <= 1
