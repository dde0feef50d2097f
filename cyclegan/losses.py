"""The losses: tensors to scalars. Weights live in `step.py`, who learns from what in
`two_way.py` and `one_way.py`.

Every objective takes logits; none needs a sigmoid at the end of a discriminator.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Objective:
    """The game between a generator and a discriminator, both sides to be minimised."""

    generator: Callable[[Tensor], Tensor]  # logits of fakes -> scalar
    discriminator: Callable[[Tensor, Tensor], Tensor]  # logits of reals, of fakes -> scalar


def _lsgan_generator(fake: Tensor) -> Tensor:
    return F.mse_loss(fake, torch.ones_like(fake))


def _lsgan_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    return F.mse_loss(real, torch.ones_like(real)) + F.mse_loss(fake, torch.zeros_like(fake))


def _vanilla_generator(fake: Tensor) -> Tensor:
    return F.softplus(-fake).mean()  # -log sigmoid(fake), the non-saturating form


def _vanilla_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def _critic_generator(fake: Tensor) -> Tensor:
    return -fake.mean()


def _hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def _wasserstein_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    return fake.mean() - real.mean()


OBJECTIVES = {
    # Mao et al. 2017, eq. 9: real is 1, fake is 0; the paper's choice
    "lsgan": Objective(_lsgan_generator, _lsgan_discriminator),
    # Goodfellow et al. 2014, section 3: binary cross-entropy
    "vanilla": Objective(_vanilla_generator, _vanilla_discriminator),
    # Miyato et al. 2018, eq. 16 and 17
    "hinge": Objective(_critic_generator, _hinge_discriminator),
    # Gulrajani et al. 2017, eq. 3; its penalty is `gradient_penalty`
    "wgan-gp": Objective(_critic_generator, _wasserstein_discriminator),
}


def generator_adversarial(objective: str, logits_fake: Tensor) -> Tensor:
    """Say how far a generator's fakes are from being judged real.

    Args:
        objective: a key of `OBJECTIVES`. logits_fake: a discriminator's logits, any shape.
    """
    return OBJECTIVES[objective].generator(logits_fake.float())


def discriminator_adversarial(objective: str, logits_real: Tensor, logits_fake: Tensor) -> Tensor:
    """Say how badly a discriminator tells real from fake, halved to slow it.

    Args:
        objective: a key of `OBJECTIVES`. logits_real, logits_fake: its logits, any shape.

    Source of the half: Zhu et al. 2017, section 7.1.
    """
    return 0.5 * OBJECTIVES[objective].discriminator(logits_real.float(), logits_fake.float())


def gradient_penalty(
    discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, shares: Tensor
) -> Tensor:
    """Mean squared distance from 1 of the critic's gradient norm, between reals and fakes.

    Args:
        discriminator: float [N, C, H, W] -> logits, differentiable twice.
        real, fake: float32 [N, C, H, W].
        shares: float32 [N] in [0, 1], drawn at random: how far from the fake each point lies.

    Range: >= 0. Source: Gulrajani et al. 2017, eq. 3 and algorithm 1.
    """
    share = shares.to(real.device, non_blocking=True)[:, None, None, None]
    between = (share * real + (1 - share) * fake).detach().requires_grad_(True)
    logits = discriminator(between)
    # Summed over patches: each picture's own gradient, since no network mixes pictures.
    (gradient,) = torch.autograd.grad(
        logits.float().mean(dim=(1, 2, 3)).sum(), between, create_graph=True
    )
    penalty: Tensor = ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()
    return penalty


def feature_distance(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of what a network sees in two pictures.

    Args:
        output: float [N, C, H, W]. target: the same shape.

    Range: >= 0. Source: Johnson et al. 2016, section 3.2, feature reconstruction loss.
    """
    return F.mse_loss(output.float(), target.float())


