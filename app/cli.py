"""The `cyclegan` command: serve, convert and models; the training verbs are in cyclegan/cli/.

What is printed is made in terminal.py. Results go to stdout, progress and errors to stderr.
numpy, onnxruntime, rich and gradio are imported by the verbs that need them, so that `--help`
answers at once.
"""

import logging
import time
import warnings
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.store import Store
from cyclegan import __version__
from cyclegan.cli import register, run_command
from cyclegan.contract.errors import CardError, InputError, ModelError
from cyclegan.contract.folder import default_folder

EXIT_SOME_FAILED = 3

Weights = Annotated[
    Path | None, typer.Option(help="Folder of the models; else CYCLEGAN_WEIGHTS, else `weights`.")
]


class Action(StrEnum):
    """What `cyclegan models` does."""

    list = "list"
    info = "info"
    verify = "verify"


def main() -> None:
    """Run the command to its exit code."""
    # Pillow complains of damaged metadata in two ways; what matters is raised.
    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    command = typer.Typer(
        help="Turn pictures of one kind into pictures of another, and learn how to.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # rich takes as long to import as the rest of `--help`
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    command.callback()(_options)
    for verb in (serve, convert, models):
        command.command()(verb)
    register(command)
    run_command(command)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 7860,
    weights: Weights = None,
    auth: Annotated[
        str | None, typer.Option(metavar="USER:PASSWORD", help="What the page asks for.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Serve the models in the browser."""
    user, _, password = (auth or "").partition(":")
    if auth is not None and not (user and password):
        raise typer.BadParameter("--auth wants USER:PASSWORD, neither of them empty")
    from app.web import launch  # lazy: gradio

    logging.basicConfig(format="%(message)s")  # to stderr, from warnings on
    logging.getLogger("app").setLevel(logging.INFO)
    launch(
        weights or default_folder(),
        host=host,
        port=port,
        auth=(user, password) if auth else None,
        open_browser=open_,
    )


def convert(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="INPUT OUTPUT", help="A picture or a folder of them; where to."),
    ] = None,
    input_: Annotated[Path | None, typer.Option("-i", "--input", help="Same as INPUT.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Same as OUTPUT.")] = None,
    model: Annotated[
        str | None, typer.Option("-m", "--model", help="Its name; not needed if there is only one.")
    ] = None,
    weights: Weights = None,
    recursive: Annotated[
        bool, typer.Option("-r", "--recursive", help="Folders inside INPUT too.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Do again what is there already.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write a JSON line for each picture to this file.")
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Print a JSON line for each picture, for scripts.")
    ] = False,
) -> None:
    """Translate a picture, or a folder of them. Each keeps its size.

    Exits 3 if some pictures of a folder failed; all others are done then.
    """
    source, target = _two_paths(paths or [], input_, output)
    from app import terminal  # lazy: rich
    from app.batch import convert_all, plan_file, plan_folder  # lazy: numpy, Pillow

    if not source.exists():
        raise InputError(f"{source} does not exist; give a picture or a folder of pictures")
    is_folder = source.is_dir()
    jobs = plan_folder(source, target, recursive) if is_folder else [plan_file(source, target)]
    store = Store(weights or default_folder())
    translator = store.load(model or store.only().name)
    counts: Counter[str] = Counter()
    started = time.monotonic()
    show = terminal.progress(len(jobs)) if is_folder else terminal.silence()
    try:
        with terminal.report(report) as note, show as advance:
            for result in convert_all(translator.translate, jobs, overwrite=overwrite):
                counts[result.status] += 1
                note(result)
                advance(result)
                if json_:
                    typer.echo(terminal.to_json(result))
    except KeyboardInterrupt:
        typer.echo(f"stopped, {counts['done']} are done; the same command goes on", err=True)
        raise
    if not is_folder and result.status == "failed":
        raise InputError(result.reason)
    if not json_:
        seconds = time.monotonic() - started
        typer.echo(
            f"{target}: {counts['done']} done, {counts['skipped']} skipped, "
            f"{counts['failed']} failed in {seconds:.1f} s"
            if is_folder
            else terminal.describe(result)
        )
    if counts["failed"]:
        raise typer.Exit(EXIT_SOME_FAILED)


def models(
    action: Annotated[Action, typer.Argument(help="What to do.")] = Action.list,
    name: Annotated[
        str | None, typer.Argument(help="A model; `verify` without it takes all.")
    ] = None,
    weights: Weights = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """List the models, show a card, or hold the files against their cards.

    `verify` exits 3 if some files are not those that their cards describe.
    """
    from app import terminal  # lazy: rich

    store = Store(weights or default_folder())
    if action is Action.info:
        terminal.show_card(store.card(name) if name else store.only(), as_json=json_)
    elif action is Action.verify:
        names = [name] if name else [entry.name for entry in store.list()]
        reasons = {each: _mismatch(store, each) for each in names}
        terminal.show_verified(reasons, as_json=json_)
        if any(reasons.values()):
            raise typer.Exit(EXIT_SOME_FAILED)
    elif name:
        raise typer.BadParameter(f"`list` takes no name; `cyclegan models info {name}` does")
    else:
        entries = store.list()
        if not entries and not json_:
            raise ModelError(store.emptiness())
        terminal.show_models(entries, as_json=json_)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(__version__)
        raise typer.Exit


def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
) -> None: ...


def _two_paths(paths: list[Path], source: Path | None, target: Path | None) -> tuple[Path, Path]:
    """INPUT and OUTPUT, each by its place or by its option."""
    rest = list(paths)
    if source is None and rest:
        source = rest.pop(0)
    if target is None and rest:
        target = rest.pop(0)
    if source is None or target is None or rest:
        raise typer.BadParameter(
            "expected one INPUT and one OUTPUT, as in: cyclegan convert photo.jpg out.png"
        )
    return source, target


def _mismatch(store: Store, name: str) -> str | None:
    """Why a model is not the one that its card describes; None if it is."""
    try:
        store.verify(name)
    except CardError as error:
        return str(error)
    return None
