"""The losses: tensors to scalars. Weights and who is trained by what live in `step.py`."""

import torch
from torch import Tensor
from torch.nn import functional as F


def generator_adversarial(logits_fake: Tensor) -> Tensor:
    """Least-squares loss of a generator: how far its fakes are from being judged real.

    Args:
        logits_fake: the discriminator's logits of fakes, any shape.

    Range: >= 0; 0 when every logit is 1. Source: Mao et al. 2017 (LSGAN); Zhu et al. 2017, sec. 4.
    """
    logits = logits_fake.float()
    return F.mse_loss(logits, torch.ones_like(logits))


def discriminator_adversarial(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
    """Least-squares loss of a discriminator, halved to slow it against the generators.

    Args:
        logits_real: logits of real pictures, wanted 1.
        logits_fake: logits of fakes, wanted 0.

    Range: >= 0; 0.25 for an undecided 0.5 everywhere. Source: Zhu et al. 2017, section 4 and 7.1.
    """
    real, fake = logits_real.float(), logits_fake.float()
    return 0.5 * (
        F.mse_loss(real, torch.ones_like(real)) + F.mse_loss(fake, torch.zeros_like(fake))
    )


def reconstruction(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference: of a cycle (Zhu et al. 2017, eq. 2) or of an identity (sec. 5.2).

    Args:
        output: float [N, 3, H, W] in [-1, 1]. target: the same shape and range.

    Range: [0, 2].
    """
    return F.l1_loss(output.float(), target.float())
