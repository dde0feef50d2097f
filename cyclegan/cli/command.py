"""The verbs put together, and how a command ends."""

import os
import re
import sys

import typer

from cyclegan.cli import other_names
from cyclegan.cli.distilling import distill
from cyclegan.cli.exits import EXIT_UNEXPECTED, EXIT_UNUSABLE
from cyclegan.cli.models import evaluate, export, import_
from cyclegan.cli.options import FoldersCommand
from cyclegan.cli.other_names import TrainCommand
from cyclegan.cli.pictures import doctor
from cyclegan.cli.training import train
from cyclegan.contract.errors import CycleGANError, on_one_line
from cyclegan.settings import from_home

_OPTION = re.compile(r"--[a-z-]+")


def register(command: typer.Typer) -> None:
    """Add the training verbs to the one `cyclegan` command."""
    command.command(cls=TrainCommand)(train)
    command.command(cls=FoldersCommand)(distill)
    command.command()(export)
    command.command()(evaluate)
    command.command(cls=FoldersCommand)(doctor)
    command.command("import")(import_)  # the word is Python's own
    any_words = {"allow_extra_args": True, "ignore_unknown_options": True}
    command.command("test", hidden=True, context_settings=any_words)(other_names.test)


def main() -> None:
    """Put the training verbs together, and run one."""
    command = typer.Typer(
        help="Train, export and measure models.", no_args_is_help=True, add_completion=False
    )
    register(command)
    run_command(command)


def run_command(command: typer.Typer) -> None:
    """Run a command to its exit code: 2 for unusable input, 1 for the unexpected.

    The verbs themselves exit 0, or 3 where some files failed. A person reads one sentence; with
    CYCLEGAN_DEBUG set, the unexpected shows its traceback.

    Raises: KeyboardInterrupt after Ctrl-C, also where it came while an extension was imported.
    """
    try:
        command(args=[_from_home(word) for word in sys.argv[1:]])
    except CycleGANError as error:
        for line in f"error: {error}".split("\n"):  # some list files below one another
            typer.echo(on_one_line(line), err=True)
        sys.exit(EXIT_UNUSABLE)
    except Exception as error:
        # What onnxruntime and torch, which are bound by pybind11, make of Ctrl-C in their import.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__ from None
        if "CYCLEGAN_DEBUG" in os.environ:
            raise
        typer.echo(
            f"unexpected: {type(error).__name__}: {error}; "
            "run it again with CYCLEGAN_DEBUG=1 for the traceback",
            err=True,
        )
        sys.exit(EXIT_UNEXPECTED)


def _from_home(word: str) -> str:
    """Replace the ~ of --option=~/folder, which shells leave as it is.

    Else `--out=~/runs` would make a folder called ~ where the command is typed.
    """
    option, equals, value = word.partition("=")
    return f"{option}={from_home(value)}" if equals and _OPTION.fullmatch(option) else word
