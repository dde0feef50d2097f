"""From an upload to what the page shows and gives away. No widgets."""

import tempfile
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from gradio.utils import get_upload_folder
from numpy.typing import NDArray
from PIL import Image

from app.recipe import Recipe
from app.rendering import Renderer
from app.store import Store
from app.web.compare import Pair
from app.web.upload import Upload, result_name
from cyclegan.contract.errors import ModelError
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.saving import save_picture

# Longest side of what the slider shows; the download is not touched by it. A 12 megapixel photo
# would otherwise be 25 MB of PNG on its way to a screen that shows a twelfth of it.
PREVIEW_SIDE = 1600  # pixels


@dataclass(frozen=True)
class Result:
    """A translated upload."""

    pair: Pair
    file: Path  # PNG in full size, named after the upload and the model
    note: str  # HTML: the model, the size, the time


def run_model(store: Store, upload: Upload, model: str) -> Result:
    """Translate an upload. Raises: CycleGANError, whose text names the upload, never its path."""
    if not model:
        raise ModelError("no model is installed; the Models tab says what to do")
    translator = store.load(model)
    before = load_picture(upload.path, name=upload.name)
    started = time.perf_counter()
    after = Renderer(translator, Recipe())(before)
    seconds = time.perf_counter() - started
    # Where Gradio keeps uploads too: it serves files from there and deletes them when they are old.
    folder = Path(tempfile.mkdtemp(dir=get_upload_folder()))
    file = folder / result_name(upload.name, model)
    save_picture(after, file)
    height, width = after.rgb.shape[:2]
    took = f"{seconds:.1f} s" if seconds >= 0.1 else "under 0.1 s"
    note = f"{escape(translator.card.title)} · {width} × {height} pixels · {took}"
    return Result(_previews(before, after, folder), file, note)


def _previews(before: Picture, after: Picture, folder: Path) -> Pair:
    suffix = ".jpg" if before.alpha is None else ".webp"
    paths = folder / f"before{suffix}", folder / f"after{suffix}"
    for picture, path in zip((before, after), paths, strict=True):
        small = _shrink(picture)
        save_picture(small, path, quality=92)
    height, width = small.rgb.shape[:2]
    return Pair(*paths, width=width, height=height)


def _shrink(picture: Picture) -> Picture:
    """The picture within PREVIEW_SIDE, without its metadata."""
    height, width = picture.rgb.shape[:2]
    scale = min(1.0, PREVIEW_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))

    def resize(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if scale == 1:
            return pixels
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))

    return Picture(resize(picture.rgb), None if picture.alpha is None else resize(picture.alpha))
