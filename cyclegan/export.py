"""A checkpoint's generator to an ONNX model and its card; refused where the two would differ.

What a card holds is in `contract/card.py`, what it says of a run in `provenance.py`.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import nn

from cyclegan.contract.card import (
    SCHEMA_VERSION,
    Architecture,
    ModelCard,
    Parity,
    Training,
    require_model_name,
)
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import ExportError
from cyclegan.contract.files import atomic_write, sha256_of
from cyclegan.graph import clean_up, comparison_sizes, noise
from cyclegan.layers import Generator, InstanceNorm
from cyclegan.networks import GENERATORS, count_parameters
from cyclegan.origin import CheckpointName, find_origin, generator_with
from cyclegan.provenance import (
    describe_config,
    describe_options,
    find_licence,
    find_looks,
)
from cyclegan.statistics import STATISTICS_NAMES, open_norms

OPSET = 18
INPUT_NAME, OUTPUT_NAME, MASK_NAME = "picture", "translation", "mask"
PARITY_TOLERANCE = 1e-3 * 2  # 1e-3 of the value range [-1, 1]


def export(
    run: Path,
    direction: Direction,
    name: str,
    out: Path,
    *,
    average: Sequence[Path] = (),
    checkpoint: CheckpointName | None = None,
    on_choice: Callable[[str], None] = lambda _: None,
    title: str | None = None,
    description: str | None = None,
    data: str | None = None,
    licence: str | None = None,
    known_limits: tuple[str, ...] = (),
    reverse: str | None = None,
    default_size: int | None = None,
    default_detail: Literal["transfer", "off"] = ModelCard.default_detail,
    mask_threshold: float | None = None,
) -> ModelCard:
    """Write `out/name.onnx` and its card `out/name.json` from a checkpoint of a run.

    The averaged (EMA) weights are taken. Height and width of the model's input are free, in
    multiples of its `size_multiple`.

    Args:
        run: folder made by `cyclegan train`, or a checkpoint in one.
        direction: which of the two generators.
        name: of the model, also its files' stem.
        out: folder for both files, made where it is missing.
        average: further runs, or checkpoints in them; the model has the mean of all their weights,
            see `find_origin`.
        checkpoint: which one; unless given, see `choose_checkpoint`.
        on_choice: called with a sentence on each that says which one was taken.
        title, description, data, licence: the card's words; made from the run where left out.
        known_limits: sentences for the card.
        reverse: name of the model of the other direction, if it is exported too.
        default_size, default_detail: how apps show it pictures, see `ModelCard`.
        mask_threshold: of a plain generator, in place of the run's own; see `layers.ChangeMask`.

    Raises:
        ConfigError: `mask_threshold` is none, or the generator knows none.
        InputError: `name` cannot be part of a file name; or see `find_origin`.
        CheckpointError: no checkpoint of ours in `run`, or its generator and those of the others
            have no mean.
        ExportError: the model differs from the network by more than `PARITY_TOLERANCE`; nothing
            is written.
        StorageError: a file could not be written.
    """
    require_model_name(name)
    origin = find_origin((run, *average), direction, checkpoint, on_choice)
    network, config = origin.network, origin.config
    if mask_threshold is not None:
        config = config.replace(mask_threshold=mask_threshold)
        network = generator_with(network.state_dict(), config)
    source, target = config.names_of(direction)
    model_path = out / f"{name}.onnx"
    # Both are complete before either is renamed into its place, the model first.
    with atomic_write(out / f"{name}.json") as card_file, atomic_write(model_path) as model_file:
        write_onnx(network, model_file)
        parity = measure_parity(network, model_file)
        card = ModelCard(
            schema_version=SCHEMA_VERSION,
            name=name,
            title=title or f"{source[:1].upper()}{source[1:]} to {target}",
            description=description or f"Turns pictures of {source} into pictures of {target}.",
            source_domain=source,
            target_domain=target,
            input_name=INPUT_NAME,
            output_name=OUTPUT_NAME,
            layout="NCHW",
            value_range=(-1.0, 1.0),
            size_multiple=network.size_multiple,
            border=config.border or GENERATORS[config.generator].border,
            training_size=config.crop_size,
            file=model_path.name,
            sha256=sha256_of(model_file),
            bytes=model_file.stat().st_size,
            opset=OPSET,
            precision="fp32",
            architecture=Architecture(
                name=config.generator,
                options=describe_options(config),
                parameters=count_parameters(network),
            ),
            training=Training(
                data=data or origin.data,
                images_seen=origin.images_seen,
                minutes=round(origin.elapsed_s / 60, 1),
                hardware=origin.hardware,
                preset=config.preset,
                seed=config.seed,
                weights="ema",
                checkpoint=origin.checkpoint,
                config=describe_config(config),
                mean_of=origin.parts if len(origin.parts) > 1 else (),
            ),
            licence=licence or find_licence(origin.runs),
            metrics=(),
            parity=parity,
            known_limits=known_limits,
            reverse=reverse,
            mask_name=MASK_NAME if network.has_mask else None,
            tiling="statistics" if has_norms(network) else "exact",
            receptive_field=network.receptive_field,
            statistics_names=STATISTICS_NAMES if is_opened(network) else None,
            looks=find_looks(config, direction),
            default_size=default_size,
            default_detail=default_detail,
        )
        card.write(card_file)
    return card


def answers_of(network: Generator) -> tuple[nn.Module, list[str]]:
    """Return what computes everything that a generator's model answers, and the names of that."""
    if network.has_mask:
        both = copy(network)  # with its weights, under their names
        vars(both)["forward"] = network.with_mask
        return both, [OUTPUT_NAME, MASK_NAME]
    return network, [OUTPUT_NAME]


