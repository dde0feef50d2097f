import pytest
import torch

from cyclegan.config import TrainConfig
from cyclegan.one_way import DistillStep, SimGANStep
from tests.cyclegan.runs import batch


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
    losses = step(noise[0], noise[1], 1e-3, noise[2])
    assert set(losses) == {f"adv_{way}", f"teacher_{way}", f"structure_{way}", f"disc_{way[1]}"}
    after = step.networks[f"G_{way}"].parameters()
    assert not all(torch.equal(ours, theirs) for ours, theirs in zip(before, after, strict=True))
