"""From an upload to what the page shows and gives away. No widgets.

What a network made of a photo lies in a folder beside the uploads, until that is tidied: how strong
the change is, and where, is decided as often as a visitor likes without running the network again,
and nothing of it stays in memory.
"""

import base64
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from gradio.utils import get_upload_folder
from PIL import Image

from app.effects import shrink
from app.naming import Format, Naming
from app.progress import Progress
from app.recipe import Recipe
from app.rendering import Answer, Finisher, Renderer
from app.store import Store
from app.web.cards import shown
from app.web.compare import Pair
from app.web.upload import Upload, result_name
from app.web.words import in_a_row, say
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import InputError, ModelError, PictureError
from cyclegan.contract.files import atomic_write
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.looks import find_difference
from cyclegan.contract.pixels import RGB
from cyclegan.contract.saving import save_picture

# Longest side of what the slider shows; the download is not touched by it. A 12 megapixel photo
# would otherwise be 25 MB of PNG on its way to a screen that shows a twelfth of it.
PREVIEW_SIDE = 1600  # pixels
# As in shrink: half the time, and on thin lines up to a tenth of the range from what it is without;
# no download is made of it.
_GAP = 1.2

_REGION_START = "data:image/png;base64,"
_MAX_REGION = 4 * 2**20  # characters; a drawing in two colours has a hundredth of that
_FEW_PREVIEWS = 3  # a browser may still be fetching the one before


@dataclass(frozen=True)
class Run:
    """A photo that went through a network, and the folder where what came of it lies."""

    upload: Upload
    card: ModelCard  # of the model, which may be gone or another one by now
    size: Any  # as in Recipe
    folder: Path
    note: str  # HTML: the model, the size, the time, a warning

    @property
    def model(self) -> str:
        """The name of the model."""
        return self.card.name

    def is_of(self, upload: Upload, model: str, size: Any) -> bool:
        """Whether it needs not be done again."""
        return (self.upload.path, self.model, self.size) == (upload.path, model, size)

    @property
    def region(self) -> Path | None:
        """The picture of where the photo is to change; None: everywhere."""
        path = self.folder / "region.png"
        return path if path.exists() else None


def run_model(
    store: Store,
    upload: Upload,
    model: str,
    size: Any,
    progress: Progress,
    last: Run | None = None,
    language: str = "en",
) -> Run:
    """Show an upload to a network, in a size as in Recipe; the region of `last` stays with a photo.

    The note is in a language. Raises: CycleGANError, whose text names the upload, never its path.
    """
    if not model:
        raise ModelError(say(language, "folder.no-model"))
    translator = store.load(model)
    renderer = Renderer(translator, Recipe(size=size))
    before = load_picture(upload.path, name=upload.name)
    started = time.perf_counter()
    seen = renderer.see(before.rgb)
    made = renderer.ask(seen, progress).rgb
    seconds = time.perf_counter() - started
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=get_upload_folder()))
    _keep(folder, before, seen, made)
    if last and last.region and last.upload.path == upload.path:
        shutil.copy(last.region, folder)
    note = _note(translator.card, before, seen, seconds, language)
    return Run(upload, translator.card, size, folder, note)


def _note(card: ModelCard, before: Picture, seen: RGB, seconds: float, language: str) -> str:
    """HTML: the model, the size, the time, and why it may not be what was hoped for."""
    height, width = before.rgb.shape[:2]
    took = f"{seconds:.1f} s" if seconds >= 0.1 else say(language, "run.at-once")
    pixels = say(language, "run.pixels", width=width, height=height)
    warnings = []
    if before.pages > 1:
        warnings.append(say(language, "run.first", count=before.pages))
    learned = card.training_size
    if learned and max(height, width) < learned:
        warnings.append(say(language, "run.small", learned=learned))
    if card.looks and (way := find_difference(card.looks, seen)):
        how = say(language, f"unlike.{way}") if way != "unlike" else ""
        warnings.append(in_a_row(say(language, "unlike.unlike"), how))
    strong = "".join(f"<br><strong>{warning}</strong>" for warning in warnings)
    return f"{shown(card.title)} · {pixels} · {took}{strong}"


