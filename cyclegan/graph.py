"""An ONNX graph as it is stored: cleaned up, and answering what it did before. No torch here.

How a network becomes a graph is in `export.py`, how a graph gets another precision in `precision/`.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import onnxslim
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from cyclegan.contract.errors import ExportError

Pixels = NDArray[np.float32]  # [1, 3, H, W] in [-1, 1]

# [height, width] in pixels, before they are rounded up; see `comparison_sizes`
COMPARISON_SIZES = ((64, 64), (128, 96), (100, 260), (260, 100), (256, 256))
_UNSHUFFLE = [0, 1, 3, 5, 2, 4]  # how a transposition orders pictures, colours, rows and columns
# How one orders rows of a cell, colours, rows, columns and columns of a cell, where `precision/`
# writes SpaceToDepth as transpositions.
PLACES_OUTSIDE = [0, 4, 1, 2, 3]

CLEAN_UP_TOLERANCE = 1e-4  # of answers in [-1, 1]: merged constants may be rounded otherwise


def comparison_sizes(multiple: int) -> tuple[tuple[int, int], ...]:
    """Sizes to compare at, [height, width] in pixels: several, and not all of them square."""

    def up(side: int) -> int:
        return -(-side // multiple) * multiple

    return tuple(dict.fromkeys((up(height), up(width)) for height, width in COMPARISON_SIZES))


def noise(multiple: int) -> Iterator[Pixels]:
    """Fixed noise to compare on, of each of the `comparison_sizes`."""
    rng = np.random.default_rng(0)
    for size in comparison_sizes(multiple):
        yield rng.uniform(-1, 1, (1, 3, *size)).astype(np.float32)


def clean_up(model: onnx.ModelProto, multiple: int) -> onnx.ModelProto:
    """Return a model without what it does not need: nodes without effect, notes of its exporter.

    Of a plain generator's 53 nodes 37 are left, and 2.5 % of the bytes go.

    Args:
        multiple: height and width that the model takes are multiples of it, in pixels.

    Raises:
        ExportError: it answers otherwise than before.
    """
    clean = _gather_cells(_slim(model))
    before, after = load_graph(model), load_graph(clean)
    for pixels in noise(multiple):
        feed = {before.get_inputs()[0].name: pixels}
        for ours, theirs in zip(after.run(None, feed), before.run(None, feed), strict=True):
            error = float(np.abs(ours - theirs).max())
            if not error <= CLEAN_UP_TOLERANCE:
                height, width = pixels.shape[2:]
                raise ExportError(
                    f"cleaned up, the graph answers otherwise by {error:.2g} at {height} x {width} "
                    f"pixels, at most {CLEAN_UP_TOLERANCE:g} is allowed; nothing was written"
                )
    return clean


def _slim(model: onnx.ModelProto) -> onnx.ModelProto:
    """Clean up, but for the values of optional inputs, which are no constants."""
    inputs = {each.name for each in model.graph.input}
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.initializer[:]
    for tensor in model.graph.initializer:
        if tensor.name not in inputs:
            bare.graph.initializer.append(tensor)
    clean: onnx.ModelProto = onnxslim.slim(bare)
    clean.graph.initializer.extend(each for each in model.graph.initializer if each.name in inputs)
    return clean


def _gather_cells(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let one node make channels of the cells of a picture where a first convolution wants that.

    torch writes a pixel-unshuffle as a transposition of six axes, and ONNX Runtime takes 0.84 ms
    for that of 256 x 256 pixels, of 14.7 ms for a network in int8; for SpaceToDepth 0.09 ms. The
    one has the colours outside and the places of a cell inside, the other the reverse, so the
    weights change places, which `undo_gathering` takes back. A model that begins otherwise is
    returned as it is.
    """
    graph = model.graph
    picture = graph.input[0].name
    maker = {name: node for node in graph.node for name in node.output}
    weights = {each.name: each for each in graph.initializer}
    found = (
        (each, ends)
        for each in graph.node
        if each.op_type == "Conv" and (ends := _find_unshuffle(each.input[0], picture, maker))
    )
    convolution, unshuffled = next(found, (None, None))
    if convolution is None or unshuffled is None:
        return model
    stored = weights[convolution.input[1]]
    values = numpy_helper.to_array(stored)
    cell = math.isqrt(values.shape[1] // 3)
    stored.CopyFrom(numpy_helper.from_array(_exchange(values, 3, cell**2), stored.name))
    gather = helper.make_node(
        "SpaceToDepth", [picture], unshuffled.output, name=unshuffled.name, blocksize=cell
    )
    graph.node.insert(list(graph.node).index(unshuffled), gather)
    graph.node.remove(unshuffled)
    return _slim(model)  # without the nodes that made the shapes


def undo_gathering(graph: onnx.GraphProto, weights: NDArray[Any]) -> NDArray[Any]:
    """The weights of a graph's first convolution as the network has them; see `_gather_cells`.

    Shape: [C, 3 * cell**2, h, w] -> the same.
    """
    if not any(map(_is_gathering, graph.node)):
        return weights
    return _exchange(weights, weights.shape[1] // 3, 3)


def _is_gathering(node: onnx.NodeProto) -> bool:
    """Whether a node makes channels of cells with the colours inside, or is its step that does."""
    if node.op_type == "Transpose":
        return list(helper.get_node_attr_value(node, "perm")) == PLACES_OUTSIDE
    return node.op_type == "SpaceToDepth"


def _exchange(weights: NDArray[Any], outer: int, inner: int) -> NDArray[Any]:
    """Weights whose input channels are `outer` times `inner`, with these inside those."""
    count, _, *size = weights.shape
    return weights.reshape(count, outer, inner, *size).swapaxes(1, 2).reshape(weights.shape)


def _find_unshuffle(
    name: str, picture: str, maker: dict[str, onnx.NodeProto]
) -> onnx.NodeProto | None:
    """Find the node that ends a pixel-unshuffle of the picture, if it is what makes `name`."""
    last = maker.get(name)
    perms = []
    while (node := maker.get(name)) is not None and node.op_type in ("Reshape", "Transpose"):
        if node.op_type == "Transpose":
            perms.append(list(helper.get_node_attr_value(node, "perm")))
        name = node.input[0]
    return last if name == picture and perms == [_UNSHUFFLE] else None


def load_graph(model: onnx.ModelProto) -> ort.InferenceSession:
    """Load a graph that is in memory, to run on the CPU."""
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
