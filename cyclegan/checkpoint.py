"""Everything needed to go on with a run, in one file, written beside its place and renamed.

Read with `weights_only=True`: a checkpoint holds tensors and plain values, and loading one never
runs code.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from cyclegan.contract.errors import CheckpointError
from cyclegan.contract.files import atomic_write

FORMAT_VERSION = 1
LATEST = "latest.pt"  # of a run folder


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state` to `path`; an earlier file there stays whole until the new one is.

    Raises StorageError: a full disk or no permission, the earlier file is untouched.
    """
    # Through memory: where a disk is full, torch.save raises a RuntimeError about positions.
    buffer = io.BytesIO()
    torch.save({"format_version": FORMAT_VERSION, **state}, buffer)
    with atomic_write(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote, onto the CPU.

    Raises CheckpointError: missing, damaged, not one of ours, or of a newer version.
    """
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no such checkpoint; expected a run folder made by `cyclegan train`"
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise CheckpointError(
            f"{path}: damaged, or not a checkpoint of `cyclegan train`: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from error
    if not isinstance(state, dict) or "format_version" not in state:
        raise CheckpointError(f"{path}: not a checkpoint of `cyclegan train`")
    if state["format_version"] > FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: has format version {state['format_version']}, this version reads up to "
            f"{FORMAT_VERSION}; update cyclegan"
        )
    return state
