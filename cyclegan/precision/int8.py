"""A graph with weights and activations of 8 bits, with ranges that were found on pictures.

What that costs is judged by whoever calls `quantize`.
"""

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationMethod, QDQQuantizer, QuantType
from onnxruntime.quantization.calibrate import TensorsData

from cyclegan.graph import Pixels, load_graph

# What CPUs compute quickly in 8 bits. A ReLU belongs to the convolution before it, whose range
# then holds no value that the ReLU would drop: 0.5 dB. Norms and tanh stay in float32.
OPERATORS = ("Conv", "Relu")
# What is computed in 8 bits between them alone. That takes a sixth of the time of horse2zebra away,
# a fifth of larger pictures, and 0.3 to 1.4 dB.
BETWEEN = ("Add", "Resize")

# Of the calibration pictures' extremes. With this horse2zebra has 39.1 dB on photos as they are,
# 35.8 in strong colours and 30.0 on flat ones, with 0.9 it has 39.4, 34.8 and 27.8, with 0.96 37.2,
# 37.5 and 35.6.
RANGE_QUANTILE = 0.92

# dB that a layer must gain alone to stay in float32, where the whole is not near enough without.
# Each takes a tenth of the time, and more of large pictures.
KEPT_DB = 0.5
ENOUGH_DB = 43.0


def quantize(
    model: onnx.ModelProto,
    pictures: Sequence[Pixels],
    psnr_db: Callable[[onnx.ModelProto], float],
) -> tuple[onnx.ModelProto, tuple[str, ...]]:
    """Return a model in int8, and the names of the convolutions that stayed in float32.

    They stay where that alone gains `KEPT_DB`, which is tried for each, unless the whole in int8
    has `ENOUGH_DB`. In the trained plain generators it is the first and the last one, if any.

    Args:
        model: float32.
        pictures: to find the ranges of activations on.
        psnr_db: how near a model comes to the float32 one, in dB, on other pictures.
    """
    model = onnx.shape_inference.infer_shapes(model)
    ranges = find_ranges(model, pictures)
    whole = _quantize(model, ranges, ())
    whole_db = psnr_db(whole)
    if whole_db >= ENOUGH_DB:
        return whole, ()
    kept = tuple(
        node.name
        for node in model.graph.node
        if node.op_type == "Conv"
        and psnr_db(_quantize(model, ranges, (node.name,))) >= whole_db + KEPT_DB
    )
    return _quantize(model, ranges, kept), kept


def find_ranges(model: onnx.ModelProto, pictures: Sequence[Pixels]) -> TensorsData:
    """Find the range of values of every tensor around an operator that is quantized."""
    names = set(
        chain.from_iterable(
            (*node.input, *node.output)
            for node in model.graph.node
            if node.op_type in (*OPERATORS, *BETWEEN)
        )
    )
    telling = onnx.ModelProto()
    telling.CopyFrom(model)
    telling.graph.output.extend(each for each in model.graph.value_info if each.name in names)
    session = load_graph(telling)
    (picture,) = (each.name for each in session.get_inputs())
    answers = (session.run(None, {picture: each}) for each in pictures)
    extremes = np.array([[(each.min(), each.max()) for each in values] for values in answers])
    lowest, highest = (  # [pictures, tensors, 2] -> [tensors] each
        np.quantile(extremes[..., side], quantile, axis=0).astype(np.float32)
        for side, quantile in ((0, 1 - RANGE_QUANTILE), (1, RANGE_QUANTILE))
    )
    outputs = (each.name for each in session.get_outputs())
    ranges = dict(zip(outputs, zip(lowest, highest, strict=True), strict=True))
    ranges[picture] = (np.float32(-1), np.float32(1))
    return TensorsData(CalibrationMethod.MinMax, ranges)


def _quantize(
    model: onnx.ModelProto, ranges: TensorsData, kept: tuple[str, ...]
) -> onnx.ModelProto:
    """Return the model with all convolutions but those `kept` in int8, in the form QDQ.

    Weights have 7 bits. CPUs without VNNI add two products of 8 bits in 16, which overflow: with
    weights of 8 bits the same file has 35.0 dB elsewhere and 32.1 there. With 7 bits nothing can,
    since 2 * 255 * 64 < 2**15, and the file answers the same everywhere, for 0.14 dB. Unsigned
    weights are exact as well and lose 0.05 dB, but take half as long again without VNNI.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    names = _choose_nodes(copy.graph) - set(kept)
    quantizer = QDQQuantizer(
        copy,
        per_channel=True,
        reduce_range=True,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=ranges,
        nodes_to_quantize=sorted(names),
        nodes_to_exclude=[],
        op_types_to_quantize=[*OPERATORS, *BETWEEN],
        extra_options={},
    )
    quantizer.quantize_model()
    quantized: onnx.ModelProto = quantizer.model.model
    _restore_sums(quantized.graph, names)
    quantizer.model.topological_sort()  # it puts rounding at the end
    return quantized


def _choose_nodes(graph: onnx.GraphProto) -> set[str]:
    """The names of what can be in 8 bits: `OPERATORS`, and what is `BETWEEN` such alone."""
    names = {node.name for node in graph.node if node.op_type in (*OPERATORS, *BETWEEN)}
    maker = {output: node.name for node in graph.node for output in node.output}
    users: dict[str, list[str]] = {each.name: [""] for each in graph.output}  # whoever asks
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node.name)

    def is_beside_others(node: onnx.NodeProto) -> bool:
        makers = (maker.get(name, "") for name in _pictures_of(node))
        return not names.issuperset([*makers, *users[node.output[0]]])

    between = [node for node in graph.node if node.op_type in BETWEEN]
    while others := {node.name for node in between if is_beside_others(node)} & names:
        names -= others
    return names


def _pictures_of(node: onnx.NodeProto) -> list[str]:
    """The inputs of a node that are no settings."""
    return list(node.input)[: 1 if node.op_type == "Resize" else None]


def _restore_sums(graph: onnx.GraphProto, names: set[str]) -> None:
    """Let sums in float32 read earlier ones as they were, not rounded for a convolution.

    Else the rounding of every residual block of a ResNet stays in all that follow.
    """
    sums = {
        node.output[0] for node in graph.node if node.op_type == "Add" and node.name not in names
    }
    rounding = ("QuantizeLinear", "DequantizeLinear")
    origin = {node.output[0]: node.input[0] for node in graph.node if node.op_type in rounding}
    for node in graph.node:
        if node.op_type == "Add" and node.output[0] in sums:
            exact = [origin.get(origin.get(name, ""), "") for name in node.input]
            pairs = zip(node.input, exact, strict=True)
            node.input[:] = [sum_ if sum_ in sums else name for name, sum_ in pairs]
