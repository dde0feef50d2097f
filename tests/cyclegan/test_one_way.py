from functools import partial

import pytest
import torch

from cyclegan import losses
from cyclegan.config import TrainConfig
from cyclegan.networks import generator_from
from cyclegan.one_way import DistillStep, SimGANStep
from cyclegan.plain import PlainGenerator
from cyclegan.step import weigh
from tests.cyclegan.runs import assert_same, batch


def test_simgan_learns_one_direction(config: TrainConfig) -> None:
    settings = config.replace(method="simgan", lambda_cycle=0, lambda_identity=0, lambda_self=1)
    step = SimGANStep(settings)
    assert set(step(*batch(), learning_rate=1e-3)) == {"adv_AB", "self_AB", "disc_B"}
    flat = SimGANStep(settings.replace(lambda_variation=1))
    assert "variation_AB" in flat(*batch(), learning_rate=1e-3)
    assert set(step.networks) == {"G_AB", "D_B"}


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_a_student_learns_one_direction(student: TrainConfig, direction: str) -> None:
    step = DistillStep(student.replace(direction=direction))
    way = direction.replace("to", "")
    assert set(step.networks) == {f"G_{way}", f"D_{way[1]}"}
    before = [p.detach().clone() for p in step.networks[f"G_{way}"].parameters()]
    noise = torch.rand(3, 1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = step(noise[0], noise[1], 1e-3, taught=noise[2])
    assert set(found) == {f"adv_{way}", f"teacher_{way}", f"structure_{way}", f"disc_{way[1]}"}
    after = step.networks[f"G_{way}"].parameters()
    assert not all(torch.equal(ours, theirs) for ours, theirs in zip(before, after, strict=True))


def test_without_an_adversarial_term_there_is_no_discriminator(student: TrainConfig) -> None:
    step = DistillStep(student.replace(lambda_adversarial=0.0, discriminator="projected"))
    assert set(step.networks) == {"G_AB"}
    taught, _ = batch(1)
    found = [step(*batch(), 1e-3, taught=taught) for _ in range(20)]
    assert set(found[0]) == {"teacher_AB", "structure_AB"}
    assert float(found[-1]["teacher_AB"]) < float(found[0]["teacher_AB"])
    state = step.state_dict()
    assert not [key for key in state if key.endswith("_D") or key.startswith("D_")]
    again = DistillStep(step.config)
    again.load_state_dict(state)
    assert_same(again(*batch(2), 1e-3, taught=taught), step(*batch(2), 1e-3, taught=taught))


def test_the_adversarial_term_has_a_weight(student: TrainConfig) -> None:
    terms = {name: torch.tensor(1.0) for name in ("adv_AB", "teacher_AB", "structure_AB")}
    assert weigh(terms, student.replace(lambda_adversarial=0.5)) == 0.5 + 10 + 5


def test_losses_of_simgan_equal_an_independent_formulation(config: TrainConfig) -> None:
    weights = dict.fromkeys(("identity", "self", "variation", "smooth"), 1.0) | {"cycle": 0.0}
    named = {f"lambda_{term}": weight for term, weight in weights.items()}
    step = SimGANStep(config.replace(method="simgan", pool_size=0, **named))
    real_A, real_B = (each / by for each, by in zip(batch(), (10, 100), strict=True))  # fine grain
    G_AB, D_B = step.networks["G_AB"], step.networks["D_B"]
    with torch.no_grad():
        fake_B = G_AB(real_A)
        wanted = {
            "adv_AB": ((D_B(fake_B) - 1) ** 2).mean(),
            "self_AB": (fake_B - real_A).abs().mean(),
            "variation_AB": losses.total_variation(fake_B),
            "smooth_AB": losses.edge_aware_smoothness(fake_B, real_A),
            "idt_B": (G_AB(real_B) - real_B).abs().mean(),
            "disc_B": ((D_B(real_B) - 1) ** 2).mean() / 2 + (D_B(fake_B) ** 2).mean() / 2,
        }
    torch.testing.assert_close(step(real_A, real_B, learning_rate=1e-3), wanted)


def test_a_student_is_compared_with_its_teacher(student: TrainConfig) -> None:
    step = DistillStep(student)
    real_A, real_B = batch()
    taught, _ = batch(1)
    with torch.no_grad():
        fake = step.networks["G_AB"](real_A)
    found = step(real_A, real_B, 1e-3, taught=taught)
    torch.testing.assert_close(found["teacher_AB"], losses.multi_scale_distance(fake, taught))
    torch.testing.assert_close(found["structure_AB"], losses.structure_distance(fake, taught))


def test_a_student_may_have_to_leave_what_is_plain_as_it_is(student: TrainConfig) -> None:
    step = DistillStep(student.replace(lambda_smooth=1.0, lambda_self=1.0))
    taught, _ = batch(1)
    assert {"smooth_AB", "self_AB", "teacher_AB"} <= step(*batch(), 1e-3, taught=taught).keys()


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # the compiler's own
@pytest.mark.parametrize("compiles", [False, True])
def test_layers_are_compared_with_those_of_a_deeper_teacher(
    student: TrainConfig, monkeypatch: pytest.MonkeyPatch, compiles: bool
) -> None:
    # The compiler's own part takes a minute; what it is given, and what it gives, is the same.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    config = student.replace(
        generator_levels=2, generator_blocks=3, lambda_layers=20.0, compile=compiles
    )
    deeper = generator_from(config.replace(generator_blocks=6))
    assert isinstance(deeper, PlainGenerator)
    before = [p.detach().clone() for p in deeper.parameters()]
    step = DistillStep(config)
    step.compare_layers_with(deeper)
    (real_A, real_B), (taught, _) = batch(), batch(1)
    with torch.no_grad():
        (_, ours), (_, theirs) = (
            network.with_layers(real_A) for network in (step.networks["G_AB"], deeper)
        )
    found = step(real_A, real_B, 1e-3, taught=taught)
    torch.testing.assert_close(found["layers_AB"], losses.layers_distance(ours, theirs))
    for _ in range(20):
        found |= {"last": step(real_A, real_B, 1e-3, taught=taught)["layers_AB"]}
    assert float(found["last"]) < float(found["layers_AB"])
    assert all(torch.equal(a, b) for a, b in zip(before, deeper.parameters(), strict=True))
    assert step.state_dict().keys() == DistillStep(config).state_dict().keys()
