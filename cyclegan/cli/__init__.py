"""The training verbs of the `cyclegan` command: train, distill, export, evaluate, import, doctor.

Torch is imported inside the verbs that need it, so that `--help` answers at once.
"""

from cyclegan.cli.command import main, register, run_command

__all__ = ["main", "register", "run_command"]
