"""What the checkpoints of a run make of the same pictures, side by side.

As people would see it under Photo: by models of the checkpoints, in this process.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.effects import shrink
from app.recipe import Recipe
from app.rendering import Renderer
from app.store import Store
from app.trainings.checkpoints import Checkpoint, find_checkpoints
from app.trainings.standing import Training
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import PictureError
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.walk import find_pictures, spread

EXAMPLES = 3
SIDE = 512  # pixels, of what is shown


@dataclass(frozen=True)
class Candidate:
    """A checkpoint among those that are compared."""

    checkpoint: Checkpoint
    images_seen: int  # by its weights
    translations: Sequence[Picture]  # of the pictures that all get


@dataclass(frozen=True)
class Comparison:
    """Pictures, and what each candidate makes of them."""

    pictures: Sequence[Picture]
    candidates: Sequence[Candidate]


def compare(training: Training, direction: Direction, own: Picture | None) -> Comparison:
    """Have every checkpoint translate somebody's own picture, and some that are held out.

    The first time takes a minute, for models are made of the checkpoints.

    Raises: InputError in the words of `cyclegan export`; ModelError.
    """
    pictures = [*([_shrink(own)] if own else []), *_examples(training, direction)]
    return Comparison(
        pictures, [_try(each, pictures) for each in find_checkpoints(training, direction)]
    )


def _try(checkpoint: Checkpoint, pictures: Sequence[Picture]) -> Candidate:
    model = checkpoint.to_model()
    translator = Store(model.parent).load(model.stem)
    assert translator.card.training, "a model that was exported says what it learned from"
    render = Renderer(translator, Recipe())
    seen = translator.card.training.images_seen
    return Candidate(checkpoint, seen, [render(picture) for picture in pictures])


def _examples(training: Training, direction: Direction) -> Iterator[Picture]:
    """Pictures that the run does not learn from; where it has none, some that it does."""
    config, kind = training.config, direction[0].lower()
    paths = find_pictures(Path(config[f"test_{kind}"] or config[f"domain_{kind}"]), recursive=True)
    for path in spread(paths, EXAMPLES):
        with suppress(PictureError):  # the training says which those are
            yield _shrink(load_picture(path))


def _shrink(picture: Picture) -> Picture:
    return Picture(shrink(picture.rgb, SIDE))
