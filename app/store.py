"""The models of a folder, loaded: the only cache of sessions.

What is in the folder is found by cyclegan/contract/folder.py, how a model translates is in
translator.py.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from cyclegan.contract.card import ModelCard
from cyclegan.contract.folder import ModelFolder

if TYPE_CHECKING:
    from app.translator import Pace, Translator


class Store(ModelFolder):
    """A folder of models whose sessions are kept; `device` is where they compute."""

    def __init__(self, folder: Path, device: str = "auto") -> None:
        super().__init__(folder)
        self._device = device
        self._translators: dict[str, Translator] = {}
        self._loading = threading.Lock()

    def pace(self, card: ModelCard) -> "Pace | None":
        """How long a picture took that this store had the model of a card translate, if any."""
        known = self._translators.get(card.name)
        return known.pace if known and known.card == card else None

    def stamp(self) -> str:
        """What changes as that of any folder of models, and when a model's first pace is known."""
        timed = (name for name, known in list(self._translators.items()) if known.pace)
        return super().stamp() + "".join(sorted(timed))

    def load(self, name: str) -> "Translator":
        """The translator of a model, verified when it is first loaded. Thread-safe.

        Raises: ModelError, CardError, InputError if the device is not there.
        """
        # Lazy: listing models needs neither numpy nor onnxruntime, a quarter of a second together.
        from app.translator import Translator

        with self._loading:
            known = self._translators.get(name)
            if known is None or known.card != self.card(name):  # another one was put in its place
                card = self.verify(name)
                known = Translator(self.folder / card.file, card, device=self._device)
                there = self._names()  # those that were deleted give up their memory
                kept = {each: old for each, old in self._translators.items() if each in there}
                self._translators = kept | {name: known}
            return known
