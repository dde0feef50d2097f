"""Everything needed to go on with a run, in one file, written beside its place and renamed.

Files of weights from elsewhere are read here as well. Always with `weights_only=True`: a checkpoint
holds tensors and plain values, and loading one never runs code.
"""

import io
import math
import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from cyclegan.config import TrainConfig
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import CheckpointError, ConfigError, brief
from cyclegan.contract.files import atomic_write
from cyclegan.contract.log import CONFIG, LATEST

FORMAT_VERSION = 1
# What others wrap weights in: the first of these keys that there is (of timm and most scripts of
# training; averaged weights before the latest), and prefixes of DataParallel and torch.compile.
_WRAPPERS = ("state_dict_ema", "state_dict", "model")
_PREFIXES = re.compile(r"^(module\.|_orig_mod\.)+")
# What a checkpoint has, the latest and a best alike, and what its "run" has; see run_folder.py.
_PARTS = {
    "config": dict[str, str | int | float | list[Any] | dict[str, Any]],  # see `config_of`
    "pictures": list[int],
    "hardware": str,
    "run": dict[str, Any],
    "step": dict[str, Any],
}
_PARTS_OF_RUN = {"images_seen": int, "elapsed_s": int | float}
# What else is in its "run" and its "step": of the latest all, of a best little, of old runs less.
_MORE_OF_RUN = {
    "sums": dict[str, Tensor],
    "counts": dict[str, int],
    "alarms": dict[str, int],
    "unreadable": dict[str, dict[str, str]],
    "best": dict[str, dict[str, Any]],
    "stale": int,
    "fingerprints": list[str],
    "anew": list[str],
}
_MORE_OF_STEP = {
    **dict.fromkeys(("G_AB", "G_BA", "G_AB_ema", "G_BA_ema", "D_A", "D_B"), dict[str, Tensor]),
    **dict.fromkeys(("pool_A", "pool_B"), dict[str, Tensor | list[Tensor]]),
    **dict.fromkeys(
        ("optimizer_G", "optimizer_D"),
        dict[str, dict[int, dict[str, Tensor]] | list[dict[str, Any]]],
    ),
    "random": Tensor,
    "calls": int,
}


def has_begun(run: Path) -> bool:
    """Whether a folder holds a run, however little of one."""
    return (run / CONFIG).exists() or (run / LATEST).exists()


def best_path(run: Path, direction: Direction) -> Path:
    """Where a run keeps the generator of a direction that was measured as its best."""
    return run / f"best_{direction}.pt"


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

    Raises CheckpointError: missing, damaged, altered, not one of ours, or of a newer version.
    """
    if path.parent.is_file():  # that of the run was to be a folder
        raise CheckpointError(
            f"{path.parent} is a file; expected a run folder made by `cyclegan train`, or a "
            f"checkpoint (.pt) in one, such as {LATEST}"
        )
    if not path.is_file():
        why = (
            "the run has saved none yet; it does every checkpoint_every images, and after Ctrl-C"
            if path.name == LATEST and has_begun(path.parent)
            else "expected a run folder made by `cyclegan train`"
        )
        raise CheckpointError(f"{path}: no such checkpoint; {why}")
    state = _load(path, "a checkpoint of `cyclegan train`")
    if not isinstance(state, dict) or not isinstance(state.get("format_version"), int):
        raise CheckpointError(f"{path}: not a checkpoint of `cyclegan train`")
    if state["format_version"] > FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: has format version {state['format_version']}, this version reads up to "
            f"{FORMAT_VERSION}; update cyclegan"
        )
    lacking = _lacking(state, _PARTS) or [
        *_lacking(state["run"], _PARTS_OF_RUN),
        *_lacking(state["run"], _MORE_OF_RUN, may_be_missing=True),
        *_lacking(state["step"], _MORE_OF_STEP, may_be_missing=True),
    ]
    if lacking:
        raise CheckpointError(
            f"{path}: was changed since `cyclegan train` wrote it, for it has no "
            f"{' and no '.join(lacking)} as a checkpoint does; put back what was written"
        )
    return state


def _lacking(
    found: dict[str, Any], parts: Mapping[str, Any], *, may_be_missing: bool = False
) -> list[str]:
    wanted = parts.keys() & found.keys() if may_be_missing else parts.keys()
    return [key for key in parts if key in wanted and not _is_of(found.get(key), parts[key])]


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a value is of a kind, and what is in lists and dicts is of theirs."""
    outer, inner = get_origin(kind), get_args(kind)
    if outer is UnionType:
        return any(_is_of(value, each) for each in inner)
    if outer is list:
        return isinstance(value, list) and all(_is_of(each, inner[0]) for each in value)
    if outer is dict:
        return isinstance(value, dict) and all(
            _is_of(key, inner[0]) and _is_of(each, inner[1]) for key, each in value.items()
        )
    return kind is Any or isinstance(value, kind)


