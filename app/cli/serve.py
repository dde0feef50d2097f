"""The verb `serve`."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from cyclegan.cli.exits import require_training_packages
from cyclegan.cli.options import Weights
from cyclegan.contract.errors import DependencyError
from cyclegan.contract.folder import default_folder


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Port to listen on.")
    ] = 7860,
    weights: Weights = None,
    auth: Annotated[
        str | None,
        typer.Option(
            metavar="USER:PASSWORD", help="Ask visitors for this, on the page and over HTTP."
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let other machines in without a password.")
    ] = False,
    jobs: Annotated[
        Path | None,
        typer.Option(
            envvar="CYCLEGAN_JOBS",
            help="Folder for jobs, which survive a restart; else one for this user and port.",
        ),
    ] = None,
    allow_upload_models: Annotated[
        bool, typer.Option("--allow-upload-models", help="Let visitors add models.")
    ] = False,
    allow_training: Annotated[
        bool, typer.Option("--allow-training", help="Let visitors train models of their own.")
    ] = False,
    training_root: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for their pictures and runs; else one for this user."
        ),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Start the app: a page in the browser, and an API over HTTP."""
    user, _, password = (auth or "").partition(":")
    if auth is not None and not (user and password):
        raise typer.BadParameter("--auth wants USER:PASSWORD, neither of them empty")
    if training_root and not allow_training:
        raise typer.BadParameter("--training-root goes with --allow-training")
    if allow_training:
        try:
            require_training_packages()
        except DependencyError as error:
            typer.echo(f"note: {error}", err=True)  # the tab says so too
    from app.web import TRAINING_ROOT, Allowed, launch  # lazy: gradio

    logging.basicConfig(format="%(message)s")  # to stderr, from warnings on
    logging.getLogger("app").setLevel(logging.INFO)
    launch(
        weights or default_folder(),
        host=host,
        port=port,
        auth=(user, password) if auth else None,
        insecure=insecure,
        jobs=jobs,
        allowed=Allowed(
            allow_upload_models, (training_root or TRAINING_ROOT) if allow_training else None
        ),
        open_browser=open_,
    )
