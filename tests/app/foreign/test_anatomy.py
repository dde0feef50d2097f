"""What a file says of itself is read before anything in it is run."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from app.foreign.anatomy import read_anatomy
from tests.app.foreign.networks import FREE, refused, save


def test_operators_are_looked_for_in_branches_and_in_functions_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "it.onnx"
    found = helper.make_tensor_value_info("b", TensorProto.FLOAT, None)
    trick = helper.make_node("Trick", ["x"], ["b"], domain="com.example")
    branch = helper.make_graph([trick], "branch", [], [found])
    choice = helper.make_node("If", ["is"], ["y"], then_branch=branch, else_branch=branch)
    model = onnx.load(save(path, [choice], FREE["NCHW"]))
    assert read_anatomy(path).custom == ("com.example::Trick",)
    opset = helper.make_opsetid("", 17)
    for body, custom in (("", ()), ("com.other", ("com.other::Neg",))):
        node = helper.make_node("Neg", ["a"], ["b"], domain=body)
        own = helper.make_function("com.example", "Trick", ["a"], ["b"], [node], [opset])
        model.functions.append(own)
        onnx.save(model, path)
        assert read_anatomy(path).custom == custom


def test_weights_in_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "it.onnx"
    add = helper.make_node("Add", ["x", "more"], ["y"])
    save(path, [add], FREE["NCHW"], numbers={"more": np.zeros((1, 3, 1, 1))})
    assert not read_anatomy(path).has_external_data
    onnx.save(onnx.load(path), path, save_as_external_data=True, size_threshold=0)
    assert "keeps weights in other files" in refused(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", ""),
        (b"\0", ""),
        (b"<html>", ""),
        (b"\x0a\xff\xff\xff\xff\x0f", "it ends too early"),  # 4 GiB are to come
        (b"\x08\x07", "it has no graph"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "it.onnx"
    path.write_bytes(content)
    assert f"it.onnx is not an ONNX file: {reason}" in refused(path)
    assert "does not exist" in refused(tmp_path / "none.onnx")
    (tmp_path / "folder.onnx").mkdir()
    assert "folder.onnx is not a file; give an ONNX file" in refused(tmp_path / "folder.onnx")


def test_a_file_without_a_graph_or_with_graphs_without_end_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "it.onnx", [], FREE["NCHW"])
    assert "it has no graph" in refused(path)
    model = helper.make_model(helper.make_graph([], "innermost", [], []))
    for _ in range(30):  # of which each is a graph, a node and an attribute
        node = helper.make_node("If", ["is"], ["y"], then_branch=model.graph)
        model = helper.make_model(helper.make_graph([node], "around", [], []))
    path.write_bytes(model.SerializeToString())
    assert "its graphs are nested without end" in refused(path)


def test_the_opset_is_that_of_onnx_by_either_of_its_names(tmp_path: Path) -> None:
    node = helper.make_node("Neg", ["x"], ["y"])
    model = onnx.load(save(tmp_path / "it.onnx", [node], FREE["NCHW"]))
    model.opset_import[0].domain = "ai.onnx"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 99))
    onnx.save(model, tmp_path / "it.onnx")
    assert read_anatomy(tmp_path / "it.onnx").opset == 17


@pytest.mark.parametrize(
    ("counts", "precision"),
    [
        ({"FLOAT16": 3, "FLOAT": 2}, "fp16"),  # which have fewer bytes
        ({"FLOAT16": 2, "FLOAT": 3}, "fp32"),
        ({"BFLOAT16": 2}, "fp16"),
        ({"INT8": 3, "FLOAT": 2}, "int8"),
        ({"UINT8": 3, "FLOAT16": 2}, "int8"),
        ({"UINT8": 2, "FLOAT": 3}, "fp32"),
    ],
)
def test_precision_is_that_of_most_weights(
    tmp_path: Path, counts: dict[str, int], precision: str
) -> None:
    nodes = [helper.make_node("Neg", ["x"], ["y"])]
    model = onnx.load(save(tmp_path / "it.onnx", nodes, FREE["NCHW"]))
    for kind, count in counts.items():
        size = 1 if "INT8" in kind else 2 if "16" in kind else 4
        data_type = TensorProto.DataType.Value(kind)
        tensor = helper.make_tensor(kind, data_type, [count], bytes(count * size), raw=True)
        model.graph.initializer.append(tensor)
    onnx.save(model, tmp_path / "it.onnx")
    assert read_anatomy(tmp_path / "it.onnx").precision == precision


def test_the_bundled_models_are_int8() -> None:
    assert read_anatomy(Path(__file__).parents[3] / "weights/horse2zebra.onnx").precision == "int8"
