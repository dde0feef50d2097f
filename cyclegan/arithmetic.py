"""How networks compute what they are: precision, memory layout, Winograd, compiled or not.

The results are the same but for rounding.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cyclegan.config import TrainConfig
from cyclegan.devices import computes_bf16
from cyclegan.winograd import Conv3x3, suits_winograd

Network = Callable[[Tensor], Tensor]


class Arithmetic:
    """How a config wants networks to compute, as far as a device can.

    Args:
        config: precision, channels_last, winograd and compile count.
        device: where to compute.
    """

    def __init__(self, config: TrainConfig, device: torch.device) -> None:
        self._device = device
        self._layout = torch.channels_last if config.channels_last else torch.preserve_format
        self._compiles = config.compile
        self._is_bf16 = config.precision == "bf16" or (
            config.precision == "auto" and computes_bf16(device)
        )
        self._uses_winograd = (
            device.type == "cpu"
            and not self._is_bf16
            and (config.winograd == "on" or (config.winograd == "auto" and suits_winograd()))
        )

    def prepare(self, network: nn.Module) -> Network:
        """Bring a network to the device and into its layout, in place; return what to call."""
        for layer in network.modules():
            if isinstance(layer, Conv3x3):
                layer.uses_winograd = self._uses_winograd
        self.place(network)
        return torch.compile(network, dynamic=False) if self._compiles else network

    def place(self, network: nn.Module) -> None:
        """Bring a network to the device and into its layout, in place, and no more."""
        network.to(memory_format=self._layout).to(self._device)

    def send(self, pictures: Tensor) -> Tensor:
        """Bring pictures there, without waiting where they are pinned. Shape: [N, 3, H, W]."""
        return pictures.to(self._device, memory_format=self._layout, non_blocking=True)

    def autocast(self) -> torch.autocast:
        """In which networks are called: bf16, or nothing."""
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._is_bf16)
