"""Other projects' state dicts: which of our networks one is, and its weights laid out as ours.

A network is told from keys and shapes. Its layers are known by their numbers and matched with ours
in order, so that modules without weights do not matter. Files, folders and options are in
`files.py`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from cyclegan.contract.errors import CheckpointError
from cyclegan.layers import InstanceNorm

_KEY = re.compile(
    r"((?:(?:model|conv_block|\d+)\.)+)"
    r"(weight|bias|filt|running_mean|running_var|num_batches_tracked)"
)
_EXPECTED = (
    "model.1.weight and model.10.conv_block.1.weight (a ResNet), 1.weight and "
    "10.conv_block.1.weight (a ResNet of UPIT), model.model.0.weight (a U-Net), or model.0.weight "
    "(a discriminator)"
)


@dataclass(frozen=True)
class Layer:
    """A numbered module with its tensors."""

    name: str  # "model.10.conv_block.5"
    tensors: dict[str, Tensor]  # by their names: weight, bias, filt, running_mean, ...

    @property
    def path(self) -> tuple[int, ...]:
        """Its numbers, outermost first: (10, 5)."""
        return tuple(int(part) for part in self.name.split(".") if part.isdigit())

    @property
    def rank(self) -> int:
        """Dimensions of its weight: 4 of a convolution, 1 of a norm, 0 where there is none."""
        return self.tensors["weight"].ndim if "weight" in self.tensors else 0


@dataclass(frozen=True)
class Reading:
    """What a state dict says of its network."""

    settings: dict[str, Any]  # of TrainConfig
    notes: tuple[str, ...]  # sentences on what has no counterpart here
    guesses: tuple[str, ...]  # sentences on what the keys cannot tell
    layers: tuple[Layer, ...]  # those with weights, in order


def read_generator(state: Mapping[str, Tensor]) -> Reading:
    """Tell a generator from its keys and shapes. Raises CheckpointError: none of ours."""
    layers = _layers(state)
    convolutions = [layer for layer in layers if layer.rank == 4]
    in_blocks = {layer.path[1] for layer in convolutions if "conv_block" in layer.name}
    if len(in_blocks) == 2 and len(convolutions[0].path) == 1:
        return _read_resnet(layers, *sorted(in_blocks))
    if convolutions and convolutions[0].name == "model.model.0":
        return _read_unet(layers)
    raise _unknown(state)


def read_discriminator(state: Mapping[str, Tensor]) -> Reading:
    """Tell a 70x70 PatchGAN from its keys and shapes. Raises CheckpointError: it is another one."""
    layers = _layers(state)
    convolutions = [layer for layer in layers if layer.rank == 4]
    shapes = [tuple(layer.tensors["weight"].shape) for layer in convolutions]
    if len(shapes) != 5 or any(shape[2:] != (4, 4) for shape in shapes) or shapes[0][1] != 3:
        raise CheckpointError("not a discriminator of 70x70 patches of one picture")
    has_biases = "bias" in convolutions[1].tensors
    norm, notes = _norm(layers, without="instance" if has_biases else "none")
    is_blurred = any("filt" in layer.tensors for layer in layers)
    settings = {
        "discriminator": "patch70",
        "discriminator_width": shapes[0][0],
        "discriminator_norm": norm,
        "discriminator_downsample": "blur" if is_blurred else "stride",
    }
    return Reading(settings, notes, (), _weighted(layers))


def fit(network: nn.Module, reading: Reading) -> dict[str, Tensor]:
    """Lay weights out as a state dict of `network`, layer for layer in order.

    Raises CheckpointError: there are more or fewer layers, or one has another shape or no bias.
    """
    leaves = [each for each in network.named_modules() if not any(each[1].children())]
    normed = {name for (name, _), (_, after) in pairwise(leaves) if isinstance(after, InstanceNorm)}
    ours = [
        (name, module)
        for name, module in network.named_modules()
        if isinstance(getattr(module, "weight", None), Tensor)
    ]
    theirs = reading.layers
    if len(ours) != len(theirs):
        raise CheckpointError(f"expected {len(ours)} layers with weights, found {len(theirs)}")
    # A norm takes biases off again, so there may be none before it; and the reference gives none to
    # the convolutions in the midst of a discriminator without norms.
    is_bare = reading.settings.get("discriminator_norm") == "none"
    needless = normed | {name for name, _ in ours[1:-1] if is_bare}
    state: dict[str, Tensor] = {}
    for (name, module), layer in zip(ours, theirs, strict=True):
        weight, bias = layer.tensors["weight"], layer.tensors.get("bias")
        state[f"{name}.weight"] = _of_shape(module.weight, weight, f"{layer.name}.weight")
        if isinstance(getattr(module, "bias", None), Tensor):
            if bias is None and name not in needless:
                raise CheckpointError(
                    f"{layer.name}.bias: is missing, and no norm follows that would do without it; "
                    "the file is damaged, or of another network"
                )
            bias = torch.zeros(module.bias.shape) if bias is None else bias
            state[f"{name}.bias"] = _of_shape(module.bias, bias, f"{layer.name}.bias")
        elif bias is not None and bias.any() and name not in normed:
            raise CheckpointError(f"{layer.name}.bias: has no place beside learned norms")
    return state


def _of_shape(wanted: Tensor, found: Tensor, name: str) -> Tensor:
    if wanted.shape != found.shape:
        shapes = f"expected the shape {tuple(wanted.shape)}, got {tuple(found.shape)}"
        raise CheckpointError(f"{name}: {shapes}")
    return found.float()


def _layers(state: Mapping[str, Tensor]) -> list[Layer]:
    """Group tensors by module, in the order of the modules' numbers."""
    grouped: dict[str, dict[str, Tensor]] = {}
    for key, tensor in state.items():
        match = _KEY.fullmatch(key)
        if match is None:
            raise _unknown(state)
        grouped.setdefault(match[1].removesuffix("."), {})[match[2]] = tensor
    layers = [Layer(name, tensors) for name, tensors in grouped.items()]
    return sorted(layers, key=lambda layer: layer.path)


