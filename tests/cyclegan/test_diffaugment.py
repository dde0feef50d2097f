import torch

from cyclegan.diffaugment import DRAWS, augment, translate


def draws(count: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, DRAWS, generator=torch.Generator().manual_seed(seed))


def pictures() -> torch.Tensor:
    return torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_every_picture_is_changed_in_its_own_way() -> None:
    x = pictures()[:1].expand(4, -1, -1, -1)
    y = augment(x, draws(4))
    assert y.shape == x.shape
    for index in range(4):
        assert not torch.equal(y[index], x[index])
        assert not torch.equal(y[index], y[index - 1])


def test_a_change_by_hand() -> None:
    # Brighter by 0.25, colours and contrast as they are, nothing moved (reach 2: the middle of 5
    # places), and rows and columns 0 to 7 cut out (the middle at 4, half of each side).
    x = pictures()[:1] * 0.5
    draws = torch.tensor([[0.75, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]])
    wanted = x + 0.25
    wanted[:, :, :8, :8] = 0
    torch.testing.assert_close(augment(x, draws), wanted)


def test_a_change_of_colour_by_hand() -> None:
    # Brighter by 0.1: red 0.5 0.2 0.2 of grey 0.3, beside grey -0.1. Half as colourful: 0.4 0.25
    # 0.25. Then half as much again away from the mean of both, 0.1. Nothing moved, a corner cut.
    x = torch.full((1, 3, 16, 16), -0.2)
    x[..., :8] = torch.tensor([0.4, 0.1, 0.1])[:, None, None]
    wanted = torch.full((1, 3, 16, 16), -0.2)
    wanted[..., :8] = torch.tensor([0.55, 0.325, 0.325])[:, None, None]
    wanted[..., :4, :4] = 0
    draws = torch.tensor([[0.6, 0.25, 1.0, 0.5, 0.5, 0.0, 0.0]])
    torch.testing.assert_close(augment(x, draws), wanted)


def test_a_translation_by_hand() -> None:
    # Reach 2: down and to the left as far as it goes; what brightness, saturation, contrast and the
    # cut are drawn as does not count.
    x = pictures()[:1]
    wanted = torch.zeros_like(x)
    wanted[:, :, 2:, :-2] = x[:, :, :-2, 2:]
    for other in (0.0, 0.9):
        draws = torch.tensor([[other, other, other, 0.0, 0.99, other, other]])
        torch.testing.assert_close(translate(x, draws), wanted)


def test_the_same_draw_changes_alike() -> None:
    first, second = (augment(pictures(), draws(4, seed=5)) for _ in range(2))
    assert torch.equal(first, second)


def test_gradients_pass_through() -> None:
    x = pictures().requires_grad_(True)
    augment(x, draws(4)).sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert all((gradient != 0).any() for gradient in x.grad)


def test_about_a_quarter_is_cut_out_at_most() -> None:
    # Half of each side, less where it reaches over the edge, plus what moved out of sight.
    y = augment(torch.ones(200, 3, 16, 16), draws(200))
    empty = (y == 0).all(dim=1).float().mean(dim=(1, 2))
    assert empty.max() <= 1 / 4 + 1 - (14 / 16) ** 2
    assert empty.mean() > 0.1
