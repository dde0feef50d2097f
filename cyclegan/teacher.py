"""The teacher of a run: a model in the run's own folder, and what it answered so far.

How it comes there is in `distillation.py`, which pictures it is asked about in `lessons.py`, what a
student makes of its answers in `one_way.py`. No torch here.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import ConfigError, PictureError
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.pixels import RGB
from cyclegan.contract.saving import save_picture
from cyclegan.evaluate import translate
from cyclegan.features import load_session

TRANSLATIONS = "translations"  # in a teacher's folder, where the run has no real target pictures


def teacher_folder(run: Path) -> Path:
    """Where a run keeps its teacher: model, card, and what that translated."""
    return run / "teacher"


class Teacher:
    """A model that answers pictures as the app would, and each of them once.

    An answer is a PNG file called after the picture's own pixels: whatever becomes of the files of
    a dataset, none is ever taken for another's.
    """

    def __init__(self, run: Path, name: str) -> None:
        """Open the teacher of a run.

        Raises ConfigError: there is none. CardError: it has other bytes than its card says.
        """
        folder = teacher_folder(run)
        path = folder / f"{name}.json"
        if not path.is_file():
            called = f" called {name!r}" if name else ""  # of --preset distill, which has none
            raise ConfigError(
                f"{folder} holds no teacher{called}; `cyclegan distill TEACHER --data DIR "
                f"--out {run}` puts one there"
            )
        self.card = ModelCard.read(path)
        self.model = folder / self.card.file
        self.card.verify(self.model)
        self._answers = folder / "answers"

    def answer(self, rgb: RGB) -> RGB:
        """Return the teacher's translation, kept or made now. Shape: uint8 [H, W, 3] -> the same.

        Raises ModelError: it cannot translate. StorageError: the answer could not be kept.
        """
        pixels = hashlib.sha256(repr(rgb.shape).encode() + rgb.tobytes())
        path = self._answers / f"{pixels.hexdigest()[:32]}.png"
        try:
            return load_picture(path).rgb
        except PictureError:  # not there, or damaged
            answer = self.translate(rgb)
        save_picture(Picture(answer), path)
        return answer

    def translate(self, rgb: RGB) -> RGB:
        """Translate a picture whole, and keep nothing. Shape and errors as those of `answer`."""
        return translate(_session_of(self.model), self.card, rgb)


# Not a part of the teacher, which is sent to the processes that load pictures: a session cannot be.
_session_of = lru_cache(maxsize=1)(load_session)
