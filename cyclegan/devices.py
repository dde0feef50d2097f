"""What there is to compute with."""

import os

import torch

from cyclegan.contract.errors import ConfigError


def choose_device(name: str) -> torch.device:
    """Return the device called `name`; "auto" is a GPU, or the CPU where there is none.

    Of several processes on a machine each takes its own GPU, unless `name` has a number.

    Raises ConfigError: there is no such device on this machine.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    wanted = f"--device {name}: expected auto, or a device of this machine such as cpu or cuda:0"
    try:
        device = torch.device(name)
    except RuntimeError as error:  # it lists twenty kinds, most of which no machine has
        raise ConfigError(wanted) from error
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # PyTorch asserts where it has no CUDA
        raise ConfigError(f"{wanted}; PyTorch says: {str(error).splitlines()[0]}") from error
    return device


def computes_bf16(device: torch.device) -> bool:
    """Whether the hardware multiplies in bfloat16; elsewhere it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
