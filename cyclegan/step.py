"""One training step: the networks, their optimizers, `step(real_A, real_B)` -> losses.

What every kind of step shares is here; what its generators learn from is in `two_way.py` and
`one_way.py`, and which method is which step in `methods.py`. No files (but frozen networks'), no
clock, no schedule: those live in `train.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from cyclegan import losses
from cyclegan.arithmetic import Arithmetic, Network
from cyclegan.averaging import averaging
from cyclegan.config import TrainConfig
from cyclegan.contract.directions import DIRECTIONS
from cyclegan.diffaugment import AUGMENTATIONS, DRAWS
from cyclegan.discriminators import discriminator_from
from cyclegan.domains import GENERATOR_OF
from cyclegan.image_pool import ImagePool
from cyclegan.networks import generator_from, init_weights
from cyclegan.perceptual import load_vgg
from cyclegan.processes import Processes
from cyclegan.projection import load_projection
from cyclegan.smoothing import smooth_edges


@contextmanager
def frozen(networks: Iterable[nn.Module]) -> Iterator[None]:
    """Let gradients pass through networks without reaching their weights."""
    parameters = [p for network in networks for p in network.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


class Step:
    """What all kinds of step share: building networks, both sides' turns, and the state.

    `G_AB` translates A to B and `D_B` judges domain B; `G_BA` and `D_A` are for the way back.
    `G_AB_ema` and `G_BA_ema` are running means of the generators' weights: what gets exported.
    """

    def __init__(
        self,
        config: TrainConfig,
        device: torch.device | None = None,
        *,
        augmentation: str = "off",
        processes: Processes | None = None,
    ) -> None:
        """Build everything anew from the config's seed.

        Args:
            device: where to compute; the CPU unless told otherwise.
            augmentation: of what the discriminators see: a key of AUGMENTATIONS, or "off".
            processes: those that share the batches; this one alone unless told otherwise.

        Raises:
            CheckpointError: no weights of the VGG16 or the backbone that the config names.
            ConfigError: no such backbone.
            DependencyError: it needs timm.
        """
        self.config = config
        self.generator_names = [GENERATOR_OF[direction] for direction in config.directions]
        targets = [DIRECTIONS[direction][1] for direction in config.directions]
        self.discriminator_names = (
            [f"D_{target}" for target in sorted(targets)] if config.lambda_adversarial > 0 else []
        )
        self.processes = processes or Processes()
        self.device = device or torch.device("cpu")
        self.augmentation = augmentation
        self.calls = 0
        self.random = torch.Generator().manual_seed(config.seed + 3)
        self._arithmetic = Arithmetic(config, self.device)
        self.networks: dict[str, nn.Module] = {}
        self.averages: dict[str, AveragedModel] = {}
        self._fast: dict[str, Network] = {}  # the same networks, to be called for training
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)  # a spectral norm draws its first vectors from here
            self._build_networks(torch.Generator().manual_seed(config.seed))
        self.pools = {
            domain: ImagePool(config.pool_size, seed=config.seed + salt)
            for salt, domain in ((1, "A"), (2, "B"))
        }
        self.optimizers = {"optimizer_G": self._adam(self.generator_names)}
        if self.discriminator_names:
            self.optimizers["optimizer_D"] = self._adam(self.discriminator_names)

    def _build_networks(self, drawn: torch.Generator) -> None:
        config = self.config
        for name in self.generator_names:
            network = generator_from(config)
            self._add(name, network, drawn)
            self.averages[name] = AveragedModel(network, multi_avg_fn=averaging(config.ema_decay))
        for name in self.discriminator_names:
            self._add(name, discriminator_from(config), drawn)
        # Neither of these learns, so they are no part of the state.
        self._projection: nn.Module = nn.Identity()
        if config.discriminator == "projected" and self.discriminator_names:
            self._projection = projection = load_projection(
                config.discriminator_backbone,
                config.discriminator_weights,
                config.discriminator_width,
            )
            self._look = projection.look
            # Not compiled: of its many small layers that takes minutes, and it is a small part.
            self._arithmetic.place(self._projection)
        if config.lambda_perceptual > 0:
            self._fast["VGG"] = self._arithmetic.prepare(load_vgg(Path(config.perceptual_weights)))

    def _add(self, name: str, network: nn.Module, drawn: torch.Generator) -> None:
        init_weights(network, drawn)
        self.networks[name] = network
        self._fast[name] = self._arithmetic.prepare(network)

    def _of(self, names: Iterable[str]) -> list[nn.Module]:
        return [self.networks[name] for name in names]

    def _adam(self, names: Iterable[str]) -> torch.optim.Adam:
        parameters = [p for network in self._of(names) for p in network.parameters()]
        config = self.config
        return torch.optim.Adam(
            parameters, lr=config.learning_rate, betas=(config.beta1, config.beta2), fused=True
        )

    def __call__(
        self,
        real_A: Tensor,
        real_B: Tensor,
        learning_rate: float,
        *,
        taught: Tensor | None = None,
        neither: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Train on one batch: the generators, if it is their turn, then the discriminators.

        Args:
            real_A, real_B: float32 [N, 3, H, W] in [-1, 1]; of several processes' batch, the part
                of this one.
            learning_rate: of both optimizers, for this step.
            taught: what a teacher makes of the source's pictures, of the same shape and range;
                needed by `distill` alone.
            neither: pictures of neither kind, of the same shape and range; needed where the config
                names such.

        Returns:
            The losses before their weights, scalars without gradient, by name: adv_AB, cycle_A,
            idt_B, self_AB, perceptual_A, disc_A, penalty_A, ... as far as the config gives them a
            weight.
        """
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = learning_rate
        given = {"A": real_A, "B": real_B, "taught": taught, "neither": neither}
        reals = {
            name: self._arithmetic.send(real) for name, real in given.items() if real is not None
        }
        self.calls += 1
        terms: dict[str, Tensor] = {}
        is_head_start = self.calls * self.config.batch_size <= self.config.head_start_images
        if is_head_start or self.calls % self.config.d_steps:
            with torch.no_grad(), self._arithmetic.autocast():
                fakes = self._translate(reals)
        else:
            with frozen(self._of(self.discriminator_names)), self._arithmetic.autocast():
                terms, fakes = self._generator_losses(reals)
                total = weigh(terms, self.config)
            self._descend("optimizer_G", total, self.generator_names)
            for name, average in self.averages.items():
                average.update_parameters(self.networks[name])
        if self.discriminator_names:
            terms |= self._train_discriminators(reals, fakes)
        return {name: term.detach() for name, term in terms.items()}

    def _translate(self, reals: dict[str, Tensor]) -> dict[str, Tensor]:
        """Make a fake of every domain that has a generator, by domain."""
        raise NotImplementedError

    def _generator_losses(
        self, reals: dict[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the generators' loss terms before their weights, and the fakes by domain."""
        raise NotImplementedError

    def _judge(self, domain: str, pictures: Tensor) -> Tensor:
        return self._fast[f"D_{domain}"](self._projection(pictures))

    def judge_of(self, domain: str) -> nn.Module:
        """What turns a domain's pictures into logits, not compiled."""
        return nn.Sequential(self._projection, self.networks[f"D_{domain}"])

    def _augment(self, pictures: Tensor) -> Tensor:
        change = AUGMENTATIONS.get(self.augmentation)
        return change(pictures, self._draw(len(pictures), DRAWS)) if change else pictures

    def _draw(self, count: int, *shape: int) -> Tensor:
        """Draw for the whole batch, as one process would, and take the part of this one."""
        whole = torch.rand(count * self.processes.count, *shape, generator=self.random)
        return self.processes.mine(whole)

    def _adversarial(self, domain: str, fake: Tensor) -> Tensor:
        return losses.generator_adversarial(
            self.config.objective, self._judge(domain, self._augment(fake))
        )

    def _price_of_change(self, fake: Tensor, real: Tensor, way: str) -> dict[str, Tensor]:
        """What a fake must be beside passing for its domain, compared with what it was made of."""
        config, terms = self.config, {}
        if config.lambda_self > 0:
            terms[f"self_{way}"] = losses.reconstruction(fake, real, config.self_scale)
        if config.lambda_variation > 0:
            terms[f"variation_{way}"] = losses.total_variation(fake)
        if config.lambda_smooth > 0:
            terms[f"smooth_{way}"] = losses.edge_aware_smoothness(fake, real)
        if config.lambda_similarity > 0:
            # Of the finest scale it would be texture that must not change, of the coarsest nothing.
            _, *seen, _ = zip(self._look(fake), self._look(real), strict=True)
            distances = [losses.self_similarity_distance(*maps) for maps in seen]
            terms[f"similarity_{way}"] = torch.stack(distances).mean()
        return terms

    def _train_discriminators(
        self, reals: dict[str, Tensor], fakes: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        config = self.config
        terms: dict[str, Tensor] = {}
        total = torch.zeros((), device=self.device)
        for domain, fresh in fakes.items():
            real = reals[domain]
            # Every process keeps the whole pool.
            fakes_of_all = self.processes.whole(fresh.detach().float())
            fake = self.processes.mine(self.pools[domain].query(fakes_of_all))
            shown = [real, fake, smooth_edges(real)] if config.smoothed_fakes else [real, fake]
            with self._arithmetic.autocast():
                judged = torch.cat([self._augment(pictures) for pictures in shown])
                logits = self._judge(domain, judged).tensor_split([len(real)])
                loss = losses.discriminator_adversarial(config.objective, *logits)
            terms[f"disc_{domain}"] = loss
            total = total + loss
            if config.objective == "wgan-gp":
                # Not compiled and in float32: the penalty is differentiated twice.
                penalty = losses.gradient_penalty(
                    self.judge_of(domain), real, fake, self._draw(len(real))
                )
                terms[f"penalty_{domain}"] = penalty
                total = total + 0.5 * config.lambda_penalty * penalty  # halved like the rest
        self._descend("optimizer_D", total, self.discriminator_names)
        return terms

    def _descend(self, optimizer: str, loss: Tensor, names: list[str]) -> None:
        """Let networks take one step of their optimizer down a loss."""
        self.optimizers[optimizer].zero_grad()
        loss.backward()
        self.processes.average_gradients(self._of(names))
        self.optimizers[optimizer].step()

    def _stateful(self) -> dict[str, Any]:
        averages = {f"{name}_ema": average for name, average in self.averages.items()}
        pools = {f"pool_{domain}": pool for domain, pool in self.pools.items()}
        return {**self.networks, **averages, **pools, **self.optimizers}

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides what the next step does."""
        parts = {name: part.state_dict() for name, part in self._stateful().items()}
        return {**parts, "random": self.random.get_state(), "calls": self.calls}

    def start_from(self, weights: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Take weights by network, for averages too; networks without any stay as drawn."""
        for name in self.networks.keys() & weights.keys():
            self.networks[name].load_state_dict(weights[name])
            if name in self.averages:
                self.averages[name].module.load_state_dict(weights[name])

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()` as if nothing had happened."""
        for name, part in self._stateful().items():
            part.load_state_dict(state[name])
        self.random.set_state(state["random"])
        self.calls = state["calls"]


def weigh(terms: dict[str, Tensor], config: TrainConfig) -> Tensor:
    """Sum the generators' loss terms by their weights."""
    weights = {
        "adv": config.lambda_adversarial,
        "cycle": config.lambda_cycle,
        "idt": config.lambda_identity,
        "self": config.lambda_self,
        "neither": config.lambda_neither,
        "variation": config.lambda_variation,
        "smooth": config.lambda_smooth,
        "similarity": config.lambda_similarity,
        "teacher": config.lambda_teacher,
        "structure": config.lambda_structure,
        "layers": config.lambda_layers,
        "perceptual": config.lambda_perceptual,
    }
    weighted = [weights[name.partition("_")[0]] * term for name, term in terms.items()]
    return torch.stack(weighted).sum()
