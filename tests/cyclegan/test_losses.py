import math

import pytest
import torch

from cyclegan import losses

ZERO_AND_THREE = torch.tensor([0.0, 3.0])
LOG_2 = math.log(2)


@pytest.mark.parametrize(
    ("objective", "by_hand"),
    [
        ("lsgan", (1 + 4) / 2),  # (0 - 1)^2, (3 - 1)^2
        ("vanilla", (LOG_2 + math.log(1 + math.exp(-3))) / 2),  # -log sigmoid
        ("hinge", -1.5),
        ("wgan-gp", -1.5),
    ],
)
def test_generator_losses_by_hand(objective: str, by_hand: float) -> None:
    loss = losses.generator_adversarial(objective, ZERO_AND_THREE)
    assert float(loss) == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.parametrize(
    ("objective", "by_hand"),
    [
        # reals 0 and 3, fakes -2 and 0.5
        ("lsgan", ((1 + 4) / 2 + (4 + 0.25) / 2) / 2),
        (
            "vanilla",
            (
                (LOG_2 + math.log(1 + math.exp(-3))) / 2
                + (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(0.5))) / 2
            )
            / 2,
        ),
        ("hinge", ((1 + 0) / 2 + (0 + 1.5) / 2) / 2),
        ("wgan-gp", (-0.75 - 1.5) / 2),
    ],
)
def test_discriminator_losses_by_hand(objective: str, by_hand: float) -> None:
    fakes = torch.tensor([-2.0, 0.5])
    loss = losses.discriminator_adversarial(objective, ZERO_AND_THREE, fakes)
    assert float(loss) == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.parametrize("objective", losses.OBJECTIVES)
def test_both_sides_pull_logits_apart(objective: str) -> None:
    # The discriminator raises reals and lowers fakes; the generator raises fakes.
    real, fake = torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    losses.discriminator_adversarial(objective, real, fake).backward()
    assert real.grad is not None
    assert (real.grad < 0).all()
    if objective != "lsgan":  # there, 0 is where fakes belong
        assert fake.grad is not None
        assert (fake.grad > 0).all()
    fooled = torch.zeros(3, requires_grad=True)
    losses.generator_adversarial(objective, fooled).backward()
    assert fooled.grad is not None
    assert (fooled.grad < 0).all()


def test_gradient_penalty_of_a_linear_critic_by_hand() -> None:
    # The critic sums w x over 3 x 2 x 2 values: its gradient is w everywhere, its norm w sqrt(12).
    def critic(x: torch.Tensor) -> torch.Tensor:
        return 0.5 * x.sum(dim=(1, 2, 3), keepdim=True)

    real, fake = torch.ones(2, 3, 2, 2), torch.zeros(2, 3, 2, 2)
    penalty = losses.gradient_penalty(critic, real, fake, torch.tensor([0.25, 1.0]))
    assert float(penalty) == pytest.approx((0.5 * math.sqrt(12) - 1) ** 2)


def test_the_penalty_drives_a_critics_gradient_norm_to_1() -> None:
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    critic = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(2, 16), torch.nn.Softplus(), torch.nn.Linear(16, 1),
        torch.nn.Unflatten(1, (1, 1, 1)),
    )  # fmt: skip
    optimizer = torch.optim.Adam(critic.parameters(), lr=0.01)
    for _ in range(400):
        real = torch.randn(64, 2, 1, 1, generator=generator) * 0.1 + 0.5
        fake = torch.randn(64, 2, 1, 1, generator=generator) * 0.1 - 0.5
        game = losses.discriminator_adversarial("wgan-gp", critic(real), critic(fake))
        penalty = losses.gradient_penalty(critic, real, fake, torch.rand(64, generator=generator))
        optimizer.zero_grad()
        (game + 10 * penalty).backward()
        optimizer.step()
    # The clouds lie d = sqrt(2) apart. -d n / 2 + 10 (n - 1)^2 is least at n = 1 + d / 40 = 1.035.
    x = torch.linspace(-0.4, 0.4, 7).reshape(-1, 1, 1, 1).repeat(1, 2, 1, 1).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(x).sum(), x)
    norms = gradient.flatten(1).norm(dim=1)
    assert float(norms.mean()) == pytest.approx(1.035, abs=0.02)


def test_reconstruction_is_the_mean_absolute_difference() -> None:
    loss = losses.reconstruction(torch.tensor([[-1.0, 1.0]]), torch.tensor([[0.0, 0.5]]))
    assert loss == 0.75


