"""A folder of models: list them, read their cards, hold the files against them.

What the training writes there is in cyclegan/export.py, who loads it in app/store.py.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import CardError, ModelError, StorageError, brief, nearest


@dataclass(frozen=True)
class Entry:
    """What lies in the folder under one name: a usable model, or the reason why it is not."""

    name: str  # what people type
    card: ModelCard | None  # None exactly when there is a reason
    reason: str | None = None


class ModelFolder:
    """The models of one folder, as they are there now: a model dropped in needs no restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list(self) -> Sequence[Entry]:
        """Every card, and every model without one, sorted by name. Never raises for one of them.

        Bytes are held against the card by `verify` and `load`; here only their number is.
        """
        return [self._entry(name) for name in self._names()]

    def stamp(self) -> str:
        """What changes with every model that comes, goes or is replaced; nothing is read."""
        try:
            found = [(path.name, path.stat()) for path in self._files()]
            return repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in found])
        except (ModelError, OSError):  # no folder (yet), or a file just left it
            return ""

    def card(self, name: str) -> ModelCard:
        """The card of a model. Raises: ModelError if it is unknown, CardError if it is broken."""
        self._require(name)
        entry = self._entry(name)
        if entry.card is None:
            raise CardError(entry.reason or f"{name} cannot be used")
        return entry.card

    def only(self, how: str = "") -> ModelCard:
        """The card of the one usable model; where there are more, errors say `how` to choose.

        Raises: ModelError if there are more, or none.
        """
        names = [entry.name for entry in self.list() if entry.card]
        if len(names) == 1:
            return self.card(names[0])
        choice = f"choose one of the models{how}: {', '.join(names)}"
        raise ModelError(choice if names else self.emptiness())

    def verify(self, name: str) -> ModelCard:
        """The card of a model whose bytes are those that it promises. Raises: as `card`."""
        card = self.card(name)
        card.verify(self.folder / card.file)
        return card

    def remove(self, name: str) -> Sequence[Path]:
        """Delete the files of a model, usable or not, but those that another card names too; what
        was deleted.

        The card goes last: if the others could not, the same call goes on.

        Raises: ModelError if it is unknown, StorageError.
        """
        self._require(name)
        cards = {entry.name: entry.card for entry in self.list() if entry.card}
        own = _files_of(cards.pop(name, None)) | {f"{name}.onnx", f"{name}.example.jpg"}
        own -= {file for card in cards.values() for file in _files_of(card)}
        paths = [self.folder / file for file in (*sorted(own), f"{name}.json")]
        there = [path for path in paths if os.path.lexists(path)]
        for path in there:
            try:
                path.unlink()
            except OSError as error:
                raise StorageError(f"{path} could not be deleted: {brief(error)}") from error
        return there

    def _require(self, name: str) -> None:
        """Raise ModelError, with the nearest name, unless something lies there under this one."""
        names = self._names()
        if name not in names:
            there = f"{self.folder} has {', '.join(names)}" if names else self.emptiness()
            hint = nearest(name, names)
            raise ModelError(f'unknown model "{name}"{hint or ";"} {there}')

    def _names(self) -> Sequence[str]:
        return sorted({path.stem for path in self._files()})

    def _files(self) -> Sequence[Path]:
        """Cards and models, sorted. Raises: ModelError: the folder is not there."""
        if not self.folder.is_dir():
            raise ModelError(f"the folder of models {self.folder} does not exist; name another one")
        return sorted(
            path
            for path in self.folder.iterdir()
            if path.suffix in (".json", ".onnx") and not path.name.startswith(".")
        )

    def _entry(self, name: str) -> Entry:
        path = self.folder / f"{name}.json"
        if not path.exists():
            model = self.folder / f"{name}.onnx"
            return Entry(name, None, f"{model} has no card; `cyclegan models add` makes one")
        try:
            card = ModelCard.read(path)
            if card.name != name:
                raise CardError(f'{path} is the card of "{card.name}"; rename one of them')
            card.verify_size(self.folder / card.file)
        except CardError as error:
            return Entry(name, None, str(error))
        return Entry(name, card)

    def emptiness(self) -> str:
        """What to tell someone who finds no model here."""
        return f"{self.folder} has no models; export one into it, or name another folder"


def _files_of(card: ModelCard | None) -> set[str]:
    """The names of what a card describes."""
    return {file for file in (card.file, card.example) if file} if card else set()


def default_folder() -> Path:
    """CYCLEGAN_WEIGHTS, else `weights/` of this checkout, else `weights/` where we are."""
    if chosen := os.environ.get("CYCLEGAN_WEIGHTS"):
        return Path(chosen)
    bundled = Path(__file__).parents[2] / "weights"
    return bundled if bundled.is_dir() else Path("weights")
