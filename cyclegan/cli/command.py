"""The verbs put together, and how a command ends."""

import os
import sys

import typer

from cyclegan.cli.distilling import distill
from cyclegan.cli.exits import EXIT_INTERRUPTED, EXIT_UNEXPECTED, EXIT_UNUSABLE
from cyclegan.cli.models import evaluate, export, import_
from cyclegan.cli.pictures import doctor
from cyclegan.cli.training import train
from cyclegan.contract.errors import CycleGANError


def register(command: typer.Typer) -> None:
    """Add the training verbs to the one `cyclegan` command."""
    for verb in (train, distill, export, evaluate, doctor):
        command.command()(verb)
    command.command("import")(import_)  # the word is Python's own


def main() -> None:
    """Run the training verbs alone: `python -m cyclegan`."""
    command = typer.Typer(
        help="Train, export and measure models.", no_args_is_help=True, add_completion=False
    )
    register(command)
    run_command(command)


def run_command(command: typer.Typer) -> None:
    """Run a command to its exit code: 2 for unusable input, 1 for the unexpected, 130 for Ctrl-C.

    The verbs themselves exit 0, or 3 where some files failed. A person reads one sentence; with
    CYCLEGAN_DEBUG set, the unexpected shows its traceback.
    """
    try:
        command()
    except CycleGANError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(EXIT_UNUSABLE)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        if "CYCLEGAN_DEBUG" in os.environ:
            raise
        typer.echo(
            f"unexpected: {type(error).__name__}: {error}; "
            "run it again with CYCLEGAN_DEBUG=1 for the traceback",
            err=True,
        )
        sys.exit(EXIT_UNEXPECTED)
