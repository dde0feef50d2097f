"""What a generator of one direction learns from: from its input, or from a teacher.

Networks, optimizers and discriminators' turns are in `step.py`, the teacher in `teacher.py`.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from cyclegan import losses
from cyclegan.contract.directions import DIRECTIONS
from cyclegan.domains import GENERATOR_OF
from cyclegan.plain import PlainGenerator
from cyclegan.step import Step

LayeredNetwork = Callable[[Tensor], tuple[Tensor, list[Tensor | None]]]


class OneWayStep(Step):
    """Without a way back; whatever the config's direction, from a source to a target domain."""

    def _translate(self, reals: dict[str, Tensor]) -> dict[str, Tensor]:
        source, target = DIRECTIONS[self.config.direction]
        return {target: self._fast[GENERATOR_OF[self.config.direction]](reals[source])}

    def _generator_losses(
        self, reals: dict[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        source, target = DIRECTIONS[self.config.direction]
        way = source + target
        fake, terms = self._make(reals, way)
        if self.discriminator_names:
            terms[f"adv_{way}"] = self._adversarial(target, fake)
        if self.config.neither and self.config.lambda_neither > 0:
            left = self._translate({source: reals["neither"]})[target]
            terms[f"neither_{way}"] = losses.reconstruction(left, reals["neither"])
        return terms, {target: fake}

    def _make(self, reals: dict[str, Tensor], way: str) -> tuple[Tensor, dict[str, Tensor]]:
        """A fake, and what it must be beside passing for the target domain, with a weight each."""
        raise NotImplementedError


class SimGANStep(OneWayStep):
    """The fake must pass for the target domain and stay near its input.

    Source: Shrivastava et al. 2017, section 2.
    """

    def _make(self, reals: dict[str, Tensor], way: str) -> tuple[Tensor, dict[str, Tensor]]:
        config = self.config
        source, target = DIRECTIONS[config.direction]
        fake = self._translate(reals)[target]
        terms = self._price_of_change(fake, reals[source], way)
        if config.lambda_identity > 0:
            same = self._translate({source: reals[target]})[target]
            terms[f"idt_{target}"] = losses.reconstruction(same, reals[target])
        return fake, terms


class DistillStep(OneWayStep):
    """The fake must be near the teacher's, and pass for the target domain.

    Pixel terms alone would average what is uncertain, stripes above all, to a blur.
    """

    _teacher: LayeredNetwork | None = None  # no part of the state, for it does not learn
    _student: LayeredNetwork

    def compare_layers_with(self, teacher: PlainGenerator) -> None:
        """Have the student's layers compared with a teacher's of the same width and levels."""
        name = GENERATOR_OF[self.config.direction]
        student = self.networks[name]
        assert isinstance(student, PlainGenerator), "as the teacher"
        self._teacher = self._with_layers(teacher.requires_grad_(False))
        self._student = self._with_layers(student)
        self._fast[name] = lambda x: self._student(x)[0]  # not to be compiled twice

    def _with_layers(self, generator: PlainGenerator) -> LayeredNetwork:
        return cast(LayeredNetwork, self._arithmetic.prepare(_WithLayers(generator)))

    def _make(self, reals: dict[str, Tensor], way: str) -> tuple[Tensor, dict[str, Tensor]]:
        config, taught, terms = self.config, reals["taught"], dict[str, Tensor]()
        source, target = DIRECTIONS[config.direction]
        if self._teacher is not None:  # compiled, it has no truth
            fake, ours = self._student(reals[source])
            with torch.no_grad():
                _, theirs = self._teacher(reals[source])
            terms[f"layers_{way}"] = losses.layers_distance(ours, theirs)
        else:
            fake = self._translate(reals)[target]
        if config.lambda_teacher > 0:
            terms[f"teacher_{way}"] = losses.multi_scale_distance(fake, taught)
        if config.lambda_structure > 0:
            terms[f"structure_{way}"] = losses.structure_distance(fake, taught)
        return fake, terms | self._price_of_change(fake, reals[source], way)


class _WithLayers(nn.Module):
    """A plain generator that answers with its layers when it is called."""

    def __init__(self, generator: PlainGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor | None]]:
        return self.generator.with_layers(x)
