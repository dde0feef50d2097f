"""Instance norms of a graph, opened: their statistics can be read, and given from outside.

So that tiles of a picture can all be normalised as the whole picture is. No torch here; who gives
the statistics is app/translator.py.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

GIVEN, FOUND = "statistics", "statistics_found"  # the optional input, and the output
STATISTICS_NAMES = (GIVEN, FOUND)
NORM = "norm/"  # what the names of a formula's nodes begin with
_LENGTHS, _SIDES, _BATCH = "statistics_lengths", "statistics_sides", "statistics_batch"


def open_norms(model: onnx.ModelProto) -> bool:
    """Replace every instance norm by its formula, in place; say whether there was any.

    The model gets an optional input `GIVEN` and an output `FOUND`, both float32 [S, 1, 1]: of one
    norm after the other, in the order of the graph, the means of its channels and then their
    variances. What is given replaces what a picture has; NaN, the default, does not.
    """
    graph = model.graph
    norms = [node for node in graph.node if node.op_type == "InstanceNormalization"]
    if not norms:
        return False
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    lengths = [len(constants[node.input[1]]) for node in norms for _ in ("mean", "variance")]
    given = [f"{GIVEN}_{index}" for index in range(len(lengths))]
    found = [f"{FOUND}_{index}" for index in range(len(lengths))]
    shape = [sum(lengths), 1, 1]
    formulas = {
        node.output[0]: _formula(node, given[2 * i : 2 * i + 2], found[2 * i : 2 * i + 2])
        for i, node in enumerate(norms)
    }
    nodes = [helper.make_node("Split", [GIVEN, _LENGTHS], given, axis=0)]
    for node in graph.node:
        nodes += formulas.get(node.output[0], [node])
    nodes.append(helper.make_node("Concat", found, [FOUND], axis=0))
    del graph.node[:]
    graph.node.extend(nodes)
    for name, value in (
        (GIVEN, np.full(shape, np.nan, np.float32)),
        (_LENGTHS, np.array(lengths)),
        (_SIDES, np.array([2, 3])),
        (_BATCH, np.array([0])),
    ):
        graph.initializer.append(numpy_helper.from_array(value, name))
    for node in norms:  # [C] -> [C, 1, 1]
        for name in node.input[1:3]:
            column = constants[name].reshape(-1, 1, 1)
            graph.initializer.append(numpy_helper.from_array(column, _column(node, name)))
        epsilon = np.array(helper.get_node_attr_value(node, "epsilon"), np.float32)
        graph.initializer.append(numpy_helper.from_array(epsilon, f"{node.output[0]}_epsilon"))
    # Optional, because it has a value of its own among the initializers.
    graph.input.append(helper.make_tensor_value_info(GIVEN, TensorProto.FLOAT, shape))
    graph.output.append(helper.make_tensor_value_info(FOUND, TensorProto.FLOAT, shape))
    _drop_unused(graph)
    return True


def _formula(node: onnx.NodeProto, given: list[str], found: list[str]) -> list[onnx.NodeProto]:
    """Nodes of one norm: (x - mean) * (factor / sqrt(variance + epsilon)) + offset."""
    x, factor, offset = node.input
    y = node.output[0]
    nodes: list[onnx.NodeProto] = []

    def make(operator: str, inputs: list[str], output: str) -> str:
        nodes.append(helper.make_node(operator, inputs, [output], name=f"{NORM}{output}"))
        return output

    def choose(kind: str, own: str, other: str) -> str:
        is_open = make("IsNaN", [other], f"{y}_{kind}_is_open")
        return make("Where", [is_open, own, other], f"{y}_{kind}_used")

    means = [make("ReduceMean", [x, _SIDES], f"{y}_mean")]
    deviation = make("Sub", [x, choose("mean", means[0], given[0])], f"{y}_deviation")
    square = make("Mul", [deviation, deviation], f"{y}_square")
    means.append(make("ReduceMean", [square, _SIDES], f"{y}_variance"))
    for mean, name in zip(means, found, strict=True):
        make("Squeeze", [mean, _BATCH], name)  # [1, C, 1, 1] -> [C, 1, 1]
    variance = choose("variance", means[1], given[1])
    steadied = make("Add", [variance, f"{y}_epsilon"], f"{y}_steadied")
    spread = make("Sqrt", [steadied], f"{y}_spread")
    scale = make("Div", [_column(node, factor), spread], f"{y}_scale")
    scaled = make("Mul", [deviation, scale], f"{y}_scaled")
    make("Add", [scaled, _column(node, offset)], y)
    return nodes


def _column(node: onnx.NodeProto, name: str) -> str:
    return f"{node.output[0]}_{name}_column"


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Remove constants that no node takes any more, and notes of shapes that may be wrong now."""
    taken = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in taken]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.value_info[:]
