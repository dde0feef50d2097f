"""What a graph in 8 bits learns from the one in float32: weights and ranges that round well.

Rounding is computed in float32 and passed by gradients as if it were not there (Jacob et al. 2018);
the ends of ranges learn from what they round and what they cut off (Esser et al. 2020).
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor
from torch.nn import functional as F

from cyclegan.contract.pixels import to_network
from cyclegan.graph import Pixels, load_graph
from cyclegan.squares import in_strong_colours

Ranges = dict[str, tuple[float, float]]  # of a tensor's values: the least and the largest

# After 300 most of it is learned; with 600 horse2zebra has 0.7 dB less.
TUNING_IMAGES = 900

# Of Adam, falling to nothing. With ten times as much, horse2zebra forgot what it was: 33 dB.
LEARNING_RATE = 1e-5
RANGE_LEARNING_RATE = 2e-3  # of the logarithm of an end

LEVELS = 255
WEIGHT_LEVELS = 64  # on either side of zero: 7 bits
EQUAL = 1e-3  # of answers in [-1, 1]: rounding of float32 in another order


class Lesson(NamedTuple):
    """What to learn from."""

    squares: Sequence[NDArray[np.uint8]]  # [size, size, 3] each
    images: int  # crops of them, half of them in strong colours
    multiple: int  # of height and width, in pixels, that the model takes

    def crops(self) -> Iterator[Tensor]:
        """Squares of three quarters of the side, [1, 3, S, S] in [-1, 1]."""
        rng = np.random.default_rng(0)
        for _ in range(self.images):
            place = int(rng.integers(len(self.squares)))
            whole = len(self.squares[place])
            side = max(whole * 3 // 4 // self.multiple, 1) * self.multiple
            top, left = rng.integers(whole - side + 1, size=2)
            crop = self.squares[place][top : top + side, left : left + side]
            if rng.random() < 0.5:
                crop = in_strong_colours(crop, place)
            if rng.random() < 0.5:
                crop = crop[:, ::-1]
            yield torch.from_numpy(to_network(crop))


def tune(
    model: onnx.ModelProto, ranges: Ranges, names: Collection[str], lesson: Lesson
) -> tuple[onnx.ModelProto, Ranges] | None:
    """Return a float32 model and ranges that lose less in 8 bits; None where it cannot learn.

    It learns to answer as it did. What follows the last tanh, a mask say, is left out of that.
    Operators that are not in `_OPERATORS` are not known here: those of norms, which stay in float32
    and make up for what is lost before them.

    Args:
        model: float32, with the shapes of its tensors.
        ranges: to begin with.
        names: of the nodes that will be in 8 bits.
        lesson: what it learns from.
    """
    nodes, end = _body(model.graph)
    if not {node.op_type for node in nodes} <= _OPERATORS.keys():
        return None
    network = _Network(model.graph, nodes, end, ranges, names)
    original = _Network(model.graph, nodes, end, ranges, names)
    first = next(lesson.crops())
    with torch.no_grad():
        ours = original(first, rounded=False)
    if not np.allclose(ours, _answer(model, end, first.numpy()), rtol=0, atol=EQUAL):
        return None
    optimizer = torch.optim.Adam(
        [
            {"params": network.weights.values(), "lr": LEARNING_RATE},
            {"params": network.ends.values(), "lr": RANGE_LEARNING_RATE},
        ]
    )
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, lesson.images)
    for crop in lesson.crops():
        with torch.no_grad():
            answer = original(crop, rounded=False)
        optimizer.zero_grad()
        F.mse_loss(network(crop, rounded=True), answer).backward()
        optimizer.step()
        falling.step()
    return _with_weights(model, network.weights), network.ranges()


class _Network:
    """A graph in torch, whose weights learn, and the ends of the ranges it rounds to."""

    def __init__(
        self,
        graph: onnx.GraphProto,
        nodes: Sequence[onnx.NodeProto],
        end: str,
        ranges: Ranges,
        names: Collection[str],
    ) -> None:
        constants = {
            each.name: torch.tensor(numpy_helper.to_array(each)) for each in graph.initializer
        }
        learning = {name for node in nodes if node.op_type == "Conv" for name in node.input[1:]}
        self.weights = {name: constants[name].requires_grad_() for name in sorted(learning)}
        self._constants = constants
        self._nodes, self._end, self._names = nodes, end, names
        self._picture = graph.input[0].name
        # A ReLU belongs to what is before it, and repeating pixels needs no other range.
        before_relu = {node.input[0] for node in nodes if node.op_type == "Relu"}
        self._rounded = {
            node.output[0]
            for node in nodes
            if node.name in names and node.op_type != "Resize" and node.output[0] not in before_relu
        }
        self._ranges = {
            name: torch.tensor([min(low, 0.0), max(high, 0.0)])  # which zero is always in
            for name, (low, high) in ranges.items()
        }
        self.ends = {name: torch.zeros(2, requires_grad=True) for name in ranges}

    def __call__(self, picture: Tensor, *, rounded: bool) -> Tensor:
        """What the graph answers, with or without the rounding of 8 bits."""
        tensors = self._constants | {self._picture: picture}
        for node in self._nodes:
            given = [tensors[name] for name in node.input if name]
            if rounded and node.op_type == "Conv" and node.name in self._names:
                given[0] = self._round(node.input[0], given[0])
                given[1] = _round_weights(given[1])
            settings = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            answer = _OPERATORS[node.op_type](settings, *given)
            is_rounded = rounded and node.output[0] in self._rounded
            tensors[node.output[0]] = self._round(node.output[0], answer) if is_rounded else answer
        return tensors[self._end]

    def ranges(self) -> Ranges:
        """The ranges as they are by now."""
        return {
            name: tuple((whole * self.ends[name].exp()).tolist())
            for name, whole in self._ranges.items()
        }

    def _round(self, name: str, values: Tensor) -> Tensor:
        """Round to `LEVELS` steps of the tensor's range, which cuts off what is beyond it."""
        low, high = (self._ranges[name] * self.ends[name].exp()).unbind()
        step = _step((high - low) / LEVELS)
        zero = torch.round(-low / step).detach()
        return (_round(values / step + zero).clamp(0, LEVELS) - zero) * step