def _weighted(layers: list[Layer]) -> tuple[Layer, ...]:
    return tuple(layer for layer in layers if layer.rank)


def _unknown(state: Mapping[str, Tensor]) -> CheckpointError:
    seen = list(state)
    shown = ", ".join(seen[:4]) + (", ..." if len(seen) > 4 else "")
    return CheckpointError(
        f"unknown layout: expected keys such as {_EXPECTED}; found {len(seen)} keys: {shown}"
    )


def _read_resnet(layers: list[Layer], first: int, second: int) -> Reading:
    """Read a ResNet whose blocks have their two convolutions at `first` and `second`."""
    convolutions = [layer for layer in layers if layer.rank == 4]
    blocks = sorted({layer.path[0] for layer in convolutions if len(layer.path) == 2})
    is_padded = first == 1  # by a module of its own, so not with zeros
    has_gap = second - first > (4 if is_padded else 3)
    blurs = [layer.path[0] for layer in layers if "filt" in layer.tensors]
    has_biases = "bias" in convolutions[0].tensors
    norm, notes = _norm(layers, without="instance" if has_biases else "none")
    if norm == "none":
        raise CheckpointError(
            "its convolutions have neither biases nor norms: it was trained without norms, "
            "which no generator here can be"
        )
    settings = {
        "generator": "resnet6" if len(blocks) == 6 else "resnet9",
        "generator_blocks": 0 if len(blocks) in (6, 9) else len(blocks),
        "generator_width": convolutions[0].tensors["weight"].shape[0],
        "generator_norm": norm,
        "generator_padding": "reflect" if is_padded else "zero",
        "generator_downsample": "blur" if any(i < blocks[0] for i in blurs) else "stride",
        "generator_upsample": "blur" if any(i > blocks[0] for i in blurs) else "transpose",
    }
    if has_gap:
        notes += ("Dropout in the residual blocks (or gan-compression's layout) is left out.",)
    guess = "Padding is taken for reflection; replication has the same keys."
    return Reading(settings, notes, (guess,) if is_padded else (), _weighted(layers))


def _read_unet(layers: list[Layer]) -> Reading:
    levels = max(len(layer.path) for layer in layers)  # each one lies within the one before
    if levels not in (7, 8):
        raise CheckpointError(f"a U-Net of {levels} levels: expected 7 (unet128) or 8 (unet256)")
    first = next(layer for layer in layers if layer.rank == 4)
    norm, notes = _norm(layers, without="instance" if "bias" in first.tensors else "none")
    if norm == "none":
        raise CheckpointError("a U-Net without norms, which no generator here can be")
    settings = {
        "generator": f"unet{2**levels}",
        "generator_width": first.tensors["weight"].shape[0],
        "generator_norm": norm,
    }
    notes += ("Dropout, if it had any, is left out: it has no keys.",)
    return Reading(settings, notes, (), _weighted(layers))


def _norm(layers: list[Layer], without: str) -> tuple[str, tuple[str, ...]]:
    """Tell the norm; `without` is the one that leaves no weights."""
    has_weights = any(layer.rank == 1 for layer in layers)
    has_statistics = any("running_mean" in layer.tensors for layer in layers)
    if not has_weights:
        dropped = "Running statistics of instance norms (from before PyTorch 0.4) are dropped."
        return without, (dropped,) if has_statistics else ()
    if not has_statistics:
        return "affine", ()
    return "affine", (
        "Batch norm becomes instance norm with its factors and offsets: every picture is "
        "normalised by its own statistics, as that project tests; the running ones are dropped.",
    )
