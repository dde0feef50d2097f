"""What moves bytes in a model of 8 bits: shared among CPUs, with the same answers."""

from collections import Counter

import numpy as np
import onnx
import pytest

from cyclegan.export import write_onnx
from cyclegan.graph import load_graph, noise, undo_gathering
from cyclegan.plain import PlainGenerator
from cyclegan.precision import int8
from cyclegan.precision.moves import share_moves

MOVES = ("SpaceToDepth", "Resize", "DepthToSpace")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> onnx.ModelProto:
    """A plain generator in float32, of three levels."""
    path = tmp_path_factory.mktemp("model") / "plain.onnx"
    write_onnx(PlainGenerator(8, 6, levels=3).eval(), path)
    return onnx.load(path)


def quantize(model: onnx.ModelProto, kept: tuple[str, ...] = ()) -> onnx.ModelProto:
    model = onnx.shape_inference.infer_shapes(model)
    return int8._quantize(model, int8.find_ranges(model, list(noise(16))), kept)


def count_moves(model: onnx.ModelProto) -> dict[str, int]:
    found = Counter(node.op_type for node in model.graph.node)
    return {kind: found[kind] for kind in MOVES}


def assert_same_answers(ours: onnx.ModelProto, theirs: onnx.ModelProto) -> None:
    sessions = load_graph(ours), load_graph(theirs)
    for picture in noise(16):
        one, other = (each.run(None, {"picture": picture})[0] for each in sessions)
        np.testing.assert_array_equal(one, other)
        assert one.std() > 0.01


def test_all_cpus_move_the_bytes_and_the_answers_stay(model: onnx.ModelProto) -> None:
    before = quantize(model)
    assert count_moves(before) == {"SpaceToDepth": 1, "Resize": 2, "DepthToSpace": 1}
    after = share_moves(before)
    assert count_moves(after) == dict.fromkeys(MOVES, 0)
    assert_same_answers(after, before)
    weights = np.arange(48.0).reshape(1, 48, 1, 1)  # of a first convolution, to be read again
    found = undo_gathering(after.graph, weights)
    np.testing.assert_array_equal(found, undo_gathering(before.graph, weights))
    assert (found != weights).any()


def test_what_stays_in_float_is_moved_as_before(model: onnx.ModelProto) -> None:
    last = [node.name for node in model.graph.node if node.op_type == "Conv"][-1]
    before = quantize(model, (last,))
    after = share_moves(before)
    assert count_moves(after) == dict.fromkeys(MOVES, 0) | {"DepthToSpace": 1}
    assert_same_answers(after, before)


@pytest.mark.parametrize("factors", [(1, 1, 3, 3), (1, 1, 2, 1)])
def test_enlarging_by_anything_but_two_stays(factors: tuple[int, ...]) -> None:
    """A resize of 8 bits by another factor is no pattern of ours."""
    text = """<ir_version: 10, opset_import: ["": 18]>
    graph (uint8[1, 4, H, W] x) => (uint8[1, 4, I, J] y)
    <float scale = {0.1}, uint8 zero = {3}, float[4] factors = {%s}> {
        a = DequantizeLinear(x, scale, zero)
        b = Resize<mode = "nearest">(a, , factors)
        y = QuantizeLinear(b, scale, zero)
    }"""
    model = onnx.parser.parse_model(text % ", ".join(map(str, factors)))
    assert count_moves(share_moves(model))["Resize"] == 1
    doubling = onnx.parser.parse_model(text % "1, 1, 2, 2")
    assert count_moves(share_moves(doubling))["Resize"] == 0


@pytest.mark.parametrize(("scale", "zero"), [("0.2", "3"), ("0.1", "4")])
def test_a_resize_that_changes_values_stays(scale: str, zero: str) -> None:
    model = onnx.parser.parse_model(f"""<ir_version: 10, opset_import: ["": 18]>
    graph (uint8[1, 4, H, W] x) => (uint8[1, 4, I, J] y)
    <float scale = {{0.1}}, uint8 zero = {{3}}, float[4] factors = {{1, 1, 2, 2}},
     float scale2 = {{{scale}}}, uint8 zero2 = {{{zero}}}> {{
        a = DequantizeLinear(x, scale, zero)
        b = Resize<mode = "nearest">(a, , factors)
        y = QuantizeLinear(b, scale2, zero2)
    }}""")
    assert count_moves(share_moves(model))["Resize"] == 1