def self_similarity_distance(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of how alike any two places of a picture are, in two pictures.

    What is alike in one, as the leaves of a tree, must be alike in the other, in whatever colours
    and texture. Alike is the cosine between a network's features of two places.

    Args:
        output: float [N, C, H, W], features of a picture. target: the same shape; memory grows
            with the square of H * W.

    Range: [0, 2]. Source: Zheng et al. 2021, "The Spatially-Correlative Loss for Various Image
    Translation Tasks", section 3.1, over the whole map.
    """
    ours, theirs = (F.normalize(each.float().flatten(2), dim=1) for each in (output, target))
    return F.l1_loss(ours.mT @ ours, theirs.mT @ theirs)


def multi_scale_distance(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of two pictures, averaged over four resolutions.

    At an eighth of the resolution what counts is colour and shade, at the full one every pixel.

    Args:
        output: float [N, 3, H, W] in [-1, 1], H and W at least 8. target: the same shape and range.

    Range: [0, 2].
    """
    distances = [reconstruction(output, target, scale) for scale in (1, 2, 4, 8)]
    return torch.stack(distances).mean()


def structure_distance(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of two pictures' steps between neighbours, across and down.

    Blind to what is added everywhere; a stripe that is missing costs both of its edges.

    Args:
        output: float [N, 3, H, W] in [-1, 1]. target: the same shape and range.

    Range: [0, 8]. Source: Mathieu et al. 2016, eq. 6 with alpha 1, the steps with their signs.
    """
    return total_variation(output.float() - target.float())


def layers_distance(outputs: Sequence[Tensor | None], targets: Sequence[Tensor | None]) -> Tensor:
    """Mean squared difference of layers, as a share of the mean square of what is to be there.

    Args:
        outputs: float [N, C, H, W] each. targets: of the same shapes, frozen; where either is None
            there is nothing to compare.

    Range: 0 or more, 1 for layers that say nothing. Source: Romero et al. 2015, eq. 3, without the
    regressor, for layers of one width need none.
    """
    distances = [
        F.mse_loss(ours.float(), theirs.float()) / theirs.float().square().mean()
        for ours, theirs in zip(outputs, targets, strict=True)
        if ours is not None and theirs is not None
    ]
    return torch.stack(distances).mean()


def total_variation(output: Tensor) -> Tensor:
    """Mean absolute step between neighbours, across and down: 0 for a flat picture.

    Args:
        output: float [N, 3, H, W] in [-1, 1].

    Range: [0, 4]. Source: Rudin et al. 1992, in its anisotropic form.
    """
    output = output.float()
    return output.diff(dim=-1).abs().mean() + output.diff(dim=-2).abs().mean()


def edge_aware_smoothness(output: Tensor, picture: Tensor) -> Tensor:
    """Mean absolute step between neighbours, where the translated picture has no edge nearby.

    Flattens, lets lines stand where the picture has edges, and prices what is drawn into plain
    sky. A step weighs exp(-10 s), s being the largest step of the picture within two pixels,
    averaged over channels: 0.9 in the grain of a sky, 0.1 and less beside an outline.

    Args:
        output: float [N, 3, H, W] in [-1, 1], H and W at least 2. picture: what it is a
            translation of, the same shape and range.

    Range: [0, 4]. Source: Godard et al. 2017, eq. 3, with edges widened.
    """
    total = torch.zeros((), device=output.device)
    for dim in (-1, -2):
        edges = picture.float().diff(dim=dim).abs().mean(dim=1, keepdim=True)
        weights = torch.exp(-10 * F.max_pool2d(edges, 5, stride=1, padding=2))
        total = total + (weights * output.float().diff(dim=dim).abs()).mean()
    return total


def reconstruction(output: Tensor, target: Tensor, scale: int = 1) -> Tensor:
    """Mean absolute difference of two pictures, after averaging squares of `scale` pixels a side.

    Serves as the cycle loss (Zhu et al. 2017, eq. 2), the identity loss (section 5.2) and the
    self-regularisation (Shrivastava et al. 2017, eq. 4).

    Args:
        output: float [N, 3, H, W] in [-1, 1]. target: the same shape and range.
        scale: above 1, blind to what averages out: lines, texture, sharpness. At most H and W.

    Range: [0, 2].
    """
    difference = output.float() - target.float()
    return (F.avg_pool2d(difference, scale) if scale > 1 else difference).abs().mean()
