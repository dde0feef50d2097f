"""Finished models of ours, as weights that a new run starts from: the ONNX file and its card."""

import dataclasses
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from cyclegan.config import TrainConfig
from cyclegan.contract.card import ModelCard
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import CardError, CheckpointError, ConfigError, InputError
from cyclegan.domains import GENERATOR_OF
from cyclegan.evaluate import direction_of
from cyclegan.graph import undo_gathering
from cyclegan.importer.reading import (
    BEHIND,
    NETWORKS,
    Fact,
    Imported,
    origin_of,
    said_of_depth,
    what_stays_behind,
    with_depth,
    with_networks,
)
from cyclegan.networks import blocks_of, generator_from
from cyclegan.plain import PlainGenerator

_OURS = "generator"  # what the settings begin with that a model has a part in
_QUANTIZED = "_quantized"  # what ONNX Runtime's quantizer adds to a weight's name


def read_model(path: Path, settings: Mapping[str, Any]) -> Imported:
    """Read the generator of a model, and of the model that goes back if it lies beside it.

    Args:
        path: an ONNX file of ours, its card beside it.
        settings: of TrainConfig, as the new run is told.

    Raises:
        CardError: no card, or the file is not the one that it describes.
        CheckpointError: the model does not hold the weights of the network that its card names.
        ConfigError: a setting contradicts the card; names the key.
    """
    card = _read_card(path)
    chosen = {key: value for key, value in settings.items() if key.startswith(_OURS)}
    theirs = _config_of(card)
    config = with_networks(theirs, chosen)
    there = _direction_of(card)
    found = {GENERATOR_OF[there]: (path, card)}
    back = path.with_name(f"{card.reverse}.onnx")
    if card.reverse and back.exists():
        other = _read_card(back)
        if other.architecture == card.architecture:
            found[GENERATOR_OF["BtoA" if there == "AtoB" else "AtoB"]] = (back, other)
    weights = {
        name: with_depth(file, _weights_of(file, theirs), theirs, config)
        for name, (file, _) in found.items()
    }
    less = said_of_depth(theirs, config)
    report = [
        Fact(name, _said_of(found[name][1]) + less, found[name][0].name)
        if name in found
        else Fact(name, "starts anew: not there", "")
        for name in NETWORKS
    ]
    if card.training:
        report += what_stays_behind(card.training.config, settings, path.name)
    return Imported(config.replace(init_from=origin_of(path)), weights, tuple(report))


def read_shallower(path: Path, direction: Direction, settings: Mapping[str, Any]) -> Imported:
    """Read a plain generator for a run of one direction, with half of its blocks unless told.

    Args:
        path: as `read_model` takes it.
        direction: of the run, whose two domains may be called otherwise than the model's.
        settings: as `read_model` takes them; what is not among them is as the model learned with.

    Raises:
        CardError, ConfigError: as `read_model` does.
        CheckpointError: so too, and where it is no plain generator.
    """
    card = _read_card(path)
    theirs = _config_of(card)
    if theirs.generator != "plain":
        raise CheckpointError(
            f"{card.name} is a {theirs.generator}, and a student that takes over layers needs a "
            "plain teacher; take --student small"
        )
    assert card.training is not None, "its config came from there"
    kept = {key: value for key, value in card.training.config.items() if key in BEHIND}
    blocks = max(2 ** (theirs.generator_levels - 1), blocks_of(theirs) // 2)
    asked = {"generator_blocks": blocks, **kept, **settings}
    found = read_model(path, asked)
    there, name = GENERATOR_OF[_direction_of(card)], GENERATOR_OF[direction]
    weights = found.weights[there]  # the way back may lie beside it: an earlier teacher of the run
    (taken,) = (fact for fact in found.report if fact.what == there)
    config = found.config.replace(**{key: asked[key] for key in BEHIND if key in asked})
    return replace(
        found, config=config, weights={name: weights}, report=(replace(taken, what=name),)
    )


def read_plain_generator(path: Path) -> PlainGenerator:
    """Build the network of a plain model of ours, with its weights, border and mask.

    Raises CheckpointError: it is another one, or was made elsewhere. CardError: as `read_model`.
    """
    card = _read_card(path)
    found = read_model(path, {})
    assert card.training is not None, "its config came from there"
    kept = {key: value for key, value in card.training.config.items() if key in BEHIND}
    generator = generator_from(found.config.replace(**kept))
    if not isinstance(generator, PlainGenerator):
        raise CheckpointError(f"{card.name} is a {found.config.generator}, expected a plain one")
    generator.load_state_dict(found.weights[GENERATOR_OF[_direction_of(card)]])
    return generator.eval()


def _read_card(path: Path) -> ModelCard:
    if not path.exists():
        raise CheckpointError(f"{path} does not exist; give the ONNX file of a model of ours")
    card = ModelCard.read(path.with_suffix(".json"))
    if card.file != path.name:
        raise CardError(f"{path.with_suffix('.json')} is the card of {card.file}; rename one")
    card.verify(path)
    return card


def _said_of(card: ModelCard) -> str:
    rounded = "" if card.precision == "fp32" else f", rounded to {card.precision}"
    return f"from {card.name}{rounded}"


def _config_of(card: ModelCard) -> TrainConfig:
    """Return what the card says of the generators, over the defaults: a model has no others."""
    if card.training is None or card.architecture is None:
        raise CheckpointError(
            f"{card.name} was made elsewhere and its card does not say which network it is; start "
            "from a model that `cyclegan export` made"
        )
    known = {each.name for each in dataclasses.fields(TrainConfig) if each.name.startswith(_OURS)}
    trained = {k: v for k, v in card.training.config.items() if k in known}
    options = {f"generator_{key}": value for key, value in card.architecture.options.items()}
    try:
        return TrainConfig().replace(**trained | {"generator": card.architecture.name} | options)
    except ConfigError as error:
        raise CheckpointError(f"the card of {card.name}: {error}") from error


def _direction_of(card: ModelCard) -> Direction:
    try:
        return direction_of(card)
    except InputError:
        return "AtoB"  # then its source is what the new run calls A


def _weights_of(path: Path, config: TrainConfig) -> dict[str, Tensor]:
    """Take a generator's weights out of a graph, where they go by the names that ours have.

    Rounded ones become float32 again: what a training moves them by soon is more than the rounding.
    """
    graph = onnx.load(path).graph
    stored = _arrays_of(graph)
    with torch.device("meta"):  # for its layout alone
        wanted = generator_from(config).state_dict()
    weights: dict[str, Tensor] = {}
    for name, tensor in wanted.items():
        if name not in stored or stored[name].shape != tensor.shape:
            raise CheckpointError(
                f"{path}: has no {name} of shape {list(tensor.shape)}, as a {config.generator} of "
                "its card would; start from its run"
            )
        is_first = not weights  # the convolution that sees the picture
        values = undo_gathering(graph, stored[name]) if is_first else stored[name]
        weights[name] = torch.from_numpy(values.astype(np.float32))
    return weights


def _arrays_of(graph: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    """A graph's constants by name; those of int8, with their scales, by the name that they had."""
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and arrays.keys() >= set(node.input):
            values, scale, zero = (arrays[name] for name in node.input)
            # One scale for each output channel, which is a weight's first axis, or one for all.
            scale, zero = (each.reshape(-1, *[1] * (values.ndim - 1)) for each in (scale, zero))
            arrays[node.input[0].removesuffix(_QUANTIZED)] = (values - zero.astype(int)) * scale
    return arrays
