"""There and back: what is left of a photo after a model and the one that undoes it.

On the preview of a photo: how much is lost does not depend on pixels that nobody sees.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.data_classes import FileData
from numpy.typing import NDArray

from app.ciede2000 import difference_of
from app.effects import shrink
from app.progress import Progress
from app.recipe import Recipe
from app.rendering import Finisher, Renderer
from app.store import Store
from app.web.models import installed
from app.web.run import Run, read_kept
from app.web.words import template, texts
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import ModelError
from cyclegan.contract.images import Picture
from cyclegan.contract.pixels import RGB
from cyclegan.contract.saving import save_picture

_MAP_SIDE = 512  # pixels; each takes a microsecond
# Differences, and the colours that stand for them: black, violet, orange, pale yellow.
_STOPS = (0, 4, 12, 25)
_COLOURS = ((0, 0, 0), (92, 20, 110), (240, 110, 30), (252, 250, 190))


@dataclass(frozen=True)
class Back:
    """A photo that was translated there and back."""

    picture: Path
    lost: Path  # a map of the differences, bright where they are large
    mean: float  # CIEDE2000


def back_panel() -> gr.HTML:
    """A component that shows what `shown_back` makes, and else nothing."""
    return gr.HTML(html_template=_TEMPLATE, apply_default_css=False, elem_id="back-panel")


def shown_back(back: Back) -> dict[str, Any]:
    """The value of the component."""
    return {
        "picture": FileData(path=str(back.picture)).model_dump(),
        "lost": FileData(path=str(back.lost)).model_dump(),
        "mean": f"{back.mean:.1f}",
    }


def way_back(store: Store, card: ModelCard) -> str | None:
    """The installed model that undoes another one."""
    usable = {entry.name for entry in installed(store) if entry.card}
    return card.reverse if card.reverse in usable else None


def translate_back(store: Store, run: Run, progress: Progress) -> Back:
    """Translate the whole change of a run back, and compare with the photo. Raises: CycleGANError.

    Whatever else a visitor asked for would be lost, or kept, without either model.
    """
    reverse = way_back(store, run.card)
    if reverse is None:
        raise ModelError(f"there is no model that undoes {run.model}")
    recipe = Recipe(size=run.size)
    before, seen, answer = read_kept(run)
    after = Finisher(run.card, recipe).render(before, seen, answer)
    renderer = Renderer(store.load(reverse), recipe)
    seen = renderer.see(after.rgb)
    again = renderer.render(after, seen, renderer.ask(seen, progress))
    differences = difference_of(shrink(before.rgb, _MAP_SIDE), shrink(again.rgb, _MAP_SIDE))
    folder = Path(tempfile.mkdtemp(dir=run.folder))  # a browser keeps what it knows by its address
    picture, lost = folder / "back.webp", folder / "lost.png"
    save_picture(again, picture, quality=92)
    save_picture(Picture(_colour(differences)), lost)
    return Back(picture, lost, float(differences.mean()))


def _colour(differences: NDArray[np.floating]) -> RGB:
    """A picture of numbers, [H, W] -> [H, W, 3]."""
    channels = zip(*_COLOURS, strict=True)
    planes = [np.interp(differences, _STOPS, channel) for channel in channels]
    return np.stack(planes, axis=-1).astype(np.uint8)


_TEMPLATE = template(
    texts("back"),
    """
!value ? "" : `
<div class="there-and-back">
  <figure>
    <img src="${value.picture.url}" alt="${texts.back}"><figcaption>${texts.back}</figcaption>
  </figure>
  <figure>
    <img src="${value.lost.url}" alt="${texts.lost}"><figcaption>${texts.lost}</figcaption>
  </figure>
  <p role="status">${texts.mean} <strong>${value.mean}</strong> (${texts.measure})</p>
</div>`
""",
)
