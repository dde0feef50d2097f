"""How to go on with a run: the commands, ready to be pasted into a shell."""

import shlex
from pathlib import Path

from cyclegan.config import TrainConfig
from cyclegan.contract.card import model_name
from cyclegan.presets import changed_settings, known_preset
from cyclegan.settings import format_setting


def resume_command(config: TrainConfig, run: Path) -> str:
    """The command that trains on: the run's own settings, with absolute paths."""
    folders = (config.domain_a or "DIR/trainA", config.domain_b or "DIR/trainB")
    words = ["cyclegan", "train", "--domain-a", folders[0], "--domain-b", folders[1]]
    words += ["--out", str(run.resolve())]
    if not config.init_from:  # else the run's own config is where the command starts
        words += ["--preset", known_preset(config)]
        for key, value in changed_settings(config).items():
            if key not in ("domain_a", "domain_b"):
                words += ["--set", format_setting(key, value)]
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
