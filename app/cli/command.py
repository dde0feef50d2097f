"""The verbs put together."""

import logging
import warnings
from typing import Annotated

import typer

from app.cli.convert import convert
from app.cli.models import models
from app.cli.serve import serve
from cyclegan import __version__
from cyclegan.cli.command import register, run_command


def main() -> None:
    """Run the command to its exit code."""
    # Pillow complains of damaged metadata in two ways; what matters is raised.
    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    command = typer.Typer(
        help="Turn pictures of one kind into pictures of another, and train such models.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # rich takes as long to import as the rest of `--help`
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    command.callback()(_options)
    for verb in (serve, convert):
        command.command()(verb)
    command.add_typer(models, name="models")
    register(command)
    run_command(command)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(__version__)
        raise typer.Exit


def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None: ...
