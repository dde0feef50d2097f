"""What the command ends with beside 0, and what makes a verb end before it begins."""

import importlib.util

from cyclegan.contract.errors import DependencyError

EXIT_UNEXPECTED, EXIT_UNUSABLE, EXIT_TO_FIX, EXIT_INTERRUPTED = 1, 2, 3, 130

# What the modules of training import before anything is asked of them.
_TRAINING_PACKAGES = (
    "albumentations",
    "jinja2",
    "onnx",
    "onnxscript",
    "onnxslim",
    "safetensors",
    "skimage",
    "tensorboard",
    "torch",
    "torchvision",
)


def require_training_packages() -> None:
    """Raise DependencyError, which names the extra to install, where training cannot work."""
    missing = [name for name in _TRAINING_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise DependencyError(
            "training, export and evaluation need packages that are not installed "
            f"({', '.join(missing)}); install them with: pip install 'cyclegan[train]'"
        )
