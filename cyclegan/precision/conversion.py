"""From an fp32 model and its card to those of another precision, and what may be lost on the way.

How a graph gets its precision is in `int8.py` and `fp16.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from cyclegan.contract.card import Fidelity, Metric, ModelCard, require_model_name
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import (
    CardError,
    DatasetError,
    ExportError,
    InputError,
    ModelError,
    brief,
)
from cyclegan.contract.files import atomic_write, sha256_of
from cyclegan.contract.pixels import to_network
from cyclegan.contract.walk import spread
from cyclegan.domains import list_domain
from cyclegan.evaluate import direction_of, evaluate
from cyclegan.graph import Pixels, clean_up
from cyclegan.precision.fp16 import halve
from cyclegan.precision.int8 import quantize
from cyclegan.precision.judge import Judge
from cyclegan.precision.tuning import TUNING_IMAGES, Lesson
from cyclegan.squares import in_strong_colours, load_squares

Precision = Literal["fp16", "int8"]

MIN_CALIBRATION_PICTURES = 16  # that can be read
JUDGED_EVERY = 5  # one picture of so many is there to judge by, the model learns from the others
MAX_JUDGED, MAX_CALIBRATING = 16, 64  # of these and those
MAX_PICTURES = MAX_JUDGED + MAX_CALIBRATING
MAX_LEARNED_FROM = 400  # in place of that, where it learns

MIN_PSNR_DB = 35.0
MAX_KID_LOSS = 1.0  # x100


def convert(
    source: Path,
    precision: Precision,
    name: str,
    out: Path,
    *,
    calibrate: Path,
    data: Path | None = None,
    features: Path | None = None,
    direction: Direction | None = None,
    accept_loss: bool = False,
    tuning_images: int = TUNING_IMAGES,
    on_finding: Callable[[str], None] = lambda _: None,
) -> ModelCard:
    """Write `out/name.onnx` and its card `out/name.json` from a finished fp32 model.

    Args:
        source: the fp32 model, its card beside it; neither is changed.
        name: of the new model, also its files' stem.
        out: folder for both files, made where it is missing.
        calibrate: folder with pictures of the source domain: of five, four set the ranges of int8
            and one is judged by.
        data, features: with both, the KID of both models is measured as `evaluate` does.
        direction: of the model in `data`; unless given, the one that its card tells.
        accept_loss: write the model though it loses more than `refuse_loss` allows.
        tuning_images: crops of the calibration pictures, from which an int8 model learns to answer
            as the fp32 one does; with 0 it does not.
        on_finding: called with a sentence on what takes long and on each loss that was measured.

    Raises:
        InputError: `name` cannot be part of a file name, or is that of `source`.
        CardError: the card of `source` is missing, incomplete or of another file.
        ModelError: `source` is not fp32, or cannot be loaded or converted.
        DatasetError: fewer than `MIN_CALIBRATION_PICTURES` pictures that can be read.
        ExportError: the model loses too much; nothing is written.
        StorageError: a file could not be written.
    """
    target = out / f"{name}.onnx"
    require_model_name(name)
    if target.resolve() == source.resolve():
        raise InputError(f"{source} would be replaced by what is made of it; give another --name")
    card = ModelCard.read(source.with_suffix(".json"))
    card.verify(source)
    model = clean_up(load_fp32(source, card), card.size_multiple)
    if precision == "int8":
        on_finding("converting to int8, which takes a minute or more ...")
    converted, fidelity = change_precision(model, card, precision, calibrate, tuning_images)
    on_finding(f"{fidelity.psnr_db:.1f} dB to fp32 on {fidelity.pictures}")
    refuse_loss(fidelity, accept_loss)
    # Both are complete before either is renamed into its place, the model first.
    with atomic_write(out / f"{name}.json") as card_file, atomic_write(target) as model_file:
        model_file.write_bytes(converted.SerializeToString())
        metrics: tuple[Metric, ...] = ()
        if data and features:
            before, metrics = (
                evaluate(
                    each, card, data, direction or direction_of(card), features=features
                ).metrics
                for each in (source, model_file)
            )
            kids = [kid_of(each) for each in (before, metrics)]
            fidelity = replace(fidelity, kid_fp32=kids[0], kid=kids[1])
            on_finding(f"KID x100 {kids[1]:.2f}, of the fp32 model {kids[0]:.2f}")
            refuse_loss(fidelity, accept_loss)
        made = replace(
            card,
            name=name,
            file=target.name,
            sha256=sha256_of(model_file),
            bytes=model_file.stat().st_size,
            precision=precision,
            metrics=metrics,
            fidelity=fidelity,
        )
        made.write(card_file)
    return made


def load_fp32(source: Path, card: ModelCard) -> onnx.ModelProto:
    """Load a model that computes in float32 alone. Raises ModelError."""
    try:
        model = onnx.load(source)
    except Exception as error:  # its exceptions share no base class
        raise ModelError(f"{source} cannot be loaded: {brief(error)}") from error
    found = {TensorProto.DataType.Name(each.data_type) for each in model.graph.initializer}
    if card.training is None:
        raise ModelError(
            f"{source} was made elsewhere; expected a model that `cyclegan export` made"
        )
    if card.precision != "fp32" or found & {"FLOAT16", "BFLOAT16", "INT8", "UINT8"}:
        raise ModelError(
            f"{source} is {card.precision} by its card and has weights of "
            f"{', '.join(sorted(found)) or 'no type'}; expected a model in fp32: give the one that "
            "it was made from"
        )
    return model


def change_precision(
    model: onnx.ModelProto,
    card: ModelCard,
    precision: Precision,
    calibrate: Path,
    tuning_images: int,
) -> tuple[onnx.ModelProto, Fidelity]:
    """Return a model in another precision, and what that costs in pixels.

    Raises DatasetError: too few pictures. ModelError: it cannot be converted.
    """
    size = picture_size(card)
    remedy = f"add some of {card.source_domain}"
    paths = list_domain(calibrate, MIN_CALIBRATION_PICTURES, remedy)
    learns = precision == "int8" and tuning_images > 0
    count = MAX_LEARNED_FROM if learns else MAX_PICTURES
    squares = load_squares(paths, count, size, "calibrating")
    if len(squares) < MIN_CALIBRATION_PICTURES:
        raise DatasetError(
            f"{calibrate}: {len(squares)} pictures can be used, expected at least "
            f"{MIN_CALIBRATION_PICTURES}; {remedy}"
        )
    # A model is shown photos of anything. What a range cuts off of a colour comes back as another:
    # calibrated without these, horse2zebra turned grass in the sun pale.
    learning = [each for place, each in enumerate(squares) if place % JUDGED_EVERY]
    judged = _as_they_are_and_in_strong_colours(spread(squares[::JUDGED_EVERY], MAX_JUDGED))
    calibrating = _as_they_are_and_in_strong_colours(spread(learning, MAX_CALIBRATING))
    judge = Judge(model, card, judged)
    try:
        kept: tuple[str, ...] = ()
        has_learned = False
        if precision == "fp16":
            converted = halve(model)
        else:
            converted, kept, has_learned = quantize(
                model,
                calibrating,
                judge.psnr_db,
                Lesson(learning, tuning_images, card.size_multiple) if learns else None,
            )
        onnx.checker.check_model(converted)
        psnr_db = judge.psnr_db(converted)
    except Exception as error:  # those of ONNX Runtime share no base class
        raise ModelError(f"{card.name} cannot be written as {precision}: {brief(error)}") from error
    of_these = (
        f"of {calibrate.resolve().name}, middle squares of {size} pixels, as they are and in "
        "strong colours"
    )
    fidelity = Fidelity(
        source=card.name,
        source_sha256=card.sha256,
        psnr_db=round(psnr_db, 2),
        pictures=f"{len(judged) // 2} pictures {of_these}",
        calibration=(
            f"static, on {len(calibrating) // 2} other pictures {of_these}"
            + f"; learned from {tuning_images} crops of {len(learning)} pictures" * has_learned
            if precision == "int8"
            else None
        ),
        float_layers=kept,
        kid_fp32=None,
        kid=None,
    )
    return converted, fidelity


def _as_they_are_and_in_strong_colours(squares: Iterable[NDArray[np.uint8]]) -> list[Pixels]:
    pairs = ((each, in_strong_colours(each, place)) for place, each in enumerate(squares))
    return list(map(to_network, chain.from_iterable(pairs)))


def picture_size(card: ModelCard) -> int:
    """Side in pixels of the squares to calibrate on: the largest that the model learned from.

    Raises CardError: the card does not say it.
    """
    assert card.training, "a model of ours, see load_fp32"
    largest = card.training.config.get("load_size_max")
    side = largest if isinstance(largest, int) else card.training_size
    if not side:
        raise CardError(f"the card of {card.name} has no training_size; export the model again")
    return max(side // card.size_multiple, 1) * card.size_multiple


def kid_of(metrics: tuple[Metric, ...]) -> float:
    """Return the KID among metrics, x100."""
    return next(metric.value for metric in metrics if metric.name == "KID")


def refuse_loss(fidelity: Fidelity, is_accepted: bool) -> None:
    """Raise ExportError: a model lost more than `MIN_PSNR_DB` or `MAX_KID_LOSS` allow."""
    if is_accepted:
        return
    remedy = "nothing was written; --accept-loss writes it nevertheless"
    if not fidelity.psnr_db >= MIN_PSNR_DB:  # which is no number where an answer is none
        raise ExportError(
            f"the model is {fidelity.psnr_db:.1f} dB from the fp32 one, at least {MIN_PSNR_DB:g} "
            f"are expected; {remedy}"
        )
    if fidelity.kid is None or fidelity.kid_fp32 is None:
        return
    if fidelity.kid - fidelity.kid_fp32 > MAX_KID_LOSS:
        raise ExportError(
            f"KID x100 rises from {fidelity.kid_fp32:.2f} to {fidelity.kid:.2f}, by at most "
            f"{MAX_KID_LOSS:g} is allowed; {remedy}"
        )