def preview(run: Run, recipe: Recipe) -> Pair:
    """What a recipe makes of a photo, small enough for a page. Raises: CycleGANError.

    Of the size and the region, here and in `write_file`, those of the run count.
    """
    before, seen, answer = read_kept(run)
    after = _finisher(run, recipe).render(before, seen, answer)
    suffix = _preview_suffix(before)
    path = run.folder / f"after-{time.time_ns()}{suffix}"
    save_picture(after, path, quality=92)
    for old in sorted(run.folder.glob("after-*"))[:-_FEW_PREVIEWS]:
        old.unlink(missing_ok=True)
    height, width = before.rgb.shape[:2]
    photo = run.upload.path.parent.name  # Gradio's hash of the file
    return Pair(run.folder / f"before{suffix}", path, width=width, height=height, photo=photo)


def read_kept(run: Run) -> tuple[Picture, RGB, Answer]:
    """A photo, what the network saw of it and what it made, none larger than PREVIEW_SIDE.

    Raises: PictureError if they are deleted already.
    """
    kept = dict(_load(run, "preview.npz"))
    before = Picture(kept["before"], kept.get("alpha"))
    return before, kept.get("seen", before.rgb), Answer(kept["made"])


def write_file(run: Run, recipe: Recipe, format: Format, progress: Progress) -> Path:
    """What a recipe makes of a photo, in full size, for the visitor to take away.

    Raises: CycleGANError.
    """
    finisher = _finisher(run, recipe)
    before = load_picture(run.upload.path, name=run.upload.name)
    made = _load(run, "made.npy")
    after = finisher.render(before, finisher.see(before.rgb), Answer(made), progress)
    suffix = Naming(format).suffix(Path(run.upload.name))
    file = run.folder / result_name(run.upload.name, run.model, suffix)
    save_picture(after, file, quality=recipe.quality, check=progress.check)
    return file


def set_region(run: Run, drawn: str) -> None:
    """Let a photo change only where a visitor drew, by a data URL of a PNG; "": everywhere.

    Raises: InputError if it is none; StorageError.
    """
    path = run.folder / "region.png"
    if not drawn:
        path.unlink(missing_ok=True)
        return
    try:
        if not drawn.startswith(_REGION_START) or len(drawn) > _MAX_REGION:
            raise ValueError(drawn[:40])
        content = base64.b64decode(drawn.removeprefix(_REGION_START), validate=True)
    except ValueError as error:
        raise InputError("the region is no PNG picture as the page draws it") from error
    load_picture(content, name="the region", max_pixels=PREVIEW_SIDE**2)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def _finisher(run: Run, recipe: Recipe) -> Finisher:
    return Finisher(run.card, replace(recipe, size=run.size, mask=run.region))


def _keep(folder: Path, before: Picture, seen: RGB, made: RGB) -> None:
    """Write down what `read_kept` and `write_file` need."""
    np.save(folder / "made.npy", made)
    small = Picture(
        shrink(before.rgb, PREVIEW_SIDE, _GAP),
        None if before.alpha is None else shrink(before.alpha, PREVIEW_SIDE, _GAP),
    )
    kept = {"before": small.rgb, "made": made}
    if small.alpha is not None:
        kept["alpha"] = small.alpha
    if max(seen.shape) < max(small.rgb.shape):
        kept["seen"] = seen
    elif made.shape != small.rgb.shape:  # the page shows no more than that
        height, width = small.rgb.shape[:2]
        resized = Image.fromarray(made).resize((width, height), reducing_gap=_GAP)
        kept["made"] = np.asarray(resized)
    np.savez(folder / "preview.npz", **kept)  # type: ignore[arg-type]
    save_picture(small, folder / f"before{_preview_suffix(small)}", quality=92)


def _load(run: Run, name: str) -> Any:
    """Arrays that `_keep` wrote. Raises: PictureError if they are deleted already."""
    try:
        return np.load(run.folder / name)
    except OSError as error:
        raise PictureError(
            f"{run.upload.name} was given more than an hour ago and is deleted; give it again"
        ) from error


def _preview_suffix(picture: Picture) -> str:
    return ".jpg" if picture.alpha is None else ".webp"
