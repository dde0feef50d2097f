from pathlib import Path

import numpy as np
import onnx
import onnxslim
import pytest
import torch
from onnx import TensorProto, helper

from cyclegan.contract.errors import ExportError
from cyclegan.export import write_onnx
from cyclegan.graph import clean_up, comparison_sizes, load_graph
from cyclegan.networks import build_generator


def chain_of(*operators: str) -> onnx.ModelProto:
    names = ["picture", *(f"inner{place}" for place in range(1, len(operators))), "translation"]
    nodes = [
        helper.make_node(operator, [names[place]], [names[place + 1]])
        for place, operator in enumerate(operators)
    ]
    given, wanted = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, "height", "width"])
        for name in ("picture", "translation")
    )
    opset = helper.make_opsetid("", 18)
    graph = helper.make_graph(nodes, "chain", [given], [wanted])
    return helper.make_model(graph, opset_imports=[opset], ir_version=10)


def test_nodes_without_effect_go_and_the_answers_stay() -> None:
    model = chain_of("Identity", "Neg", "Identity")
    clean = clean_up(model, 4)
    assert [node.op_type for node in clean.graph.node] == ["Neg"]
    assert [node.op_type for node in model.graph.node] == ["Identity", "Neg", "Identity"]
    picture = np.random.default_rng(1).uniform(-1, 1, (1, 3, 8, 12)).astype(np.float32)
    (answer,) = load_graph(clean).run(None, {"picture": picture})
    assert (answer == -picture).all()


def test_a_graph_that_answers_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxslim, "slim", lambda _: chain_of("Abs"))
    with pytest.raises(ExportError, match=r"cleaned up, the graph answers otherwise by [\d.]+ at"):
        clean_up(chain_of("Neg"), 4)


def test_cells_become_channels_at_once(tmp_path: Path) -> None:
    network = build_generator("plain", 8, 1).eval()
    write_onnx(network, tmp_path / "plain.onnx")
    graph = onnx.load(tmp_path / "plain.onnx").graph
    assert [node.op_type for node in graph.node][:2] == ["SpaceToDepth", "Conv"]
    assert not {"Reshape", "Transpose", "Shape"} & {node.op_type for node in graph.node}
    picture = torch.rand(1, 3, 8, 12) * 2 - 1
    session = load_graph(onnx.load(tmp_path / "plain.onnx"))
    with torch.no_grad():
        expected = network(picture).numpy()
    (answer,) = session.run(["translation"], {"picture": picture.numpy()})
    np.testing.assert_allclose(answer, expected, atol=1e-5)


@pytest.mark.parametrize("multiple", [1, 4, 16, 128, 256])
def test_sizes_to_compare_at_fit_the_network(multiple: int) -> None:
    sizes = comparison_sizes(multiple)
    assert len(set(sizes)) == len(sizes) >= 2
    assert max(max(size) for size in sizes) >= 256  # beyond a receptive field, as a rule
    assert any(height != width for height, width in sizes)
    assert all(side % multiple == 0 for size in sizes for side in size)