def test_a_shade_counts_at_every_resolution_and_a_fine_pattern_at_the_finest_alone() -> None:
    nothing = torch.zeros(1, 3, 16, 16)
    assert float(losses.multi_scale_distance(nothing + 0.5, nothing)) == pytest.approx(0.5)
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    checkerboard = (1 - 2.0 * ((rows + columns) % 2)).expand(1, 3, 16, 16)
    assert float(losses.multi_scale_distance(checkerboard, nothing)) == pytest.approx(1 / 4)
    # Squares of 4 pixels: averaged over 8 they are gone, over 1, 2 and 4 they are not.
    squares = (1 - 2.0 * ((rows // 4 + columns // 4) % 2)).expand(1, 3, 16, 16)
    assert float(losses.multi_scale_distance(squares, nothing)) == pytest.approx(3 / 4)


def test_the_variation_of_a_picture_is_the_mean_of_its_steps() -> None:
    picture = torch.zeros(1, 3, 4, 4)
    picture[..., 1, 2] = 1.0  # four steps: two of the 12 across, two of the 12 down
    assert float(losses.total_variation(picture)) == pytest.approx(2 / 12 + 2 / 12)
    assert float(losses.total_variation(picture + 0.5)) == pytest.approx(2 / 12 + 2 / 12)


def test_what_is_drawn_beside_an_edge_of_the_picture_is_free() -> None:
    sky = torch.zeros(1, 3, 16, 16)
    wall = sky.clone()
    wall[..., 8:] = 1.0  # one edge, from the top to the bottom
    near, far = sky.clone(), sky.clone()
    near[..., 9:11] = 0.5  # a line, whose edges are 1 and 3 columns from the wall's
    far[..., 1:3] = 0.5
    plain = float(losses.total_variation(far))
    assert float(losses.edge_aware_smoothness(far, sky)) == pytest.approx(plain)
    assert float(losses.edge_aware_smoothness(far, wall)) == pytest.approx(plain)
    # One of the near line's two edges is within two columns.
    costs = float(losses.edge_aware_smoothness(near, wall))
    assert costs == pytest.approx(plain * (1 + math.exp(-10)) / 2)
    turned = losses.edge_aware_smoothness(near.mT, wall.mT)
    assert float(turned) == pytest.approx(costs)


def test_the_distance_of_layers_is_a_share_of_what_is_to_be_there() -> None:
    there = torch.full((1, 2, 4, 4), 3.0)
    assert float(losses.layers_distance([there], [there])) == 0
    assert float(losses.layers_distance([there * 0], [there])) == 1
    # Rows without blocks say nothing, and a large layer counts no more than a small one.
    ours, theirs = [there * 0, None, there * 100], [there, there, there * 100]
    assert float(losses.layers_distance(ours, theirs)) == pytest.approx(0.5)


def test_the_structure_of_a_stripe_is_its_two_edges() -> None:
    stripe = torch.zeros(1, 3, 4, 4)
    stripe[..., 1] = 1.0  # across: steps of 1, -1 and 0 in every row; down: none
    nothing = torch.zeros(1, 3, 4, 4)
    assert float(losses.structure_distance(stripe, nothing)) == pytest.approx(2 / 3)
    assert float(losses.structure_distance(nothing, stripe)) == pytest.approx(2 / 3)
    assert float(losses.structure_distance(stripe + 0.5, stripe)) == pytest.approx(0, abs=1e-6)


def test_likeness_is_blind_to_how_features_are_turned_and_stretched() -> None:
    # Three places: the first two are alike, the third is at right angles to them.
    features = torch.tensor([[1.0, 0], [3, 0], [0, 2]]).T.reshape(1, 2, 1, 3)
    turned = 5 * features.flip(1) * torch.tensor([1.0, -1])[:, None, None]
    assert float(losses.self_similarity_distance(turned, features)) == pytest.approx(0, abs=1e-6)
    # Where the second is like the third, four of the nine pairs differ by 1.
    moved = torch.tensor([[1.0, 0], [0, 1], [0, 2]]).T.reshape(1, 2, 1, 3)
    assert float(losses.self_similarity_distance(moved, features)) == pytest.approx(4 / 9)


def test_losses_are_taken_in_float32() -> None:
    loss = losses.reconstruction(
        torch.full((1000,), 0.001, dtype=torch.bfloat16), torch.zeros(1000)
    )
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(0.001, rel=0.01)
