"""From a picture to its translation as a recipe asks for it.

What is done to pixels is in effects.py, the network is run in translator.py.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from PIL import Image

from app.effects import (
    Enlarged,
    Feathered,
    Weight,
    feather,
    mix,
    shrink,
    with_colours_of,
)
from app.progress import Progress
from app.recipe import Recipe
from app.translator import Pace, Translator
from cyclegan import __version__
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import InputError, PictureError
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.metadata import Metadata
from cyclegan.contract.pixels import RGB, strips

_CLEARLY = 0.1  # what a model's mask says where the translation is taken as it is
_STRIP = 2**16  # pixels that are combined at once: their numbers stay in a CPU's own cache
# Rows of them at most: weights between these and the rows that they are enlarged from take the
# square of it. Of a picture of 2 x 30,000 pixels seen at 20,000 they took 8 GB.
_ROWS = 256


def default_size(card: ModelCard) -> int:
    """Pixels of the long side that a model should see of a picture.

    Where its card does not say, three crops of the training, which scales pictures to between one
    and two of them. Looked at: horses in photos of 1024 pixels, by a model of crops of 128. At 160
    the stripes are coarse and spill over the outlines, from 256 to 384 they are best, at 512 fine;
    at 1024 there are none. Models that were made elsewhere do not say what they learned from: of
    one that takes any size 512 pixels are seen.
    """
    if card.default_size:
        return card.default_size
    fixed = card.fixed_size
    unknown = min(fixed.height, fixed.width) if fixed else 512
    learned = card.training_size or unknown
    return max(learned, min(3 * learned, 512))


def seen_size(card: ModelCard, asked: int | Literal["auto", "native"]) -> int | None:
    """Pixels of the long side that a model is shown, of what a recipe asks for; None: all.

    No more than there is room for in a model that pictures are made smaller for, so that it does
    not take the detail that is carried over afterwards.
    """
    size = default_size(card) if asked == "auto" else asked
    fixed = card.fixed_size
    if fixed and fixed.larger == "resize":
        largest = min(fixed.height, fixed.width)
        return largest if size == "native" else min(size, largest)
    return None if size == "native" else size


class Answer(NamedTuple):
    """What a network made of a picture, in the size in which it saw it."""

    rgb: RGB
    mask: Weight | None = None  # the model's own, where the recipe asks for it


class Finisher:
    """What a recipe makes of the answers of a model, by its card alone; threads may share it."""

    def __init__(self, card: ModelCard, recipe: Recipe) -> None:
        """Raises: PictureError if the mask cannot be read; InputError if the model has none."""
        self._card = card
        self._recipe = recipe
        self._mask = _load_grey(recipe.mask) if isinstance(recipe.mask, Path) else None
        if recipe.mask == "model" and card.mask_name is None:
            raise InputError(f"{card.name} has no mask of its own; give the file of a mask")
        self._size = seen_size(card, recipe.size)
        detail = card.default_detail if recipe.detail == "auto" else recipe.detail
        self._keeps_detail = detail == "transfer"
        self._signature = f"cyclegan {__version__}, model {card.name}, sha256 {card.sha256}"

    def made_by(self) -> dict[str, Any]:
        """All that decides how a translation looks, as plain JSON values.

        What the recipe leaves to the card is as it says now. Raises: StorageError if the file of a
        mask cannot be read.
        """
        shown = {"size": self._size, "detail": "transfer" if self._keeps_detail else "off"}
        return {"model": self._card.sha256} | self._recipe.to_dict() | shown

    def see(self, before: RGB) -> RGB:
        """A picture in the size in which the network is to see it."""
        return before if self._size is None else shrink(before, self._size)

    def render(
        self, picture: Picture, seen: RGB, answer: Answer, progress: Progress | None = None
    ) -> Picture:
        """A picture as the recipe asks for, from what the network saw of it and what it made.

        `answer` is written over where the network saw the picture itself.

        Raises: PictureError if the mask has other proportions, or if there is too little memory;
        StoppedError.
        """
        with _refusing_too_large():
            rgb = self._combine(picture.rgb, seen, answer, progress or Progress())
        translated = replace(picture, rgb=rgb, metadata=self._tell(picture.metadata))
        background = self._recipe.background
        return translated if background is None else translated.flattened(background)

    def _combine(self, before: RGB, seen: RGB, answer: Answer, progress: Progress) -> RGB:
        recipe = self._recipe
        size = before.shape[:2]
        after = answer.rgb
        mask: Feathered | Weight | None = _fit(self._mask, *size) if self._mask else answer.mask
        if seen is before and mask is None and recipe.strength == 1 and not recipe.keep_colors:
            return after
        is_transfer = self._keeps_detail and seen is not before
        made = Enlarged(after.astype(np.float32) - seen if is_transfer else after, size)
        own = Enlarged(mask, size) if isinstance(mask, np.ndarray) else None
        result = after if seen is before else np.empty_like(before)
        for rows in strips(size[0], min(_ROWS, max(1, _STRIP // size[1]))):
            progress.advance(rows.start, size[0])
            old, new = before[rows], made.read(rows)
            if is_transfer:
                new += old
            np.clip(new, 0, 255, out=new)
            if recipe.keep_colors:
                new = with_colours_of(old, new)
            share: float | Weight = 1
            if isinstance(mask, Feathered):
                share = mask.weight(rows)
            elif own:
                share = np.clip(own.read(rows), 0, 1)
            result[rows] = mix(old, new, recipe.strength * share)
        return result

    def _tell(self, metadata: Metadata) -> Metadata:
        """What the file of a translation says, its model included."""
        if self._recipe.strip_gps:
            metadata = metadata.without_place()
        return replace(metadata, software=self._signature).kept(self._recipe.metadata)


class Renderer(Finisher):
    """Translates pictures by one model and one recipe; any number of threads may share it."""

    def __init__(self, translator: Translator, recipe: Recipe) -> None:
        """Raises: PictureError if the mask cannot be read; InputError if the model has none."""
        super().__init__(translator.card, recipe)
        self._translator = translator

    def __call__(self, picture: Picture, progress: Progress | None = None) -> Picture:
        """The translation of a picture, of the same size.

        Raises: ModelError; PictureError if the mask has other proportions than the picture, or if
        there is too little memory; StoppedError if `progress` was stopped.
        """
        seen = self.see(picture.rgb)
        return self.render(picture, seen, self.ask(seen, progress), progress)

    def ask(self, seen: RGB, progress: Progress | None = None) -> Answer:
        """What the network makes of what it sees.

        Raises: ModelError; PictureError if there is too little memory; StoppedError.
        """
        started = time.perf_counter()
        mask = None
        with _refusing_too_large():
            if self._recipe.mask == "model":
                after, own = self._translator.run_with_mask(seen, progress)
                mask = np.clip(np.divide(own, _CLEARLY, out=own), 0, 1, out=own)[..., None]
            else:
                after = self._translator.translate(Picture(seen), progress).rgb
        height, width = seen.shape[:2]
        if max(height, width) == seen_size(self._card, "auto"):
            self._translator.note(Pace(time.perf_counter() - started, width, height))
        return Answer(after, mask)


@contextmanager
def _refusing_too_large() -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise PictureError(
            "the picture needs more memory than there is; make it smaller"
        ) from error


def _load_grey(path: Path) -> Image.Image:
    """The picture of a mask; what is transparent is black. Raises: PictureError."""
    return Image.fromarray(load_picture(path).flattened((0, 0, 0)).rgb).convert("L")


def _fit(grey: Image.Image, height: int, width: int) -> Feathered:
    """The mask for a picture of that size. Raises: PictureError if it has another shape."""
    if abs(grey.width * height - grey.height * width) > max(height, width, *grey.size):
        raise PictureError(
            f"the mask has {grey.width} x {grey.height} pixels, the picture {width} x {height}; "
            "both must have the same proportions"
        )
    return feather(np.asarray(grey.resize((width, height), Image.Resampling.BILINEAR)))
