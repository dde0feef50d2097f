"""Other projects' checkpoint folders: which file is which network, what it holds, the options.

What the weights in a file are is told by `architecture.py`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cyclegan.config import read_config
from cyclegan.contract.errors import CheckpointError, ConfigError
from cyclegan.contract.log import CONFIG, LATEST

_FILE = re.compile(r"(?P<epoch>.+)_net_(?P<network>(?:G|D)(?:_A|_B)?|F)\.pth")
_OPTION = re.compile(r"\s*(?P<key>\w+): (?P<value>.*?)\s*(?:\[default: .*\])?")
_NUMBER = re.compile(r"\d{1,15}(\.\d*)?(e-?\d{1,2})?")  # a finite one
_OPTIONS: dict[str, tuple[str, type]] = {  # theirs -> ours
    "lr": ("learning_rate", float),
    "beta1": ("beta1", float),
    "lambda_A": ("lambda_cycle", float),
    "pool_size": ("pool_size", int),
    "batch_size": ("batch_size", int),
    "batchSize": ("batch_size", int),
}
_OBJECTIVES = {"lsgan": "lsgan", "vanilla": "vanilla", "wgangp": "wgan-gp"}
_DOMAINS = re.compile(r"([A-Za-z]+)2([A-Za-z]+)")  # "horse2zebra_pretrained"


def find_files(path: Path, epoch: str | None) -> tuple[dict[str, Path], str]:
    """Choose a file for each of the other project's networks ("G_A", "D", ...), and say the epoch.

    Args:
        path: a checkpoint folder or a single file of a generator.
        epoch: which one of a folder; the newest unless given.

    Raises:
        CheckpointError: no generator there, or not of that epoch.
    """
    if path.suffix == ".onnx" and path.is_file():
        raise CheckpointError(
            f"{path}: an ONNX model, not a checkpoint; `cyclegan models add {path}` puts it into "
            "the app, and one of this project goes to `cyclegan train --init-from`"
        )
    if path.is_file():
        match = _FILE.fullmatch(path.name)
        network = match["network"] if match else "G"
        if not network.startswith("G"):
            raise CheckpointError(f"{path}: holds {network}; expected a generator, or its folder")
        return {network: path}, ""
    if not path.is_dir():
        raise CheckpointError(
            f"{path}: no such file or folder; expected a checkpoint folder or a .pth file"
        )
    found: dict[str, dict[str, Path]] = {}
    for file in sorted(path.iterdir()):
        if match := _FILE.fullmatch(file.name):
            found.setdefault(match["epoch"], {})[match["network"]] = file
    epochs = [name for name, files in found.items() if any(n.startswith("G") for n in files)]
    if not epochs:
        single = path / "generator.pth"  # of UPIT
        if single.is_file():
            return {"G": single}, ""
        if (path / LATEST).is_file():
            raise CheckpointError(
                f"{path}: a run of `cyclegan train` already; make a model of it with `cyclegan "
                f"export {path} --name NAME`, or give it to `cyclegan train --init-from`"
            )
        if _is_run(path):
            raise CheckpointError(
                f"{path}: a run of `cyclegan train` without its checkpoint, {LATEST}; train it "
                "until it has one, which takes `checkpoint_every` images"
            )
        seen = ", ".join(sorted(file.name for file in path.iterdir())[:4]) or "nothing"
        raise CheckpointError(
            f"{path}: expected files such as latest_net_G_A.pth, latest_net_G.pth or "
            f"generator.pth; found {seen}"
        )
    if epoch is not None and epoch not in epochs:
        raise CheckpointError(f"{path}: no epoch {epoch!r}; there are {', '.join(sorted(epochs))}")
    chosen = epoch or max(epochs, key=_age)
    return found[chosen], f"{chosen} of {', '.join(sorted(epochs, key=_age))}"


def _is_run(path: Path) -> bool:
    """Whether a folder has the config of a run of ours: others have a config.json as well."""
    try:
        read_config(path / CONFIG)
    except ConfigError:
        return False
    return True


def _age(epoch: str) -> tuple[bool, bool, int]:
    """Order epochs from old to new: iterations, then epochs, then "latest"."""
    number = re.search(r"\d+", epoch)
    return epoch == "latest", not epoch.startswith("iter"), int(number[0]) if number else 0


def read_options(path: Path) -> tuple[dict[str, str], str]:
    """Read the options that training left beside the weights, and the name of their file."""
    folder = path if path.is_dir() else path.parent
    for name in ("train_opt.txt", "opt.txt"):
        if (folder / name).is_file():
            lines = (folder / name).read_text(errors="replace").splitlines()
            matches = [match for line in lines if (match := _OPTION.fullmatch(line))]
            return {match["key"]: match["value"] for match in matches}, name
    return {}, ""


def translate_options(options: Mapping[str, str], crop_multiple: int) -> dict[str, Any]:
    """Return our settings for the other project's; what is missing or no number is passed over.

    Args:
        crop_multiple: pixels; a crop that is no multiple of it is passed over too.
    """
    numbers = {key: float(text) for key, text in options.items() if _NUMBER.fullmatch(text)}
    settings: dict[str, Any] = {}
    for theirs, (ours, kind) in _OPTIONS.items():
        if theirs in numbers:
            settings[ours] = kind(numbers[theirs])
    if "lambda_A" in numbers and "lambda_identity" in numbers:  # theirs is relative to the cycle's
        settings["lambda_identity"] = numbers["lambda_identity"] * numbers["lambda_A"]
    if options.get("gan_mode") in _OBJECTIVES:
        settings["objective"] = _OBJECTIVES[options["gan_mode"]]
    crop = int(numbers.get("crop_size", numbers.get("fineSize", 0)))
    load = int(numbers.get("load_size", numbers.get("loadSize", 0)))
    if crop >= 32 and crop % crop_multiple == 0:
        size = max(load, crop)
        settings |= {"crop_size": crop, "load_size_min": size, "load_size_max": size}
    return settings


def guess_names(options: Mapping[str, str], path: Path) -> dict[str, str]:
    """Guess what the domains are called from a name such as "horse2zebra"."""
    folder = path if path.is_dir() else path.parent
    for name in (Path(options.get("dataroot", "")).name, options.get("name", ""), folder.name):
        if match := _DOMAINS.match(name):
            return {"name_a": match[1], "name_b": match[2]}
    return {}