def _step(size: Tensor) -> Tensor:
    """What divides values: not zero, where all of them are."""
    return size.clamp(min=torch.finfo(size.dtype).tiny)


def _round(values: Tensor) -> Tensor:
    """Round; gradients pass as they are."""
    return values + (values.round() - values).detach()


def _round_weights(weights: Tensor) -> Tensor:
    """Round those of each filter to as many levels as its largest one allows."""
    step = _step(weights.detach().abs().amax((1, 2, 3), keepdim=True) / WEIGHT_LEVELS)
    return _round(weights / step) * step


def _convolve(
    settings: dict[str, Any], x: Tensor, weight: Tensor, bias: Tensor | None = None
) -> Tensor:
    top, left = settings.get("pads", [0, 0, 0, 0])[:2]
    strides, dilations = (tuple(settings.get(each, [1, 1])) for each in ("strides", "dilations"))
    groups = settings.get("group", 1)
    return F.conv2d(x, weight, bias, strides, (top, left), dilations, groups)


def _gather_cells(settings: dict[str, Any], x: Tensor) -> Tensor:
    """As ONNX orders them: places before channels."""
    side = settings["blocksize"]
    cells: Tensor = F.pixel_unshuffle(x, side).unflatten(1, (x.shape[1], side**2))
    return cells.transpose(1, 2).flatten(1, 2)


_OPERATORS: dict[str, Callable[..., Tensor]] = {
    "Add": lambda _, x, y: x + y,
    "Conv": _convolve,
    "DepthToSpace": lambda settings, x: F.pixel_shuffle(x, settings["blocksize"]),
    "Relu": lambda _, x: F.relu(x),
    "Resize": lambda _, x, scales: F.interpolate(x, scale_factor=tuple(scales[2:].tolist())),
    "SpaceToDepth": _gather_cells,
    "Tanh": lambda _, x: torch.tanh(x),
}


def _body(graph: onnx.GraphProto) -> tuple[list[onnx.NodeProto], str]:
    """The nodes up to the last tanh, and what that is called; without one, all."""
    nodes = list(graph.node)
    while nodes and nodes[-1].op_type != "Tanh":
        nodes.pop()
    return (nodes, nodes[-1].output[0]) if nodes else (list(graph.node), graph.output[0].name)


def _answer(model: onnx.ModelProto, name: str, picture: Pixels) -> Pixels:
    """What a tensor of the graph is for a picture."""
    telling = onnx.ModelProto()
    telling.CopyFrom(model)
    del telling.graph.output[:]
    telling.graph.output.append(helper.make_empty_tensor_value_info(name))
    session = load_graph(telling)
    answer: Pixels = session.run(None, {session.get_inputs()[0].name: picture})[0]
    return answer


def _with_weights(model: onnx.ModelProto, weights: dict[str, Tensor]) -> onnx.ModelProto:
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for each in changed.graph.initializer:
        if each.name in weights:
            array = weights[each.name].detach().numpy()
            each.CopyFrom(numpy_helper.from_array(array, each.name))
    return changed
