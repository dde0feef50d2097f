"""Where the teacher of a small generator comes from, and what stands in for a missing target.

The teacher itself is in `teacher.py`, what is learned from it in `one_way.py`.
"""

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cyclegan.checkpoint import has_begun
from cyclegan.config import read_config
from cyclegan.contract.card import MODEL_NAME, ModelCard
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import CheckpointError, ConfigError, ModelError, PictureError
from cyclegan.contract.files import atomic_write
from cyclegan.contract.folder import ModelFolder
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.log import CONFIG, LATEST
from cyclegan.contract.pixels import pad_to_multiple
from cyclegan.contract.saving import save_picture
from cyclegan.contract.walk import spread
from cyclegan.domains import fingerprint
from cyclegan.evaluate import run_network
from cyclegan.export import export
from cyclegan.features import load_session
from cyclegan.run_claim import require_no_file
from cyclegan.squares import middle_square
from cyclegan.teacher import Teacher, teacher_folder

logger = logging.getLogger(__name__)

TRANSLATED = 200  # pictures that stand in for a target domain; 5 minutes of work for a ResNet


def adopt(teacher: str, direction: Direction, run: Path, weights: Path) -> str:
    """Put a copy of a model into a run's folder as its teacher, unless the run has it; name it.

    From then on the original is not needed; it is never changed.

    Args:
        teacher: a run folder, of which a generator is exported; a model's .onnx file, beside which
            its card is; or the name of a model in `weights`.
        direction: which generator of a run.
        run: the run folder, new or with this teacher.
        weights: folder of models.

    Raises:
        ConfigError: the folder holds another run, or is a file.
        CardError: the card is broken or incomplete, or the model has other bytes than it says.
        ModelError: there is no such model, or it does not answer pictures with pictures.
        CheckpointError, ExportError: as `export` does.
        StorageError: it could not be copied.
    """
    require_no_file(run)  # before a file of the teacher is said to be what cannot be written
    given = Path(teacher).resolve()
    wanted = given.stem if given.suffix == ".onnx" else given.name
    name = wanted if MODEL_NAME.fullmatch(wanted) else "teacher"
    if (run / CONFIG).is_file():
        theirs = read_config(run / CONFIG).teacher
        if theirs != name:
            held = f"with the teacher {theirs!r}, not {name!r}" if theirs else "without a teacher"
            raise ConfigError(f"{run}: holds a run {held}; give another --out")
    folder = teacher_folder(run)
    if has_begun(run) and (folder / f"{name}.json").is_file():
        return name
    if (given / LATEST).is_file():
        export(given, direction, name, folder)
        return name
    if given.suffix != ".onnx" and os.sep in teacher:
        raise CheckpointError(
            f"{teacher}: expected a run folder, found no {LATEST} there; TEACHER is a run folder, "
            f"a model's .onnx file, or the name of a model in {weights}"
        )
    store = ModelFolder(given.parent if given.suffix == ".onnx" else weights)
    card = store.verify(wanted)
    require_pictures(store.folder / card.file, card)
    with atomic_write(folder / card.file) as copy:
        shutil.copyfile(store.folder / card.file, copy)
    card.write(folder / f"{name}.json")  # after the model: a card promises that it is there
    return name


def require_pictures(model: Path, card: ModelCard) -> None:
    """Make sure that a model answers a picture with one of the same size, in [-1, 1].

    Raises ModelError: it does not.
    """
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    noise[:32] = 0
    padded, _ = pad_to_multiple(noise, card.size_multiple, card.border)
    answer = run_network(load_session(model), card, padded)
    # Without a tanh a network may go beyond a little; what is never dark is taken for [0, 1].
    if answer.min() < -2 or answer.max() > 2 or answer.min() >= 0:
        raise ModelError(
            f"{model} answers values from {answer.min():.3g} to {answer.max():.3g}, expected the "
            "[-1, 1] of its card; export it with pictures in that range"
        )


def stand_in(
    teacher: Teacher,
    paths: list[Path],
    size: int,
    folder: Path,
    on_picture: Callable[[int, int], None] = lambda _done, _total: None,
    *,
    is_new: bool = False,
) -> None:
    """Fill a folder with a teacher's translations, for want of real pictures of the target domain.

    Args:
        paths: the source's pictures, of which up to `TRANSLATED` are taken, spread over them: the
            middle square of each, `size` pixels a side.
        folder: gets those that it does not have yet.
        on_picture: called with (done, total) after every picture.
        is_new: the run has not begun, so that those in the folder may be of another teacher or of
            other pictures; a file beside the folder tells.

    Raises:
        ModelError: the teacher cannot translate.
        StorageError: a translation could not be written.
    """
    if is_new:
        _clear_others(folder, f"{teacher.card.sha256} {size} {fingerprint(paths)}\n")
    places = spread(range(len(paths)), TRANSLATED)
    for done, place in enumerate(places, 1):
        path = folder / f"{place:06d}.png"
        if not path.exists():
            try:
                square = middle_square(load_picture(paths[place]).rgb, size)
            except PictureError as error:
                logger.warning("translating without it: %s", error)
                continue
            save_picture(Picture(teacher.translate(square)), path)
        on_picture(done, len(places))


def _clear_others(folder: Path, made_from: str) -> None:
    """Empty a folder of what stands in, unless the file beside it says `made_from`."""
    path = folder.with_suffix(".txt")
    if path.is_file() and path.read_text() == made_from:
        return
    for picture in folder.glob(f"{'[0-9]' * 6}.png"):
        picture.unlink()
    with atomic_write(path) as temporary:
        temporary.write_text(made_from)
