"""What a pretrained network sees in a picture, mixed at random: what `projected` looks at.

Nothing here learns. A discriminator of features knows from the first picture on what fur, stripes
and grass are, and needs a small part of the pictures that one of pixels needs.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyclegan.checkpoint import fill
from cyclegan.contract.errors import (
    CheckpointError,
    ConfigError,
    DependencyError,
    brief,
    nearest,
)

REDUCTIONS = (4, 8, 16, 32)  # pixels of the picture a side for one place of each map


class Projection(nn.Module):
    """Features at four scales, mixed over channels, then from coarse to fine; all of it frozen.

    Shape: float [N, 3, H, W] -> four of [N, width, H / r, W / r], r of `REDUCTIONS`, and the
    picture as it came, for who judges pixels too; H and W multiples of 32. Range: [-1, 1] -> any.

    The weights of the mixing are drawn at random, the same in every run, so that discriminators
    can go on in another. It keeps them from resting on the few features by which real and fake
    differ most.
    Source: Sauer et al. 2021, "Projected GANs Converge Faster", section 3.2.

    Args:
        backbone: answers four maps, sides as `REDUCTIONS` says, for pictures as it was trained on.
        channels: of its maps.
        mean, std: of red, green and blue in [0, 1] in its training.
        width: channels of each map of the projection.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: nn.Module,
        channels: Sequence[int],
        mean: Sequence[float],
        std: Sequence[float],
        width: int,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values)[:, None, None])
        self.across_channels = nn.ModuleList(nn.Conv2d(n, width, 1, bias=False) for n in channels)
        self.across_scales = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in REDUCTIONS[1:]
        )
        drawn = torch.Generator().manual_seed(0)
        for layer in (*self.across_channels, *self.across_scales):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear", generator=drawn)
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "Projection":
        """Stay as in evaluation: the backbone's norms keep what they were trained with."""
        return super().train(False)

    def look(self, x: Tensor) -> list[Tensor]:
        """What the backbone sees, unmixed: from fine to coarse, sides as `REDUCTIONS` says."""
        features: list[Tensor] = self.backbone(((x + 1) / 2 - self.mean) / self.std)
        return features

    def forward(self, x: Tensor) -> list[Tensor]:
        features = self.look(x)
        maps = [mix(seen) for mix, seen in zip(self.across_channels, features, strict=True)]
        for scale in reversed(range(len(self.across_scales))):
            coarse = self.across_scales[scale](maps[scale + 1])
            maps[scale] = maps[scale] + F.interpolate(coarse, scale_factor=2.0, mode="bilinear")
        return [*maps, x]


def load_projection(name: str, weights: str, width: int) -> Projection:
    """Build the projection of a network of timm.

    Args:
        name: of a convolutional model of timm.
        weights: path of its weights; "" has timm fetch them, once, from where it keeps them.
        width: as `Projection` takes it.

    Raises:
        DependencyError: timm is missing.
        ConfigError: timm has no such model or no weights of it, or it has no features at these
            scales for pictures of any size.
        CheckpointError: the weights cannot be fetched, are damaged, or another model's.
    """
    try:
        import timm  # lazy: takes a second or two, and few runs need it
    except ModuleNotFoundError as error:
        raise DependencyError(
            "discriminator projected needs timm, which is not installed; install it with: "
            "pip install 'cyclegan[train]'"
        ) from error
    if not timm.is_model(name):
        raise ConfigError(
            f"discriminator_backbone: timm knows no model {name!r}"
            f"{nearest(name, timm.list_models()) or ';'} timm.list_models() in Python names them"
        )
    if not weights and not timm.is_model_pretrained(name):
        raise ConfigError(
            f"discriminator_backbone: timm has no weights of {name}"
            f"{nearest(name, timm.list_pretrained()) or ';'} give their file as "
            "discriminator_weights"
        )
    try:
        backbone = _load_backbone(timm, name, weights)
        trained = backbone.model.default_cfg
        channels = backbone.feature_info.channels()
        projection = Projection(backbone, channels, trained["mean"], trained["std"], width)
        with torch.no_grad():
            *maps, _ = projection(torch.zeros(1, 3, 64, 96))
    except (RuntimeError, TypeError, ValueError, AssertionError) as error:
        # What timm says to a tag that it does not know, and models to options and sides.
        raise _unsuited(name, f"cannot be looked through ({brief(error):.200})") from error
    sides = [tuple(each.shape[2:]) for each in maps]
    if sides != [(64 // reduction, 96 // reduction) for reduction in REDUCTIONS]:
        raise _unsuited(name, f"has them of sides {sides} for 64x96 pixels")
    return projection


def _load_backbone(timm: Any, name: str, weights: str) -> Any:
    """Build what answers a model's four maps. Raises as `load_projection`, and what timm does."""
    plain = timm.create_model(name)
    found = {info["reduction"]: scale for scale, info in enumerate(plain.feature_info)}
    if plain.default_cfg.get("fixed_input_size") or not found.keys() >= set(REDUCTIONS):
        scales = ", ".join(f"1/{reduction}" for reduction in found)
        pixels = plain.default_cfg["input_size"][-1]
        raise _unsuited(name, f"has them at {scales}, of {pixels} pixels")
    look_through = partial(
        timm.create_model,
        name,
        features_only=True,
        feature_cls="getter",
        out_indices=[found[reduction] for reduction in REDUCTIONS],
    )
    backbone = look_through()  # what does not let itself be looked through is not fetched
    if weights:
        fill(backbone.model, Path(weights), f"timm's {name}")
        return backbone
    kept = _kept_weights(name, plain.default_cfg)
    try:
        return look_through(pretrained=True, pretrained_cfg_overlay=kept)
    except OSError as error:
        raise _unfetched(name, error) from error


def _kept_weights(name: str, origin: Mapping[str, Any]) -> dict[str, str]:
    """Where the weights are that were fetched before, as timm takes it, so that it asks nobody.

    Where there are none the hub is asked once whether it is there: timm asks for a minute.

    Raises CheckpointError: it is not.
    """
    hub = origin.get("hf_hub_id")
    if not hub:
        return {}
    import huggingface_hub  # lazy: comes with timm

    named = origin.get("hf_hub_filename")
    for file in [named] if named else ["model.safetensors", "pytorch_model.bin"]:
        path = huggingface_hub.try_to_load_from_cache(hub, file)
        if isinstance(path, str):
            return {"file": path}
    try:
        huggingface_hub.model_info(hub, timeout=10)
    except Exception as error:  # of the hub, or of the library that it asks through
        raise _unfetched(name, error) from error
    return {}


def _unfetched(name: str, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"the weights of {name} cannot be fetched ({brief(error)}); give their file as "
        "discriminator_weights=FILE"
    )


def _unsuited(name: str, why: str) -> ConfigError:
    return ConfigError(
        "discriminator_backbone: expected a model that takes pictures of any size and has "
        f"features at 1/4, 1/8, 1/16 and 1/32 of their side; {name} {why}. Take a convolutional "
        "one, such as tf_efficientnet_lite0"
    )
