"""What generators of both directions learn from: the CycleGAN step (Zhu et al. 2017, section 3, 4).

Networks, optimizers and discriminators' turns are in `step.py`.
"""

import torch
from torch import Tensor

from cyclegan import losses
from cyclegan.step import Step


class CycleGANStep(Step):
    """Both directions at once, held together by what a round trip loses."""

    def _translate(self, reals: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"A": self._fast["G_BA"](reals["B"]), "B": self._fast["G_AB"](reals["A"])}

    def _generator_losses(
        self, reals: dict[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        config = self.config
        real_A, real_B = reals["A"], reals["B"]
        G_AB, G_BA = self._fast["G_AB"], self._fast["G_BA"]
        terms = {}
        if config.lambda_identity > 0:
            # One pass for both: no network mixes the pictures of a batch, so this is the same.
            fake_B, idt_B = G_AB(torch.cat([real_A, real_B])).chunk(2)
            fake_A, idt_A = G_BA(torch.cat([real_B, real_A])).chunk(2)
            terms["idt_A"] = losses.reconstruction(idt_A, real_A)
            terms["idt_B"] = losses.reconstruction(idt_B, real_B)
        else:
            fake_B, fake_A = G_AB(real_A), G_BA(real_B)
        if config.lambda_cycle > 0:
            rec_A, rec_B = G_BA(fake_B), G_AB(fake_A)
            terms["cycle_A"] = losses.reconstruction(rec_A, real_A)
            terms["cycle_B"] = losses.reconstruction(rec_B, real_B)
            if config.lambda_perceptual > 0:
                see = self._fast["VGG"]
                terms["perceptual_A"] = losses.feature_distance(see(rec_A), see(real_A))
                terms["perceptual_B"] = losses.feature_distance(see(rec_B), see(real_B))
        terms |= self._price_of_change(fake_B, real_A, "AB")
        terms |= self._price_of_change(fake_A, real_B, "BA")
        if config.neither and config.lambda_neither > 0:
            neither = reals["neither"]
            terms["neither_AB"] = losses.reconstruction(G_AB(neither), neither)
            terms["neither_BA"] = losses.reconstruction(G_BA(neither), neither)
        terms["adv_AB"] = self._adversarial("B", fake_B)
        terms["adv_BA"] = self._adversarial("A", fake_A)
        return terms, {"A": fake_A, "B": fake_B}
