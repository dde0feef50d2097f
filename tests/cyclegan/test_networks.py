import pytest
import torch
from torch.nn import functional as F

from cyclegan.networks import (
    GENERATORS,
    InstanceNorm,
    PatchDiscriminator,
    build_generator,
    count_parameters,
    init_weights,
)


@pytest.mark.parametrize(("name", "parameters"), [("resnet9", 11_378_179), ("resnet6", 7_837_699)])
def test_resnets_have_as_many_parameters_as_the_reference(name: str, parameters: int) -> None:
    assert count_parameters(build_generator(name, 64)) == parameters


def test_discriminator_has_as_many_parameters_as_the_reference() -> None:
    assert count_parameters(PatchDiscriminator(64)) == 2_764_737


def test_plain_generator_has_the_parameters_counted_by_hand() -> None:
    # 3x3 from 48 to 64 channels, 16 times 64 to 64, 64 to 48; each with a bias
    by_hand = (9 * 48 * 64 + 64) + 16 * (9 * 64 * 64 + 64) + (9 * 64 * 48 + 48)
    assert count_parameters(build_generator("plain", 64)) == by_hand


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_keep_size_and_range(name: str) -> None:
    network = build_generator(name, 8)
    init_weights(network, torch.Generator().manual_seed(0))
    fake_B = network(torch.rand(2, 3, 40, 56) * 2 - 1)
    assert fake_B.shape == (2, 3, 40, 56)
    assert fake_B.abs().max() <= 1


@pytest.mark.parametrize("name", GENERATORS)
def test_a_picture_is_translated_the_same_alone_and_in_a_batch_and_in_eval_mode(name: str) -> None:
    network = build_generator(name, 8)
    init_weights(network, torch.Generator().manual_seed(0))
    real_A = torch.rand(2, 3, 40, 40) * 2 - 1
    together = network(real_A)
    torch.testing.assert_close(network.eval()(real_A[:1]), together[:1])


def test_a_discriminator_logit_sees_a_patch_of_70_pixels() -> None:
    network = PatchDiscriminator(4).double()
    for module in network.modules():  # let the patch alone decide, not the picture's statistics
        if isinstance(module, InstanceNorm):
            module.forward = lambda x: x  # type: ignore[method-assign]
    x = torch.zeros(1, 3, 256, 256, dtype=torch.float64, requires_grad=True)
    logits = network(x)
    assert logits.shape == (1, 1, 30, 30)
    logits[0, 0, 15, 15].backward()
    assert x.grad is not None
    touched = x.grad[0].abs().sum(0).nonzero()
    assert (touched.max(0).values - touched.min(0).values + 1).tolist() == [70, 70]


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_instance_norm_equals_pytorchs(memory_format: torch.memory_format) -> None:
    x = torch.randn(2, 5, 7, 9, generator=torch.Generator().manual_seed(0)) * 3 + 1
    x = x.contiguous(memory_format=memory_format)
    y = InstanceNorm(5)(x)
    torch.testing.assert_close(y, F.instance_norm(x), rtol=1e-5, atol=1e-5)
    assert y.is_contiguous(memory_format=memory_format)


def test_the_receptive_field_of_a_plain_generator_is_finite() -> None:
    network = build_generator("plain", 8, blocks=2)
    init_weights(network, torch.Generator().manual_seed(0))
    real_A = torch.zeros(1, 3, 96, 96)
    changed = real_A.clone()
    changed[:, :, :4, :4] = 1.0
    difference = (network(changed) - network(real_A)).abs().sum(1)[0]
    # 6 convolutions (head, 2 blocks of 2, tail) reach 6 cells of 4 pixels beyond the first one.
    assert difference[28:].max() == 0
    assert difference[:28, :28].max() > 0
