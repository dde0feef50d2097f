"""A graph with weights and arithmetic of 16 bits. What that costs is judged by the caller."""

import onnx
from onnxruntime.quantization.onnx_model import ONNXModel
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

from cyclegan.statistics import NORM

# A norm squares and sums up a whole picture; the largest number of 16 bits is 65504.
FLOAT_OPERATORS = [*DEFAULT_OP_BLOCK_LIST, "InstanceNormalization"]


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model that computes in fp16 but for its norms; input and outputs stay float32.

    A CPU without arithmetic of 16 bits computes in float32 with the same weights.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    halved = ONNXModel(
        convert_float_to_float16(
            copy,
            keep_io_types=True,
            op_block_list=FLOAT_OPERATORS,
            node_block_list=[each.name for each in model.graph.node if each.name.startswith(NORM)],
        )
    )
    _drop_repeats(halved.model.graph)
    halved.topological_sort()  # it puts casts at the end
    result: onnx.ModelProto = halved.model
    return result


def _drop_repeats(graph: onnx.GraphProto) -> None:
    """Keep one of the casts that the converter writes once for each node that takes the result."""
    unique = {node.output[0]: node for node in graph.node}
    nodes = list(unique.values())
    del graph.node[:]
    graph.node.extend(nodes)
