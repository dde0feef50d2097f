"""What the command ends with beside 0, and what makes a verb end before it begins."""

import importlib.util

from cyclegan.contract.errors import DependencyError

EXIT_UNEXPECTED, EXIT_UNUSABLE, EXIT_TO_FIX, EXIT_INTERRUPTED = 1, 2, 3, 130


def require_training_packages() -> None:
    """Raise DependencyError, which names the extra to install, where training cannot work."""
    missing = [
        name
        for name in ("albumentations", "onnx", "onnxscript", "onnxslim", "torch", "torchvision")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise DependencyError(
            f"training and export need packages that are not installed ({', '.join(missing)}); "
            "install them with: pip install 'cyclegan[train]'"
        )
