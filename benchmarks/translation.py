"""How long a picture takes: every bundled model and architecture size, beside the reference."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from app.translator import Translator
from benchmarks.timing import milliseconds
from cyclegan.contract.card import Architecture, ModelCard
from cyclegan.contract.files import sha256_of
from cyclegan.contract.images import Picture
from cyclegan.export import write_onnx
from cyclegan.fields import PLAIN_SIZES
from cyclegan.layers import GeneratorOptions
from cyclegan.networks import build_generator
from cyclegan.plain import PlainGenerator

REFERENCE = "reference generator"
PEAK_SIZE = (1, 256, 64, 64)  # of the input of the convolution that the machine is best at


def convolution_peak(rounds: int) -> float:
    """Measure what this machine's convolutions reach, 3x3 in float32: GFLOP/s."""
    x = torch.rand(PEAK_SIZE).to(memory_format=torch.channels_last)
    weight = torch.rand(256, 256, 3, 3).to(memory_format=torch.channels_last)
    with torch.no_grad():
        times = milliseconds({"peak": lambda: F.conv2d(x, weight, padding=1)}, 4 * rounds)
    return 2 * 9 * 256 * x.numel() / times["peak"] / 1e6


def make_architectures(folder: Path, card: ModelCard) -> Iterator[Translator]:
    """Export a plain generator of every size, weights as they come, to be run as the app does.

    Args:
        folder: for the models. card: of any model; what does not fit is replaced.
    """
    for size, (width, blocks) in PLAIN_SIZES.items():
        for levels in (1, 2, 3):
            network = PlainGenerator(width, blocks, levels).eval()
            name = f"plain-{size}" + f"-{levels}-levels" * (levels > 1)
            model = folder / f"{name}.onnx"
            write_onnx(network, model)
            options = {"width": width, "blocks": blocks, "levels": levels}
            made = replace(
                card,
                name=name,
                file=model.name,
                sha256=sha256_of(model),
                bytes=model.stat().st_size,
                precision="fp32",
                fidelity=None,
                architecture=Architecture("plain", options, parameters=0),
                size_multiple=network.size_multiple,
                tiling="exact",
                mask_name=None,
                receptive_field=network.receptive_field,
                metrics=(),
            )
            yield Translator(model, made)


def measure(
    translators: Sequence[Translator],
    reference: nn.Module,
    sizes: Sequence[int],
    rounds: int,
    peak: float,
) -> Iterator[dict[str, Any]]:
    """One row a size and model: ms for one square picture, and how often it fits the reference's.

    The models do all that the app does (8 bits to float, padding, network, cropping, back to 8
    bits); the reference is its network alone, in its favour. GFLOP are those of the convolutions
    on the picture as it was padded.

    Args:
        peak: of `convolution_peak`, in the same run.
    """
    reference = reference.eval().requires_grad_(False)
    cards = {translator.card.name: translator.card for translator in translators}
    for size in sizes:
        rgb = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
        picture, tensor = Picture(rgb), torch.rand(1, 3, size, size) * 2 - 1
        contestants: dict[str, Callable[[], object]] = {REFERENCE: lambda x=tensor: reference(x)}
        for translator in translators:
            contestants[translator.card.name] = lambda t=translator, p=picture: t.translate(p)
        gflop = {name: count_gflop(card, size) for name, card in cards.items()}
        gflop[REFERENCE] = _count(reference, size)
        times = milliseconds(contestants, rounds)
        for name, ms in times.items():
            yield {
                "what": name,
                "pixels": size,
                "ms": round(ms, 2),
                "times_as_fast": round(times[REFERENCE] / ms, 2),
                **_describe_speed(gflop[name], ms, peak),
                **_describe_card(cards.get(name)),
            }


def count_gflop(card: ModelCard, size: int) -> float | None:
    """Count the work on a square picture, with its border; None: the card tells too little."""
    options = dict(card.architecture.options)
    if "width" not in options:
        return None
    width, blocks = options.pop("width"), options.pop("blocks", 0)
    network = build_generator(card.architecture.name, width, blocks, GeneratorOptions(**options))
    multiple = card.size_multiple
    return _count(network, -(-(size + 2 * card.border) // multiple) * multiple)


def _count(network: nn.Module, size: int) -> float:
    picture = torch.empty(1, 3, size, size, device="meta")
    with FlopCounterMode(display=False) as counter:
        deepcopy(network).to("meta")(picture)  # shapes alone, nothing is computed
    return counter.get_total_flops() / 1e9


def _describe_speed(gflop: float | None, ms: float, peak: float) -> Mapping[str, Any]:
    if gflop is None:
        return {"GFLOP_a_s": None, "percent_of_peak": None}
    speed = 1000 * gflop / ms
    return {"GFLOP_a_s": round(speed, 1), "percent_of_peak": round(100 * speed / peak, 1)}


def _describe_card(card: ModelCard | None) -> Mapping[str, Any]:
    kid = [metric.value for metric in card.metrics if metric.name == "KID"] if card else []
    return {
        "precision": card.precision if card else None,
        "MiB": round(card.bytes / 2**20, 2) if card else None,
        "KID": round(kid[0], 1) if kid else None,
    }
