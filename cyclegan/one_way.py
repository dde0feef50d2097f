"""What a generator of one direction learns from: from its input, or from a teacher.

Networks, optimizers and discriminators' turns are in `step.py`, the teacher in `teacher.py`.
"""

from torch import Tensor

from cyclegan import losses
from cyclegan.contract.directions import DIRECTIONS
from cyclegan.domains import GENERATOR_OF
from cyclegan.step import Step


class OneWayStep(Step):
    """Without a way back; whatever the config's direction, from a source to a target domain."""

    def _translate(self, reals: dict[str, Tensor]) -> dict[str, Tensor]:
        source, target = DIRECTIONS[self.config.direction]
        return {target: self._fast[GENERATOR_OF[self.config.direction]](reals[source])}

    def _generator_losses(
        self, reals: dict[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        source, target = DIRECTIONS[self.config.direction]
        fakes, way = self._translate(reals), source + target
        terms = self._other_losses(reals, fakes[target], way)
        if self.discriminator_names:
            terms[f"adv_{way}"] = self._adversarial(target, fakes[target])
        if self.config.neither and self.config.lambda_neither > 0:
            left = self._translate({source: reals["neither"]})[target]
            terms[f"neither_{way}"] = losses.reconstruction(left, reals["neither"])
        return terms, fakes

    def _other_losses(self, reals: dict[str, Tensor], fake: Tensor, way: str) -> dict[str, Tensor]:
        """What a fake must be beside passing for the target domain, with a weight each."""
        raise NotImplementedError


class SimGANStep(OneWayStep):
    """The fake must pass for the target domain and stay near its input.

    Source: Shrivastava et al. 2017, section 2.
    """

    def _other_losses(self, reals: dict[str, Tensor], fake: Tensor, way: str) -> dict[str, Tensor]:
        config = self.config
        source, target = DIRECTIONS[config.direction]
        terms = self._price_of_change(fake, reals[source], way)
        if config.lambda_identity > 0:
            same = self._translate({source: reals[target]})[target]
            terms[f"idt_{target}"] = losses.reconstruction(same, reals[target])
        return terms


class DistillStep(OneWayStep):
    """The fake must be near the teacher's, and pass for the target domain.

    Pixel terms alone would average what is uncertain, stripes above all, to a blur.
    """

    def _other_losses(self, reals: dict[str, Tensor], fake: Tensor, way: str) -> dict[str, Tensor]:
        config, taught, terms = self.config, reals["taught"], {}
        if config.lambda_teacher > 0:
            terms[f"teacher_{way}"] = losses.multi_scale_distance(fake, taught)
        if config.lambda_structure > 0:
            terms[f"structure_{way}"] = losses.structure_distance(fake, taught)
        return terms
