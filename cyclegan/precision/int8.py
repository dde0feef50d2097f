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
# then holds no value that the ReLU would drop: 0.5 dB. Norms, sums and tanh stay in float32.
OPERATORS = ("Conv", "Relu")

# Of the calibration pictures' extremes. With this horse2zebra has 38.9 dB on photos as they are and
# 38.0 in strong colours, with 0.9 it has 40.8 and 35.8, with the widest 37.0 and 38.3.
RANGE_QUANTILE = 0.94

# dB that a layer must gain alone to stay in float32. A picture of selfie2anime takes a third longer
# with another one in float32, and a tenth with the last, which writes pixels.
KEPT_DB = 1.5
KEPT_DB_OF_LAST = 0.75


def quantize(
    model: onnx.ModelProto,
    pictures: Sequence[Pixels],
    psnr_db: Callable[[onnx.ModelProto], float],
) -> tuple[onnx.ModelProto, tuple[str, ...]]:
    """Return a model in int8, and the names of the convolutions that stayed in float32.

    They stay where that alone gains `KEPT_DB`, and the last one from `KEPT_DB_OF_LAST`, which is
    tried for each. In the trained plain generators it is the last one, if any: up to 1.8 dB.

    Args:
        model: float32.
        pictures: to find the ranges of activations on.
        psnr_db: how near a model comes to the float32 one, in dB, on other pictures.
    """
    model = onnx.shape_inference.infer_shapes(model)
    ranges = find_ranges(model, pictures)
    whole_db = psnr_db(_quantize(model, ranges, ()))
    layers = [node.name for node in model.graph.node if node.op_type == "Conv"]
    kept = tuple(
        name
        for name in layers
        if psnr_db(_quantize(model, ranges, (name,)))
        >= whole_db + (KEPT_DB_OF_LAST if name == layers[-1] else KEPT_DB)
    )
    return _quantize(model, ranges, kept), kept


def find_ranges(model: onnx.ModelProto, pictures: Sequence[Pixels]) -> TensorsData:
    """Find the range of values of every tensor around an operator that is quantized."""
    names = set(
        chain.from_iterable(
            (*node.input, *node.output) for node in model.graph.node if node.op_type in OPERATORS
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
    quantizer = QDQQuantizer(
        copy,
        per_channel=True,
        reduce_range=True,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=ranges,
        nodes_to_quantize=[],
        nodes_to_exclude=list(kept),
        op_types_to_quantize=list(OPERATORS),
        extra_options={},
    )
    quantizer.quantize_model()
    quantized: onnx.ModelProto = quantizer.model.model
    _restore_sums(quantized.graph)
    quantizer.model.topological_sort()  # it puts rounding at the end
    return quantized


def _restore_sums(graph: onnx.GraphProto) -> None:
    """Let sums read earlier sums as they were before they were rounded for a convolution.

    Else the rounding of every residual block stays in all that follow: 37.9 instead of 40.5 dB.
    """
    sums = {node.output[0] for node in graph.node if node.op_type == "Add"}
    rounding = ("QuantizeLinear", "DequantizeLinear")
    origin = {node.output[0]: node.input[0] for node in graph.node if node.op_type in rounding}
    for node in graph.node:
        if node.op_type == "Add":
            exact = [origin.get(origin.get(name, ""), "") for name in node.input]
            pairs = zip(node.input, exact, strict=True)
            node.input[:] = [sum_ if sum_ in sums else name for name, sum_ in pairs]
