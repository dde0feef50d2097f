"""From a file and what was found out about it to a model with its card in a folder.

What is found out how is in probing.py.
"""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from app.example import pair, save_pair
from app.foreign.anatomy import Anatomy, read_anatomy
from app.foreign.probing import Guess, Network, Shape, describe_range, find_shape, guess_range
from app.recipe import Recipe
from app.rendering import Renderer
from app.translator import Translator
from cyclegan.contract.card import SCHEMA_VERSION, FixedSize, ModelCard, require_model_name
from cyclegan.contract.errors import InputError, ModelError
from cyclegan.contract.files import atomic_write, sha256_of
from cyclegan.contract.images import load_picture
from cyclegan.contract.pixels import RGB, Range

# They may be shown: see LICENCES.md there. The last one is the card's example.
PHOTOS = [
    Path(__file__).parents[1] / "web" / "examples" / name
    for name in ("coffee.jpg", "cat.jpg", "astronaut.jpg")
]
Larger = Literal["tile", "resize"]


@dataclass(frozen=True)
class Words:
    """What a card is to say that no file tells; None: something plain."""

    title: str | None = None
    description: str | None = None
    source: str | None = None
    target: str | None = None
    licence: str | None = None


@dataclass(frozen=True)
class Proposal:
    """A card for a file, and what a person decides by whether it is right."""

    model: Path
    card: ModelCard
    findings: tuple[str, ...]  # one sentence each
    pairs: tuple[RGB, ...]  # a photo and its translation, side by side

    def save_sheet(self, path: Path) -> None:
        """Write all pairs as one JPEG. Raises: StorageError."""
        width = max(pair.shape[1] for pair in self.pairs)
        rows = [
            np.pad(pair, ((0, 4), (0, width - pair.shape[1]), (0, 0)), constant_values=255)
            for pair in self.pairs
        ]
        save_pair(np.concatenate(rows), path)


def propose(
    model: Path,
    name: str,
    words: Words,
    *,
    larger: Larger = "resize",
    value_range: Range | None = None,
) -> Proposal:
    """Find out how a network wants its pictures, and translate some as the card would say.

    Args:
        model: an ONNX file of any origin.
        name: of the model, also its files' stem.
        words: for the card.
        larger: what becomes of larger pictures where the network takes one size alone.
        value_range: of its values, where a person knows it better.

    Raises: InputError: `name` cannot be part of a file name; ModelError: the file is no network
    that makes a picture of a picture, or needs more than ONNX Runtime and itself.
    """
    require_model_name(name)
    if not model.is_file():
        trouble = "is not a file" if model.exists() else "does not exist"
        raise ModelError(f"{model} {trouble}; give an ONNX file")
    anatomy = read_anatomy(model)
    _require_whole(model, anatomy)
    photos = [load_picture(path) for path in PHOTOS]
    try:
        network = Network(model)
        shape = find_shape(network)
        guess = (
            Guess(value_range, "")
            if value_range
            else guess_range(network, shape, [photo.rgb for photo in photos])
        )
    except ModelError as error:
        raise ModelError(f"{model.name} cannot be added: {error}") from error
    card = _make_card(model, name, words, anatomy, shape, guess.value_range, larger)
    render = Renderer(Translator(model, card), Recipe())
    pairs = tuple(pair(photo, render) for photo in photos)
    return Proposal(model, card, tuple(_tell(card, guess)), pairs)


def add(proposal: Proposal, folder: Path) -> ModelCard:
    """Put a model, its card and an example of what it does into a folder; return the card.

    A file that lies there already under the model's name stays as it is.

    Raises: InputError: the folder has another model of that name; StorageError.
    """
    card = proposal.card
    model, path = folder / card.file, folder / f"{card.name}.json"
    is_there = model.exists() and model.samefile(proposal.model)
    if path.exists() or (model.exists() and not is_there):
        raise InputError(f'{folder} has a model "{card.name}" already; give another name')
    assert card.example, "every proposal has one"
    try:
        save_pair(proposal.pairs[-1], folder / card.example)
        if not is_there:
            with atomic_write(model) as temporary:
                shutil.copyfile(proposal.model, temporary)
        card.write(path)
    except BaseException:  # a full disk; what is left would be in the way of the same command
        for made in (folder / card.example, *(() if is_there else (model,))):
            with suppress(OSError):
                made.unlink()
        raise
    return card


def _require_whole(model: Path, anatomy: Anatomy) -> None:
    """Raise ModelError where a file alone is not enough to run it."""
    if anatomy.has_external_data:
        raise ModelError(
            f"{model.name} keeps weights in other files (external data); expected one file: save "
            "it anew with onnx.save(onnx.load(FILE), FILE)"
        )
    if anatomy.custom:
        raise ModelError(
            f"{model.name} uses operators that ONNX Runtime does not have: "
            f"{', '.join(anatomy.custom)}; export it without them"
        )


def _make_card(
    model: Path,
    name: str,
    words: Words,
    anatomy: Anatomy,
    shape: Shape,
    value_range: Range,
    larger: Larger,
) -> ModelCard:
    return ModelCard(
        schema_version=SCHEMA_VERSION,
        name=name,
        title=words.title or name,
        description=words.description or "Made elsewhere; nobody has described it yet.",
        source_domain=words.source or "photo",
        target_domain=words.target or name,
        input_name=shape.input_name,
        output_name=shape.output_name,
        layout=shape.layout,
        value_range=value_range,
        size_multiple=shape.multiple,
        border=0,
        training_size=None,
        file=f"{name}.onnx",
        sha256=sha256_of(model),
        bytes=model.stat().st_size,
        opset=anatomy.opset,
        precision=anatomy.precision,
        architecture=None,
        training=None,
        licence=words.licence or "not stated; ask who made it",
        metrics=(),
        parity=None,
        known_limits=(),
        reverse=None,
        tensor_type=shape.tensor_type,
        fixed_size=FixedSize(*shape.fixed, larger) if shape.fixed else None,
        example=f"{name}.example.jpg",
    )


def _tell(card: ModelCard, guess: Guess) -> Sequence[str]:
    """What was found, for a person to confirm."""
    order = "channels first" if card.layout == "NCHW" else "channels last"
    findings = [
        f"It takes one picture as {card.layout} ({order}), in {card.tensor_type}.",
        f"Black to white is {describe_range(card.value_range)}"
        + (f"; {guess.doubt}, so look at the colours." if guess.doubt else "."),
    ]
    if fixed := card.fixed_size:
        size = f"It takes {fixed.width} x {fixed.height} pixels and no other size"
        ways = {
            "resize": "larger pictures are made smaller for it (--size-policy tile cuts them up)",
            "tile": "larger pictures are cut up for it (--size-policy resize makes them smaller)",
        }
        findings.append(f"{size}; {ways[fixed.larger]}.")
    elif card.size_multiple == 1:
        findings.append("It takes pictures of any size.")
    else:
        findings.append(f"It takes sides that are multiples of {card.size_multiple} pixels.")
    return findings
