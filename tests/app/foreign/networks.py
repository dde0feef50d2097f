"""Models as others make them, of a few operators."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from app.foreign import Words, propose
from cyclegan.contract.errors import ModelError

Shape = list[int | str]
FREE: dict[str, Shape] = {"NCHW": ["n", 3, "h", "w"], "NHWC": [1, "h", "w", 3]}


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    shape: Shape,
    *,
    numbers: dict[str, float | np.ndarray] | None = None,
    kind: int = TensorProto.FLOAT,
    inputs: tuple[str, ...] = ("x",),
) -> Path:
    """Write a model from `inputs`, each of one shape, to "y", with constants by name."""
    constants = [
        onnx.numpy_helper.from_array(np.asarray(value, helper.tensor_dtype_to_np_dtype(kind)), name)
        for name, value in (numbers or {}).items()
    ]
    given = [helper.make_tensor_value_info(name, kind, shape) for name in inputs]
    wanted = [helper.make_tensor_value_info("y", kind, None)]
    graph = helper.make_graph(nodes, "elsewhere", given, wanted, constants)
    domains = {"", *(node.domain for node in nodes)}
    opsets = [helper.make_opsetid(domain, 17 if not domain else 1) for domain in sorted(domains)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def negative(path: Path, shape: Shape, black_and_white: float, **options: int) -> Path:
    """A model that gives the negative, in the range whose two ends have this sum."""
    node = helper.make_node("Sub", ["sum", "x"], ["y"])
    return save(path, [node], shape, numbers={"sum": black_and_white}, **options)


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as raised:
        propose(path, "it", Words())
    return str(raised.value)
