import pytest
import torch

from cyclegan import losses


def test_generator_is_content_when_its_fakes_are_judged_real() -> None:
    assert losses.generator_adversarial(torch.ones(2, 1, 3, 3)) == 0


def test_generator_loss_by_hand() -> None:
    # (0.5 - 1)^2 = 0.25 and (3 - 1)^2 = 4, mean 2.125
    assert losses.generator_adversarial(torch.tensor([0.5, 3.0])) == 2.125


def test_discriminator_loss_by_hand() -> None:
    # ((2 - 1)^2 + 0.5^2) / 2 = 0.625
    loss = losses.discriminator_adversarial(torch.tensor([2.0]), torch.tensor([0.5]))
    assert loss == 0.625


def test_reconstruction_is_the_mean_absolute_difference() -> None:
    loss = losses.reconstruction(torch.tensor([[-1.0, 1.0]]), torch.tensor([[0.0, 0.5]]))
    assert loss == 0.75


def test_losses_are_taken_in_float32() -> None:
    loss = losses.reconstruction(
        torch.full((1000,), 0.001, dtype=torch.bfloat16), torch.zeros(1000)
    )
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(0.001, rel=0.01)
