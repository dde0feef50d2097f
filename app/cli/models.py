"""The verb `models`, with an action each: list, info, verify, looks, example, add."""

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.store import Store
from cyclegan.cli.exits import EXIT_TO_FIX
from cyclegan.cli.options import Weights
from cyclegan.contract.errors import CardError, InputError, ModelError
from cyclegan.contract.folder import default_folder

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

models = typer.Typer(
    help="The models: list them, show or complete a card, verify the files, add one.",
    rich_markup_mode=None,
    invoke_without_command=True,
)


class SizePolicy(StrEnum):
    """What becomes of pictures that are larger than the one size of a network."""

    tile = "tile"
    resize = "resize"


class ValueRange(StrEnum):
    """What black and white are to a network."""

    signed = "-1..1"
    unit = "0..1"
    bytes = "0..255"


@models.callback()
def list_unless_told(ctx: typer.Context, weights: Weights = None, json_: Json = False) -> None:
    """List the models, unless another action is named."""
    if ctx.invoked_subcommand is None:
        list_models(weights, json_)
    elif weights or json_:
        raise typer.BadParameter(f"give options after the action: models {ctx.invoked_subcommand}")


@models.command("list")
def list_models(weights: Weights = None, json_: Json = False) -> None:
    """What is installed, and why the rest cannot be used."""
    from app import terminal  # lazy, here and below: rich

    store = Store(weights or default_folder())
    entries = store.list()
    if not entries and not json_:
        raise ModelError(store.emptiness())
    terminal.show_models(entries, as_json=json_)


@models.command()
def info(
    name: Annotated[
        str | None, typer.Argument(help="A model; not needed if there is only one.")
    ] = None,
    weights: Weights = None,
    json_: Json = False,
) -> None:
    """Everything that a model's card says."""
    from app import terminal

    store = Store(weights or default_folder())
    terminal.show_card(store.card(name) if name else store.only(), as_json=json_)


@models.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="A model; all of them without it.")] = None,
    weights: Weights = None,
    json_: Json = False,
) -> None:
    """Hold the files against their cards; exits 3 if some are not those that the cards describe."""
    from app import terminal

    store = Store(weights or default_folder())
    names = [name] if name else [entry.name for entry in store.list()]
    reasons = {each: _mismatch(store, each) for each in names}
    terminal.show_verified(reasons, as_json=json_)
    if any(reasons.values()):
        raise typer.Exit(EXIT_TO_FIX)


@models.command()
def looks(
    name: Annotated[str, typer.Argument(help="A model.")],
    pictures: Annotated[Path, typer.Argument(help="A folder of pictures that it learned from.")],
    weights: Weights = None,
) -> None:
    """Write onto a card what the pictures that it translates look like, so that the app can warn.

    `cyclegan export` does so by itself, where they are still there.
    """
    from cyclegan.contract.looks import MIN_PICTURES, describe_folder  # lazy: numpy, Pillow

    store = Store(weights or default_folder())
    card = store.card(name)
    found = describe_folder(pictures)
    if found is None:
        raise InputError(
            f"{pictures} has fewer than {MIN_PICTURES} pictures that can be read, too few to say "
            "what others will look like; give the folder that the model was trained on"
        )
    replace(card, looks=found).write(store.folder / f"{name}.json")
    typer.echo(f"{name}: looks of {found.pictures}")


@models.command()
def example(
    name: Annotated[str, typer.Argument(help="A model.")],
    photo: Annotated[Path, typer.Argument(help="A photo that everybody may be shown.")],
    weights: Weights = None,
) -> None:
    """Put a photo and what the model makes of it beside the card, for the app to show."""
    from app.example import pair, save_pair  # lazy, here and below: numpy, Pillow, onnxruntime
    from app.recipe import Recipe
    from app.rendering import Renderer
    from cyclegan.contract.images import load_picture

    store = Store(weights or default_folder())
    card = store.card(name)
    shown = replace(card, example=f"{name}.example.jpg")
    both = pair(load_picture(photo), Renderer(store.load(name), Recipe()))
    save_pair(both, store.folder / str(shown.example))
    shown.write(store.folder / f"{name}.json")
    typer.echo(f"{name}: {shown.example}")


@models.command()
def add(
    file: Annotated[Path, typer.Argument(help="An ONNX file that makes a picture of a picture.")],
    name: Annotated[str | None, typer.Option(help="Of the model; else that of the file.")] = None,
    weights: Weights = None,
    title: Annotated[str | None, typer.Option(help="Of the card, for people.")] = None,
    description: Annotated[str | None, typer.Option(help="One or two sentences.")] = None,
    source: Annotated[str | None, typer.Option(help="What it translates: photo.")] = None,
    target: Annotated[str | None, typer.Option(help="What it makes of that.")] = None,
    licence: Annotated[str | None, typer.Option(help="Of the weights, in words.")] = None,
    size_policy: Annotated[
        SizePolicy,
        typer.Option(help="Larger pictures, where the network takes one size: cut up or shrunk."),
    ] = SizePolicy.resize,
    values: Annotated[
        ValueRange | None,
        typer.Option(help="Black to white in its numbers; found out unless given."),
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Where the test translation goes; else beside FILE.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Add it without asking.")] = False,
    json_: Json = False,
) -> None:
    """Add a model that was made elsewhere: find out how it wants its pictures, and write a card.

    What was found is said in words and shown in a test translation before anything is added.
    """
    from app import terminal
    from app.foreign import Words, propose  # lazy: onnxruntime
    from app.foreign import add as add_model

    folder = weights or default_folder()
    low, _, high = values.value.partition("..") if values else ("", "", "")
    proposal = propose(
        file,
        name or file.stem,
        Words(title, description, source, target, licence),
        larger=size_policy.value,
        value_range=(float(low), float(high)) if values else None,
    )
    sheet = preview or file.with_name(f"{file.stem}.test.jpg")
    proposal.save_sheet(sheet)
    if not json_:
        for finding in proposal.findings:
            typer.echo(finding)
        typer.echo(f"Test translations, before and after: {sheet}")
    can_ask = sys.stdin.isatty() and not json_
    question = f'Add it to {folder} as "{proposal.card.name}"?'
    is_wanted = yes or (can_ask and typer.confirm(question))
    if is_wanted:
        add_model(proposal, folder)
    if json_:
        terminal.show_proposal(proposal, sheet, is_added=is_wanted)
    elif is_wanted:
        typer.echo(f"{folder / proposal.card.file} and its card are there")
    else:
        typer.echo("Nothing was added; --yes adds it, --values and --size-policy change it.")


def _mismatch(store: Store, name: str) -> str | None:
    """Why a model is not the one that its card describes; None if it is."""
    try:
        store.verify(name)
    except CardError as error:
        return str(error)
    return None
