"""The verb `models`, with an action each: list, info, verify, looks, example, add, remove."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from app.store import Store
from cyclegan.cli.exits import EXIT_TO_FIX
from cyclegan.cli.options import Weights
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import CardError, InputError, ModelError, nearest, on_one_line
from cyclegan.contract.folder import default_folder

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


class _Actions(TyperGroup):
    """The actions of `cyclegan models`; where a model is named instead of one, it says so."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        info, name = self.commands["info"], args[0]
        if name not in self.commands and not name.startswith("-"):
            # What comes after the name is read as `info` would.
            asked = info.make_context("info", args.copy(), parent=ctx, resilient_parsing=True)
            weights = asked.params["weights"] or ctx.params["weights"]
            where = ("--weights", str(weights)) if weights else ()
            shown = on_one_line(shlex.join(("cyclegan", "models", "info", name, *where)))
            folder = weights or default_folder()
            if folder / f"{name}.json" in folder.glob("*.json"):
                ctx.fail(f"{name} is a model, no command; `{shown}` shows it")
            if not nearest(name, self.commands):
                ctx.fail(f"No such command {name!r}; if it is a model, `{shown}` shows it")
        return super().resolve_command(ctx, args)


models = typer.Typer(
    cls=_Actions,
    help="List models, show and check them, add and remove them.",
    rich_markup_mode=None,
    invoke_without_command=True,
)


@models.callback()
def list_unless_told(ctx: typer.Context, weights: Weights = None, json_: Json = False) -> None:
    """List the models, unless another action is named."""
    if ctx.invoked_subcommand is None:
        list_models(weights, json_)
    elif weights or json_:
        raise typer.BadParameter(f"give options after the action: models {ctx.invoked_subcommand}")


@models.command("list")
def list_models(weights: Weights = None, json_: Json = False) -> None:
    """List the models, and say why one cannot be used."""
    from app import terminal_models  # lazy, here and below: rich

    store = Store(weights or default_folder())
    entries = store.list()
    if not entries and not json_:
        raise ModelError(store.emptiness())
    terminal_models.show_models(entries, as_json=json_)


@models.command()
def info(
    name: Annotated[
        str | None, typer.Argument(help="A model; not needed if there is only one.")
    ] = None,
    weights: Weights = None,
    json_: Json = False,
) -> None:
    """Show a model's licence, limits, figures and origin.

    With --json, everything that its card says.
    """
    from app import terminal_models

    store = Store(weights or default_folder())
    terminal_models.show_card(store.card(name) if name else store.only(), as_json=json_)


@models.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="A model; without it, all of them.")] = None,
    weights: Weights = None,
    json_: Json = False,
) -> None:
    """Check that the files are those that their cards describe.

    Exits with 3 if some are not.
    """
    from app import terminal_models

    store = Store(weights or default_folder())
    names = [name] if name else [entry.name for entry in store.list()]
    reasons = {each: _mismatch(store, each) for each in names}
    terminal_models.show_verified(reasons, as_json=json_)
    if any(reasons.values()):
        raise typer.Exit(EXIT_TO_FIX)


@models.command()
def looks(
    name: Annotated[str, typer.Argument(help="A model.")],
    pictures: Annotated[Path, typer.Argument(help="A folder of pictures that it learned from.")],
    weights: Weights = None,
) -> None:
    """Note on a card what the model's training pictures look like.

    The app then warns of photos that are unlike them. `cyclegan export` does this by itself where
    the pictures are still there.
    """
    from cyclegan.contract.looks import MIN_LOOKS_PICTURES, describe_folder  # lazy: numpy, Pillow

    store = Store(weights or default_folder())
    card = store.card(name)
    found = describe_folder(pictures)
    if found is None:
        raise InputError(
            f"{pictures} has fewer than {MIN_LOOKS_PICTURES} pictures that can be read, too few to "
            "say what others will look like; give the folder that the model was trained on"
        )
    replace(card, looks=found).write(store.folder / f"{name}.json")
    typer.echo(f"{name}: looks of {found.pictures}")


@models.command()
def example(
    name: Annotated[str, typer.Argument(help="A model.")],
    photo: Annotated[Path, typer.Argument(help="A photo that anyone may see.")],
    weights: Weights = None,
) -> None:
    """Save a photo before and after, for the app to show."""
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
    file: Annotated[Path, typer.Argument(help="An ONNX file that turns a picture into a picture.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the model; else that of the file.")
    ] = None,
    weights: Weights = None,
    title: Annotated[str | None, typer.Option(help="Title on the card.")] = None,
    description: Annotated[
        str | None, typer.Option(help="What it does, in one or two sentences.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="What it translates, such as photo.")] = None,
    target: Annotated[
        str | None, typer.Option(help="What it turns that into, such as painting.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the weights, in words.")] = None,
    size_policy: Annotated[
        Literal["tile", "resize"],
        typer.Option(
            help="If the network takes one size only: cut larger pictures up, or shrink them."
        ),
    ] = "resize",
    values: Annotated[
        Literal["-1..1", "0..1", "0..255"] | None,
        typer.Option(help="Its numbers for black and white; found out unless given."),
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Where to save the test translation; else beside FILE.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Add it without asking.")] = False,
    json_: Json = False,
) -> None:
    """Add a model that was made elsewhere, and write its card.

    How it takes its pictures is found out, explained, and shown in a test translation before
    anything is added.
    """
    from app import terminal_models
    from app.foreign import Words, propose  # lazy: onnxruntime
    from app.foreign import add as add_model

    folder = weights or default_folder()
    if file.resolve().parent != folder.resolve() and _has_card(file):
        raise InputError(
            f"{file} has its card beside it, {file.stem}.json; copy both into {folder}, for a new "
            "card would lose what that one says, such as the licence"
        )
    low, _, high = values.partition("..") if values else ("", "", "")
    proposal = propose(
        file,
        name or file.stem,
        Words(title, description, source, target, licence),
        larger=size_policy,
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
        terminal_models.show_proposal(proposal, sheet, is_added=is_wanted)
    elif is_wanted:
        typer.echo(f"{folder / proposal.card.file} and its card are there")
    else:
        typer.echo("Nothing was added; --yes adds it, --values and --size-policy change it.")


@models.command()
def remove(name: Annotated[str, typer.Argument(help="A model.")], weights: Weights = None) -> None:
    """Delete a model: its file, its card and its example.

    Nothing is asked, and nothing else is touched.
    """
    store = Store(weights or default_folder())
    deleted = ", ".join(path.name for path in store.remove(name))
    typer.echo(f"{name}: deleted {deleted} from {store.folder}")


def _has_card(model: Path) -> bool:
    """Whether a file has a card of its own beside it, by its name and its bytes."""
    try:
        card = ModelCard.read(model.with_suffix(".json"))
        card.verify(model)
    except CardError:
        return False
    return card.file == model.name


def _mismatch(store: Store, name: str) -> str | None:
    """Why a model is not the one that its card describes; None if it is."""
    try:
        store.verify(name)
    except CardError as error:
        return str(error)
    return None
