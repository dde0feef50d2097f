import pytest
import torch
from torch import Tensor

from cyclegan.config import TrainConfig
from cyclegan.contract.errors import ConfigError
from cyclegan.step import CycleGANStep, choose_device


def batch(seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.rand(2, 3, 32, 32, generator=generator) * 2 - 1 for _ in range(2))  # type: ignore[return-value]


def test_a_device_that_is_not_there_is_refused() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    for name in ("cuda:99", "abacus"):
        with pytest.raises(ConfigError, match=f"--device {name}"):
            choose_device(name)


def test_a_step_answers_every_loss_without_gradient(config: TrainConfig) -> None:
    losses = CycleGANStep(config)(*batch(), learning_rate=1e-4)
    assert set(losses) == {
        "adv_AB", "adv_BA", "cycle_A", "cycle_B", "idt_A", "idt_B", "disc_A", "disc_B",
    }  # fmt: skip
    assert all(loss.ndim == 0 and not loss.requires_grad for loss in losses.values())


def test_without_identity_weight_no_identity_is_computed(config: TrainConfig) -> None:
    losses = CycleGANStep(config.replace(lambda_identity=0))(*batch(), learning_rate=1e-4)
    assert not {"idt_A", "idt_B"} & set(losses)


def test_every_network_learns_and_stays_trainable(config: TrainConfig) -> None:
    step = CycleGANStep(config)
    networks = (step.G_AB, step.G_BA, step.D_A, step.D_B)
    before = [[p.detach().clone() for p in network.parameters()] for network in networks]
    step(*batch(), learning_rate=1e-3)
    for network, old in zip(networks, before, strict=True):
        assert all(p.requires_grad for p in network.parameters())
        assert any(not torch.equal(p, q) for p, q in zip(network.parameters(), old, strict=True))


def test_discriminators_get_no_gradient_from_the_generators_losses(config: TrainConfig) -> None:
    step = CycleGANStep(config)
    step._train_generators(*batch())
    assert all(p.grad is None for d in (step.D_A, step.D_B) for p in d.parameters())


def test_a_learning_rate_of_0_changes_no_weight(config: TrainConfig) -> None:
    step = CycleGANStep(config)
    before = {key: value.clone() for key, value in step.G_AB.state_dict().items()}
    step(*batch(), learning_rate=0.0)
    for key, value in step.G_AB.state_dict().items():
        assert torch.equal(value, before[key])


def test_losses_equal_an_independent_formulation(config: TrainConfig) -> None:
    # Written out pass by pass from the paper's section 3, without batching A and B together.
    step = CycleGANStep(config.replace(pool_size=0))
    real_A, real_B = batch()
    with torch.no_grad():
        fake_B, fake_A = step.G_AB(real_A), step.G_BA(real_B)
        wanted = {
            "adv_AB": ((step.D_B(fake_B) - 1) ** 2).mean(),
            "adv_BA": ((step.D_A(fake_A) - 1) ** 2).mean(),
            "cycle_A": (step.G_BA(fake_B) - real_A).abs().mean(),
            "cycle_B": (step.G_AB(fake_A) - real_B).abs().mean(),
            "idt_A": (step.G_BA(real_A) - real_A).abs().mean(),
            "idt_B": (step.G_AB(real_B) - real_B).abs().mean(),
            "disc_A": ((step.D_A(real_A) - 1) ** 2).mean() / 2 + (step.D_A(fake_A) ** 2).mean() / 2,
            "disc_B": ((step.D_B(real_B) - 1) ** 2).mean() / 2 + (step.D_B(fake_B) ** 2).mean() / 2,
        }
    found = step(real_A, real_B, learning_rate=1e-4)
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, msg=name)


def test_averaged_weights_follow_by_the_decay(config: TrainConfig) -> None:
    step = CycleGANStep(config.replace(ema_decay=0.9))
    step(*batch(), learning_rate=1e-2)  # the average starts here
    start = [p.detach().clone() for p in step.G_AB.parameters()]
    step(*batch(), learning_rate=1e-2)
    for first, second, average in zip(
        start, step.G_AB.parameters(), step.G_AB_ema.parameters(), strict=True
    ):
        torch.testing.assert_close(average, 0.9 * first + 0.1 * second)


def test_bf16_and_channels_last_agree_with_plain_float32(config: TrainConfig) -> None:
    plain = CycleGANStep(config)(*batch(), learning_rate=1e-4)
    settings = config.replace(precision="bf16", channels_last=True)
    fast = CycleGANStep(settings)(*batch(), learning_rate=1e-4)
    for name, loss in plain.items():
        # bf16 keeps 8 bits: 1 part in 256
        assert float(fast[name]) == pytest.approx(float(loss), rel=0.02, abs=0.005), name
