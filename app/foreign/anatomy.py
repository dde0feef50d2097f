"""What is in an ONNX file, read before anything in it is run: its version, weights and operators.

A few fields of its protocol buffers are enough, and `onnx`, which would read them all, belongs to
the training extra. Source: onnx.proto3 of the ONNX project, and the encoding of protocol buffers.
"""

import mmap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cyclegan.contract.errors import ModelError, brief

# Domains of operators that ONNX Runtime itself brings.
KNOWN_DOMAINS = frozenset(
    ("", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc")
)

# By kind of message: the kinds of the messages inside, by field number.
_INSIDE = {
    "model": {7: "graph", 8: "opset", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_DEEPEST = 64  # messages inside each other; graphs in graphs, as branches have them, stay below
_FLOAT16, _BFLOAT16, _INT8, _UINT8 = 10, 16, 3, 2  # values of TensorProto.DataType
_EXTERNAL = 1  # of TensorProto.DataLocation

Fields = dict[int, list["int | memoryview"]]  # what a message holds, by field number


@dataclass(frozen=True)
class Anatomy:
    """What an ONNX file says of itself."""

    opset: int
    precision: Literal["fp32", "fp16", "int8"]  # of most of its weights
    custom: tuple[str, ...]  # operators that ONNX Runtime does not bring, as "domain::name"
    has_external_data: bool  # weights lie in files beside it


def read_anatomy(path: Path) -> Anatomy:
    """Read what an ONNX file holds. Raises: ModelError if it is none."""
    try:
        with path.open("rb") as file:  # of which a mapping does not take up memory
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return _summarize(list(_messages("model", data)))
    except (OSError, ValueError, IndexError) as error:  # mmap refuses an empty file
        raise ModelError(f"{path.name} is not an ONNX file: {brief(error)}") from error


def _summarize(messages: list[tuple[str, Fields]]) -> Anatomy:
    tensors = [fields for kind, fields in messages if kind == "tensor"]
    nodes = [fields for kind, fields in messages if kind == "node"]
    opsets = [fields for kind, fields in messages if kind == "opset"]
    own = {_text(fields, 10) for kind, fields in messages if kind == "function"}
    versions = [_number(each, 2) for each in opsets if _text(each, 1) in ("", "ai.onnx")]
    if not nodes or not versions:
        raise ValueError("it has no graph")
    used = {(_text(node, 7), _text(node, 4)) for node in nodes}
    return Anatomy(
        opset=max(versions),
        precision=_precision(tensors),
        custom=tuple(sorted(f"{d}::{name}" for d, name in used if d not in KNOWN_DOMAINS | own)),
        has_external_data=any(_number(each, 14) == _EXTERNAL for each in tensors),
    )


def _precision(tensors: list[Fields]) -> Literal["fp32", "fp16", "int8"]:
    """By how many bytes of weights there are of each type; a byte of int8 is a weight."""
    weights: Counter[str] = Counter(fp32=0)
    for tensor in tensors:
        size = sum(len(raw) for raw in tensor.get(9, []) if isinstance(raw, memoryview))
        kind = _number(tensor, 2)
        if kind in (_FLOAT16, _BFLOAT16):
            weights["fp16"] += size // 2
        elif kind in (_INT8, _UINT8):
            weights["int8"] += size
        else:
            weights["fp32"] += size // 4
    if weights["int8"] > max(weights["fp32"], weights["fp16"]):
        return "int8"
    return "fp16" if weights["fp16"] > weights["fp32"] else "fp32"


def _messages(kind: str, data: memoryview, depth: int = 0) -> Iterator[tuple[str, Fields]]:
    """A message and all that are inside it, each with its kind. Raises: ValueError, IndexError."""
    if depth > _DEEPEST:
        raise ValueError("its graphs are nested without end")
    fields: Fields = {}
    for number, value in _fields(data):
        inside = _INSIDE.get(kind, {}).get(number)
        if inside and isinstance(value, memoryview):
            yield from _messages(inside, value, depth + 1)
        else:
            fields.setdefault(number, []).append(value)
    yield kind, fields


def _fields(data: memoryview) -> Iterator[tuple[int, "int | memoryview"]]:
    """The fields of one message: number and value."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        wire = key & 7
        if wire == 0:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        if wire == 2:
            size, place = _varint(data, place)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError("its bytes make no sense")
        if place + size > len(data):
            raise ValueError("it ends too early")
        yield key >> 3, data[place : place + size]
        place += size


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise ValueError("its bytes make no sense")


def _text(fields: Fields, number: int) -> str:
    value = fields.get(number, [b""])[-1]
    return "" if isinstance(value, int) else bytes(value).decode(errors="replace")


def _number(fields: Fields, number: int) -> int:
    value = fields.get(number, [0])[-1]
    return value if isinstance(value, int) else 0
