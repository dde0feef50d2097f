"""Pixels of 8 bits that only change places, moved by nodes that share the work among all CPUs.

ONNX Runtime computes `DepthToSpace`, `SpaceToDepth` and `Resize` on one CPU, whatever it may use.
Transpositions of one axis and `Expand` it shares, and bytes are moved more quickly than numbers in
float32: with two CPUs horse2zebra takes 5 to 12 % less time. The answers stay the same bit for bit.
"""

from typing import Any

import onnx
from onnxscript.rewriter import pattern, rewrite

from cyclegan.graph import PLACES_OUTSIDE
from cyclegan.plain import PlainGenerator

CELL = PlainGenerator.PATCH  # pixels a side of what becomes channels


def share_moves(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model in int8, of the form QDQ, whose bytes are moved by all CPUs."""
    shared: onnx.ModelProto = rewrite(model, _RULES)
    return shared


# Each pattern and what replaces it: `op` makes nodes, the other names are inputs. In a shape to
# become, 0 is the length that this axis has before, and -1 what is left.


def _nearest(op: Any, x: Any, scale: Any, zero: Any, factors: Any, scale2: Any, zero2: Any) -> Any:
    numbers = op.DequantizeLinear(x, scale, zero)
    larger = op.Resize(numbers, None, factors, mode="nearest", _allow_other_attributes=True)
    return op.QuantizeLinear(larger, scale2, zero2)


def _is_doubling(
    context: Any, factors: Any, scale: Any, zero: Any, scale2: Any, zero2: Any, **_: Any
) -> bool:
    """Whether both sides double and no value changes."""

    def value(each: Any) -> list[float] | float | None:
        return None if each.const_value is None else each.const_value.numpy().tolist()

    are_same = value(scale) == value(scale2) and value(zero) == value(zero2)
    return are_same and value(factors) == [1, 1, 2, 2]


def _repeat(op: Any, x: Any, **_: Any) -> Any:
    """[1, C, H, W] -> [1, C, 2 H, 2 W], by the layout of convolutions in int8, colours inside."""
    colours_inside = op.Squeeze(op.Transpose(x, perm=[0, 2, 3, 1]), _list(op, 0))
    places = op.Unsqueeze(colours_inside, _list(op, 2))  # [H, W, 1, C]
    columns = op.Reshape(op.Expand(places, _list(op, 1, 1, 2, 1)), _list(op, 0, 1, -1, 0))
    rows = op.Reshape(op.Expand(columns, _list(op, 1, 2, 1, 1)), _list(op, 1, -1, 0, 0))
    return op.Transpose(rows, perm=[0, 3, 1, 2])


def _shuffle(op: Any, x: Any, scale: Any, zero: Any) -> Any:
    return op.DepthToSpace(op.DequantizeLinear(x, scale, zero), mode="CRD", blocksize=CELL)


def _write_cells(op: Any, x: Any, scale: Any, zero: Any, **_: Any) -> Any:
    """[1, 3 rows columns, H, W] -> [1, 3, rows H, columns W]."""
    apart = op.Reshape(x, _list(op, 3 * CELL, CELL, 0, -1))
    columns = op.Unsqueeze(op.Transpose(apart, perm=[0, 2, 3, 1]), _list(op, 0))
    wide = op.Reshape(columns, _list(op, 3, CELL, 0, -1))
    rows = op.Transpose(wide, perm=[0, 2, 1, 3])
    return op.DequantizeLinear(op.Reshape(rows, _list(op, 1, 3, -1, 0)), scale, zero)


def _unshuffle(op: Any, x: Any, scale: Any, zero: Any) -> Any:
    return op.QuantizeLinear(op.SpaceToDepth(x, blocksize=CELL), scale, zero)


def _read_cells(op: Any, x: Any, scale: Any, zero: Any, **_: Any) -> Any:
    """[1, 3, rows H, columns W] -> [1, rows columns 3, H, W]."""
    pixels = op.QuantizeLinear(x, scale, zero)
    rows = op.Transpose(op.Reshape(pixels, _list(op, 3, -1, CELL, 0)), perm=[2, 0, 1, 3])
    apart = op.Reshape(rows, _list(op, 0, 0, 0, -1, CELL))
    columns = op.Transpose(apart, perm=PLACES_OUTSIDE)
    cells = op.Reshape(columns, _list(op, 1, 3 * CELL**2, 1, 0, -1))
    return op.Squeeze(cells, _list(op, 2))


def _list(op: Any, *values: int) -> Any:
    return op.Constant(value_ints=values)


_RULES = [
    pattern.RewriteRule(_nearest, _repeat, _is_doubling),
    pattern.RewriteRule(_shuffle, _write_cells),
    pattern.RewriteRule(_unshuffle, _read_cells),
]