def has_norms(network: Generator) -> bool:
    """Whether a generator looks at the whole picture, for the statistics of its norms."""
    return any(isinstance(layer, InstanceNorm) for layer in network.modules())


def is_opened(network: Generator) -> bool:
    """Whether a generator's model can be given statistics: it has norms, and tiles of it pay."""
    return has_norms(network) and network.receptive_field is not None


def write_onnx(network: Generator, path: Path) -> None:
    """Write a generator as ONNX, float32 [1, 3, H, W] -> the same, H and W free in its multiple.

    A generator with a mask answers it as well, float32 [1, 1, H, W] in [0, 1]; one with norms
    answers their statistics, and takes them, see `statistics.py`.

    Raises ExportError: the graph that was cleaned up answers otherwise than the one before.
    """
    module, names = answers_of(network)
    multiple = network.size_multiple
    height = torch.export.Dim("height", min=2, max=8192) * multiple
    width = torch.export.Dim("width", min=2, max=8192) * multiple
    cells = max(64 // multiple, 2)  # far from the smallest size, at which shapes would be fixed
    example = torch.zeros(1, 3, cells * multiple, cells * 3 // 2 * multiple)
    with warnings.catch_warnings():
        # The exporter warns about its own use of deprecated parts of PyTorch.
        warnings.simplefilter("ignore", category=DeprecationWarning)
        warnings.simplefilter("ignore", category=FutureWarning)
        program = torch.onnx.export(
            module,
            (example,),
            dynamo=True,
            dynamic_shapes=({2: height, 3: width},),
            input_names=[INPUT_NAME],
            output_names=names,
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None, "torch.onnx.export answers a program when dynamo is on"
    model = clean_up(program.model_proto, multiple)
    if is_opened(network):
        open_norms(model)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


@torch.no_grad()
def measure_parity(network: Generator, path: Path) -> Parity:
    """Compare a model with its network on fixed noise of several sizes, one of them not square.

    Every output counts. Raises ExportError: the difference exceeds `PARITY_TOLERANCE` at any pixel,
    or is no number.
    """
    module, names = answers_of(network)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst = 0.0
    for picture in noise(network.size_multiple):
        answers = module(torch.from_numpy(picture))
        wanted = answers if isinstance(answers, tuple) else (answers,)
        found = session.run(names, {INPUT_NAME: picture})
        for ours, theirs in zip(found, wanted, strict=True):
            error = float(np.abs(ours - theirs.numpy()).max())
            worst = error if math.isnan(error) else max(worst, error)
        if not worst <= PARITY_TOLERANCE:
            height, width = picture.shape[2:]
            raise ExportError(
                f"the exported model differs from the network by {worst:.2g} at {height} x "
                f"{width} pixels, at most {PARITY_TOLERANCE:g} is allowed; nothing was written"
            )
    sizes = comparison_sizes(network.size_multiple)
    return Parity(max_abs_error=worst, tolerance=PARITY_TOLERANCE, sizes=sizes)
