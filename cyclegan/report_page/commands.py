"""How to go on with a run: the commands, ready to be pasted into a shell."""

import shlex
from pathlib import Path

from cyclegan.config import TrainConfig
from cyclegan.contract.card import model_name


def resume_command(config: TrainConfig, run: Path, *, is_over: bool) -> str:
    """The command that trains on from the last checkpoint; where the run is over, with the limits
    that it came to, of which one is to be made larger.
    """
    words = ["cyclegan", "train", "--out", str(run.resolve())]
    if is_over and config.max_minutes:
        words += ["--max-minutes", f"{config.max_minutes:g}"]
    if is_over and config.max_images:
        words += ["--max-images", str(config.max_images)]
    return shlex.join(words)


def export_commands(config: TrainConfig, run: Path) -> list[str]:
    """The commands that make models of a run, one for each direction that it learns."""
    commands = []
    for direction in config.directions:
        source, target = config.names_of(direction)
        name = model_name(source, target) or direction
        words = ["cyclegan", "export", str(run.resolve()), "--direction", direction, "--name", name]
        commands.append(shlex.join([*words, "--out", "weights/"]))
    return commands
