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
from cyclegan.precision.moves import share_moves
from cyclegan.precision.tuning import Lesson, Ranges, tune

# What CPUs compute quickly in 8 bits. A ReLU belongs to the convolution before it, whose range
# then holds no value that the ReLU would drop: 0.5 dB. Norms and tanh stay in float32.
OPERATORS = ("Conv", "Relu")
# What is computed in 8 bits between them alone. That takes a sixth of the time of horse2zebra away,
# a fifth of larger pictures, and 0.3 to 1.4 dB.
BETWEEN = ("Add", "Resize")

# Of the calibration pictures' extremes, from where ranges learn. With it horse2zebra has 39.0 dB on
# photos as they are and 37.0 in strong colours.
RANGE_QUANTILE = 0.96

# dB that a layer must gain alone to stay in float32. A picture of selfie2anime takes a third longer
# with another one in float32, and a tenth with the last, which writes pixels.
KEPT_DB = 1.5
KEPT_DB_OF_LAST = 0.75


def quantize(
    model: onnx.ModelProto,
    pictures: Sequence[Pixels],
    psnr_db: Callable[[onnx.ModelProto], float],
    lesson: Lesson | None = None,
) -> tuple[onnx.ModelProto, tuple[str, ...], bool]:
    """Return a model in int8, the names of the convolutions that stayed in float32, and whether the
    others have learned to be in int8.

    They stay where that alone gains `KEPT_DB`, and the last one from `KEPT_DB_OF_LAST`, which is
    tried for each.

    Args:
        model: float32.
        pictures: to find the ranges of activations on.
        psnr_db: how near a model comes to the float32 one, in dB, on other pictures.
        lesson: what it learns from, if it does; see `tuning.tune`.
    """
    model = onnx.shape_inference.infer_shapes(model)
    ranges = find_ranges(model, pictures)
    names = _choose_nodes(model.graph)
    whole_db = psnr_db(_quantize(model, ranges, ()))
    learned = tune(model, ranges, names, lesson) if lesson else None
    if learned and (learned_db := psnr_db(_quantize(*learned, ()))) > whole_db:
        (model, ranges), whole_db = learned, learned_db
    else:
        learned = None
    layers = [node.name for node in model.graph.node if node.op_type == "Conv"]
    kept = tuple(
        name
        for name in layers
        if psnr_db(_quantize(model, ranges, (name,)))
        >= whole_db + (KEPT_DB_OF_LAST if name == layers[-1] else KEPT_DB)
    )
    return share_moves(_quantize(model, ranges, kept)), kept, learned is not None


def find_ranges(model: onnx.ModelProto, pictures: Sequence[Pixels]) -> Ranges:
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
        np.quantile(extremes[..., side], quantile, axis=0).tolist()
        for side, quantile in ((0, 1 - RANGE_QUANTILE), (1, RANGE_QUANTILE))
    )
    outputs = (each.name for each in session.get_outputs())
    ranges = dict(zip(outputs, zip(lowest, highest, strict=True), strict=True))
    return ranges | {picture: (-1.0, 1.0)}


def _quantize(model: onnx.ModelProto, ranges: Ranges, kept: tuple[str, ...]) -> onnx.ModelProto:
    """Return the model with all convolutions but those `kept` in int8, in the form QDQ.

    Weights have 7 bits. CPUs without VNNI add two products of 8 bits in 16, which overflow: with
    weights of 8 bits the same file has 35.0 dB elsewhere and 32.1 there. With 7 bits nothing can,
    since 2 * 255 * 64 < 2**15, and the file answers the same everywhere, for 0.14 dB. Unsigned
    weights are exact as well and lose 0.05 dB, but take half as long again without VNNI.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    names = _choose_nodes(copy.graph) - set(kept)
    single = {name: tuple(map(np.float32, ends)) for name, ends in ranges.items()}
    quantizer = QDQQuantizer(
        copy,
        per_channel=True,
        reduce_range=True,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, single),
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