def config_of(checkpoint: dict[str, Any], path: Path) -> TrainConfig:
    """Read the config in a checkpoint of ours, which is at `path` or in that run folder.

    Raises CheckpointError: it has settings that this version does not know.
    """
    try:
        return TrainConfig().replace(**checkpoint["config"])
    except ConfigError as error:
        raise CheckpointError(
            f"{path}: of another version of cyclegan ({error}); use the one that wrote it"
        ) from error


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict, out of what others wrap it in.

    Raises CheckpointError: damaged, code in it, or no tensors by name.
    """
    state = _load(path, "a file of weights")
    if isinstance(state, dict) and "format_version" in state:
        raise CheckpointError(
            f"{path}: a checkpoint of `cyclegan train`, not only weights; give the folder of its "
            "run to --init-from or to `cyclegan export`"
        )
    if isinstance(state, dict):
        wrapped = (state[key] for key in _WRAPPERS if isinstance(state.get(key), dict))
        state = next(wrapped, state)
    if not isinstance(state, dict) or not all(isinstance(t, Tensor) for t in state.values()):
        seen = ", ".join(map(str, state)) if isinstance(state, dict) else type(state).__name__
        raise CheckpointError(f"{path}: expected tensors by name, found {seen:.200}")
    return {_PREFIXES.sub("", str(name)): weight for name, weight in state.items()}


def fill(network: nn.Module, path: Path, kind: str) -> None:
    """Give a network its weights from a file, which may hold more than these.

    Args:
        kind: whose weights they should be, for the message.

    Raises:
        CheckpointError: as `load_weights`, or some are missing or of another shape.
    """
    weights = load_weights(path)
    state = network.state_dict()
    for name, wanted in state.items():
        if name.endswith("num_batches_tracked") and name not in weights:
            continue  # PyTorch before 0.4.1 wrote none, and it is for training alone
        found = list(weights[name].shape) if name in weights else "nothing"
        if found != list(wanted.shape):
            raise CheckpointError(
                f"{path}: expected {name} of shape {list(wanted.shape)}, found {found}; give the "
                f"weights of {kind}"
            )
        state[name] = weights[name]
    network.load_state_dict(state)


def _load(path: Path, kind: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another protocol than torch.save's own
            if path.suffix == ".safetensors":
                return load_file(path)
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {brief(error)}") from error
    except MemoryError:
        raise
    except Exception as error:  # of a damaged file an IndexError, AssertionError, struct.error, ...
        if found := re.search(r"GLOBAL (\S+)", str(error)):
            raise CheckpointError(
                f"{path}: holds code ({found[1]}), not only weights; it is refused, and nothing of "
                "it was run. Save the network's state_dict() where the file comes from"
            ) from error
        # Of what it does not understand PyTorch says how to run the code that may be in there.
        why = "refused" if isinstance(error, pickle.UnpicklingError) else brief(error)
        raise CheckpointError(
            f"{path}: damaged, or not {kind} ({why:.200}); nothing of it was run"
        ) from error


def find_nonfinite(state: Any) -> list[str]:
    """Name the parts of a state, as `save_checkpoint` takes it, that hold infinities or no numbers.

    A tensor or a number deep within counts for the outermost key that it is under.
    """
    return [str(key) for key, part in state.items() if not all(map(_is_finite, _leaves(part)))]


def _leaves(part: Any) -> Iterator[Any]:
    if isinstance(part, dict | list | tuple):
        for each in part.values() if isinstance(part, dict) else part:
            yield from _leaves(each)
    else:
        yield part


def _is_finite(leaf: Any) -> bool:
    if isinstance(leaf, torch.Tensor):
        return bool(leaf.isfinite().all())
    return not isinstance(leaf, float) or math.isfinite(leaf)


def averaged_weights(step: dict[str, Any], generator: str) -> dict[str, Tensor]:
    """Return a generator's averaged weights out of a checkpoint's step; none if it has none."""
    prefix = "module."  # of AveragedModel
    averaged = step.get(f"{generator}_ema", {})
    return {k.removeprefix(prefix): v for k, v in averaged.items() if k.startswith(prefix)}
