"""What a network takes and answers, found by running it on small pictures.

Layout and size come from what it accepts, the value range from what it makes of a photo. Which
photos those are is not known here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from app.devices import count_cpus
from app.effects import Numbers
from cyclegan.contract.card import VALUE_RANGES
from cyclegan.contract.errors import ModelError, brief
from cyclegan.contract.images import MAX_PIXELS
from cyclegan.contract.pixels import RGB, Layout, Range, to_network

TensorType = Literal["float32", "float16", "uint8"]

MULTIPLES = (1, 2, 4, 8, 16, 32, 64, 128, 256)  # of sides, tried in this order
_TYPES: dict[str, TensorType] = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
}
_SIDE = 128  # pixels, of the pictures that tell a range
_SLACK = 0.02  # how far beyond its range a network may answer that keeps to it
_CLEARLY = 0.1  # by how much one range must be likelier than another
# How far an answer may be from a picture in its range. Networks that take 0 to 255 and answer 0 to
# 1, or the other way round, are 0.5 and 0.9 away; those that are right were at most 0.4.
_HARDLY = 0.45

Answer = NDArray[np.generic]


@dataclass(frozen=True)
class Shape:
    """What a network takes, whatever its values mean."""

    input_name: str
    output_name: str
    layout: Layout
    tensor_type: TensorType
    fixed: tuple[int, int] | None  # height and width in pixels, where it takes no others
    multiple: int  # of height and width in pixels; 1 where they are fixed


@dataclass(frozen=True)
class Guess:
    """A value range, and what speaks against it in a sentence, or ""."""

    value_range: Range
    doubt: str


class Network:
    """An ONNX file that runs, with one input. Raises: ModelError if it is no such file."""

    def __init__(self, model: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = count_cpus()
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions share no base class
            raise ModelError(f"it cannot be loaded: {brief(error)}") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            names = ", ".join(each.name for each in inputs) or "none"
            raise ModelError(f"it has {len(inputs)} inputs ({names}); expected one, the picture")
        self.name, self.type = inputs[0].name, inputs[0].type
        self.dimensions: list[int | str | None] = inputs[0].shape
        self.outputs = [each.name for each in self._session.get_outputs()]

    def answer(self, picture: Answer) -> dict[str, Answer]:
        """All outputs by name. Raises: ModelError: networks refuse sizes in their own ways."""
        try:
            answers = self._session.run(self.outputs, {self.name: picture})
        except Exception as error:
            raise ModelError(
                f"it cannot be run on {list(picture.shape)}: {brief(error)}"
            ) from error
        return dict(zip(self.outputs, answers, strict=True))


def find_shape(network: Network) -> Shape:
    """Find what a network takes. Raises: ModelError: nothing that a picture could be made into."""
    if network.type not in _TYPES:
        raise ModelError(f"it takes a {network.type}; expected one of {', '.join(_TYPES)}")
    said = network.dimensions
    batch = said[0] if said else None
    if len(said) != 4 or (isinstance(batch, int) and batch != 1):
        raise ModelError(f"it takes a tensor of shape {_show(said)}; expected one picture")
    both: tuple[Layout, ...] = ("NCHW", "NHWC")
    channels = {layout: said[layout.index("C")] for layout in both}
    is_told = any(isinstance(each, int) for each in channels.values())
    layouts = [layout for layout in both if channels[layout] == 3 or not is_told]
    if not layouts:
        raise ModelError(f"it takes {_show(said)}; expected three channels, of red, green and blue")
    refusals: dict[Layout, ModelError] = {}
    for layout in layouts:
        sides = [said[layout.index(axis)] for axis in "HW"]
        known = [side for side in sides if isinstance(side, int)]
        fixed = (known[0], known[-1]) if known else None
        if fixed and fixed[0] * fixed[1] > MAX_PIXELS:  # which would take hours, and all memory
            raise ModelError(
                f"it takes {fixed[1]} x {fixed[0]} pixels and no other size; "
                f"expected {MAX_PIXELS / 1e6:g} megapixels at most"
            )
        for multiple in (1,) if fixed else MULTIPLES:
            sizes = [fixed] if fixed else _sizes(multiple)
            try:
                names = [_find_output(network, layout, size) for size in sizes]
            except ModelError as error:
                refusals[layout] = error
                continue
            tensor_type = _TYPES[network.type]
            return Shape(network.name, names[-1], layout, tensor_type, fixed, multiple)
    raise refusals[layouts[0]]


def _sizes(multiple: int) -> list[tuple[int, int]]:
    """Heights and widths that are multiples of a number, and no more than that.

    The first is the least that any picture is padded to, the second is no square.
    """
    return [
        (multiple, multiple),
        (multiple * (37 // multiple | 1), multiple * max(3, 83 // multiple | 1)),
    ]


def _find_output(network: Network, layout: Layout, size: tuple[int, int]) -> str:
    """The output that is a picture of the same size. Raises: ModelError: there is none."""
    grey = np.full((*size, 3), 127, np.uint8)
    given = to_network(grey, layout, VALUE_RANGES[-1]).astype(_TYPES[network.type])
    answers = network.answer(given)
    for name, answer in answers.items():
        if np.shape(answer) == given.shape:
            return name
    shapes = ", ".join(str(list(np.shape(answer))) for answer in answers.values())
    raise ModelError(
        f"it answers {list(given.shape)} with {shapes}; expected a picture of the same size"
    )


def guess_range(network: Network, shape: Shape, pictures: Sequence[RGB]) -> Guess:
    """Guess what black and white are to a network, from its answers to photos in every range.

    Networks that end in a squashing function keep to their range whatever they are given. Of others
    the likeliest range is that in which the answer is a picture: within the range, using much of
    it, and with the shapes of what was given.

    Raises: ModelError: it fails on them, or answers what is no number.
    """
    ranges = ((0.0, 255.0),) if shape.tensor_type == "uint8" else VALUE_RANGES
    seen = [_fit(picture, shape) for picture in pictures]
    answers = {each: [_ask(network, shape, rgb, each) for rgb in seen] for each in ranges}
    costs = {each: _mean(map(_cost, seen, found, repeat(each))) for each, found in answers.items()}
    best, *others = sorted(costs, key=lambda each: costs[each])
    squashed = _find_squashed(answers) if others else None
    best = squashed or best
    if _mean(_strangeness(answer, best) for answer in answers[best]) > _HARDLY:
        doubt = "its answers hardly look like pictures, as where a network answers in other values "
        return Guess(best, f"{doubt}than it takes")
    if squashed or not others or costs[others[0]] - costs[best] > _CLEARLY:
        return Guess(best, "")
    return Guess(best, f"values of {describe_range(others[0])} are nearly as likely")


def _find_squashed(answers: Mapping[Range, Sequence[Numbers]]) -> Range | None:
    """The range that all answers keep to, if there is one that a squashing function has."""
    everything = [answer for each in answers.values() for answer in each]
    lowest = min(float(answer.min()) for answer in everything)
    highest = max(float(answer.max()) for answer in everything)
    for low, high in ((0.0, 1.0), (-1.0, 1.0)):
        slack = _SLACK * (high - low)
        if low - slack <= lowest and highest <= high + slack:
            return low, high
    return None


def describe_range(value_range: Range) -> str:
    """A value range as people write it: "-1 to 1"."""
    return f"{value_range[0]:g} to {value_range[1]:g}"


def _cost(rgb: RGB, answer: Numbers, value_range: Range) -> float:
    """How unlikely an answer is a picture in a range: 0 for one that is, about 1 for none."""
    before, after = rgb.mean(axis=-1).ravel(), answer.clip(*value_range).mean(axis=-1).ravel()
    likeness = abs(float(np.corrcoef(before, after)[0, 1])) if after.std() > 0 else 0.0
    return _strangeness(answer, value_range) + (1 - likeness) / 2


def _strangeness(answer: Numbers, value_range: Range) -> float:
    """How far an answer is from one that uses a range: by 0.5 if it is flat, by 1 if outside."""
    low, high = value_range
    scaled = (answer - low) / (high - low)
    within = np.clip(scaled, 0, 1)
    stray = float(np.minimum(np.abs(scaled - within), 1).mean())
    unused = 1 - float(np.diff(np.percentile(within, (2, 98)))[0])
    return stray + unused / 2


def _mean(costs: Iterable[float]) -> float:
    return float(np.mean(list(costs)))


def _ask(network: Network, shape: Shape, rgb: RGB, value_range: Range) -> Numbers:
    """A network's answer to a picture in a range. Shape: uint8 [H, W, 3] -> [H, W, 3]."""
    given = to_network(rgb, shape.layout, value_range).astype(shape.tensor_type)
    answer: Numbers = network.answer(given)[shape.output_name][0].astype(np.float32)
    if not np.isfinite(answer).all():
        raise ModelError("it answers with NaN or infinite values")
    return answer.transpose(1, 2, 0) if shape.layout == "NCHW" else answer


def _fit(rgb: RGB, shape: Shape) -> RGB:
    """The upper left part of a picture, repeated where there is too little, of a size to try."""
    side = -(-_SIDE // shape.multiple) * shape.multiple
    height, width = shape.fixed or (side, side)
    missing = max(0, height - rgb.shape[0]), max(0, width - rgb.shape[1])
    repeated = np.pad(rgb, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="reflect")
    return repeated[:height, :width]


def _show(dimensions: Sequence[int | str | None]) -> str:
    return f"[{', '.join(str(each or '?') for each in dimensions)}]"
