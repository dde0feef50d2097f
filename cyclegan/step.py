"""The CycleGAN step: four networks, two optimizers, `step(real_A, real_B)` -> losses.

No files, no clock, no schedule: those live in `train.py`. Source: Zhu et al. 2017, section 3, 4.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cyclegan import losses
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import ConfigError
from cyclegan.image_pool import ImagePool
from cyclegan.networks import DISCRIMINATORS, build_generator, init_weights


def choose_device(name: str) -> torch.device:
    """Return the device called `name`; "auto" is the first GPU, or the CPU where there is none.

    Raises ConfigError: there is no such device on this machine.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # PyTorch asserts where it has no CUDA
        raise ConfigError(
            f"--device {name}: expected auto, or a device of this machine such as cpu or cuda:0; "
            f"PyTorch says: {str(error).splitlines()[0]}"
        ) from error
    return device


def computes_bf16(device: torch.device) -> bool:
    """Whether the hardware multiplies in bfloat16; elsewhere it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


@contextmanager
def frozen(networks: Iterable[nn.Module]) -> Iterator[None]:
    """Let gradients pass through networks without reaching their weights."""
    parameters = [parameter for network in networks for parameter in network.parameters()]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


class CycleGANStep:
    """Everything that learns, and one way to let it learn from a batch.

    `G_AB` translates A to B and `G_BA` back; `D_A` judges domain A and `D_B` domain B.
    `G_AB_ema` and `G_BA_ema` are running means of the generators' weights: what gets exported.
    """

    def __init__(self, config: TrainConfig, device: torch.device | None = None) -> None:
        self.config = config
        self.device = device or torch.device("cpu")
        self._is_bf16 = config.precision == "bf16" or (
            config.precision == "auto" and computes_bf16(self.device)
        )
        generator = torch.Generator().manual_seed(config.seed)
        self.G_AB = self._place(self._build_generator(), generator)
        self.G_BA = self._place(self._build_generator(), generator)
        self.D_A = self._place(self._build_discriminator(), generator)
        self.D_B = self._place(self._build_discriminator(), generator)
        self.G_AB_ema = self._average(self.G_AB)
        self.G_BA_ema = self._average(self.G_BA)
        self.pool_A = ImagePool(config.pool_size, seed=config.seed + 1)
        self.pool_B = ImagePool(config.pool_size, seed=config.seed + 2)
        self.optimizer_G = self._adam(self.G_AB, self.G_BA)
        self.optimizer_D = self._adam(self.D_A, self.D_B)
        self._g_ab, self._g_ba = self._compiled(self.G_AB), self._compiled(self.G_BA)
        self._d_a, self._d_b = self._compiled(self.D_A), self._compiled(self.D_B)

    def _build_generator(self) -> nn.Module:
        config = self.config
        return build_generator(config.generator, config.generator_width, config.generator_blocks)

    def _build_discriminator(self) -> nn.Module:
        return DISCRIMINATORS[self.config.discriminator](self.config.discriminator_width)

    def _place(self, network: nn.Module, generator: torch.Generator) -> nn.Module:
        init_weights(network, generator)
        return network.to(memory_format=self._memory_format).to(self.device)

    @property
    def _memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.config.channels_last else torch.preserve_format

    def _compiled(self, network: nn.Module) -> Callable[[Tensor], Tensor]:
        return torch.compile(network, dynamic=False) if self.config.compile else network

    def _average(self, network: nn.Module) -> AveragedModel:
        return AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(self.config.ema_decay))

    def _adam(self, *networks: nn.Module) -> torch.optim.Adam:
        parameters = [parameter for network in networks for parameter in network.parameters()]
        config = self.config
        return torch.optim.Adam(
            parameters, lr=config.learning_rate, betas=(config.beta1, config.beta2), fused=True
        )

    def __call__(self, real_A: Tensor, real_B: Tensor, learning_rate: float) -> dict[str, Tensor]:
        """Train on one batch: the generators first, then the discriminators.

        Args:
            real_A, real_B: float32 [N, 3, H, W] in [-1, 1].
            learning_rate: of both optimizers, for this step.

        Returns:
            The losses before their weights, scalars without gradient: adv_AB, adv_BA, cycle_A,
            cycle_B, idt_A, idt_B (absent at lambda_identity 0), disc_A, disc_B.
        """
        for optimizer in (self.optimizer_G, self.optimizer_D):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate
        real_A = real_A.to(self.device, memory_format=self._memory_format)
        real_B = real_B.to(self.device, memory_format=self._memory_format)
        generator_losses, fake_A, fake_B = self._train_generators(real_A, real_B)
        discriminator_losses = self._train_discriminators(real_A, real_B, fake_A, fake_B)
        return generator_losses | discriminator_losses

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._is_bf16)

    def _train_generators(
        self, real_A: Tensor, real_B: Tensor
    ) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        config = self.config
        with frozen([self.D_A, self.D_B]), self._autocast():
            if config.lambda_identity > 0:
                # One pass for both: no network mixes the pictures of a batch, so this is the same.
                fake_B, idt_B = self._g_ab(torch.cat([real_A, real_B])).chunk(2)
                fake_A, idt_A = self._g_ba(torch.cat([real_B, real_A])).chunk(2)
            else:
                fake_B, fake_A = self._g_ab(real_A), self._g_ba(real_B)
            rec_A, rec_B = self._g_ba(fake_B), self._g_ab(fake_A)
            terms = {
                "adv_AB": losses.generator_adversarial(self._d_b(fake_B)),
                "adv_BA": losses.generator_adversarial(self._d_a(fake_A)),
                "cycle_A": losses.reconstruction(rec_A, real_A),
                "cycle_B": losses.reconstruction(rec_B, real_B),
            }
            total = terms["adv_AB"] + terms["adv_BA"]
            total = total + config.lambda_cycle * (terms["cycle_A"] + terms["cycle_B"])
            if config.lambda_identity > 0:
                terms["idt_A"] = losses.reconstruction(idt_A, real_A)
                terms["idt_B"] = losses.reconstruction(idt_B, real_B)
                total = total + config.lambda_identity * (terms["idt_A"] + terms["idt_B"])
        self.optimizer_G.zero_grad()
        total.backward()
        self.optimizer_G.step()
        self.G_AB_ema.update_parameters(self.G_AB)
        self.G_BA_ema.update_parameters(self.G_BA)
        return {name: term.detach() for name, term in terms.items()}, fake_A, fake_B

    def _train_discriminators(
        self, real_A: Tensor, real_B: Tensor, fake_A: Tensor, fake_B: Tensor
    ) -> dict[str, Tensor]:
        fake_A = self.pool_A.query(fake_A.float())
        fake_B = self.pool_B.query(fake_B.float())
        with self._autocast():
            logits_A = self._d_a(torch.cat([real_A, fake_A])).chunk(2)
            logits_B = self._d_b(torch.cat([real_B, fake_B])).chunk(2)
            disc_A = losses.discriminator_adversarial(*logits_A)
            disc_B = losses.discriminator_adversarial(*logits_B)
        self.optimizer_D.zero_grad()
        (disc_A + disc_B).backward()
        self.optimizer_D.step()
        return {"disc_A": disc_A.detach(), "disc_B": disc_B.detach()}

    def _stateful(self) -> dict[str, Any]:
        names = (
            "G_AB",
            "G_BA",
            "D_A",
            "D_B",
            "G_AB_ema",
            "G_BA_ema",
            "optimizer_G",
            "optimizer_D",
            "pool_A",
            "pool_B",
        )
        return {name: getattr(self, name) for name in names}

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides what the next step does."""
        return {name: part.state_dict() for name, part in self._stateful().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()` as if nothing had happened."""
        for name, part in self._stateful().items():
            part.load_state_dict(state[name])
