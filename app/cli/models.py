"""The verb `models`."""

from enum import StrEnum
from typing import Annotated

import typer

from app.cli.options import Weights
from app.store import Store
from cyclegan.cli.exits import EXIT_TO_FIX
from cyclegan.contract.errors import CardError, ModelError
from cyclegan.contract.folder import default_folder


class Action(StrEnum):
    """What `cyclegan models` does."""

    list = "list"
    info = "info"
    verify = "verify"


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
            raise typer.Exit(EXIT_TO_FIX)
    elif name:
        raise typer.BadParameter(f"`list` takes no name; `cyclegan models info {name}` does")
    else:
        entries = store.list()
        if not entries and not json_:
            raise ModelError(store.emptiness())
        terminal.show_models(entries, as_json=json_)


def _mismatch(store: Store, name: str) -> str | None:
    """Why a model is not the one that its card describes; None if it is."""
    try:
        store.verify(name)
    except CardError as error:
        return str(error)
    return None
