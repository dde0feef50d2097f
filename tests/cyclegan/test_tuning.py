"""What a model in 8 bits learns: rounding that is that of the model, and losing less by it."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from cyclegan.contract.pixels import to_network
from cyclegan.export import write_onnx
from cyclegan.graph import clean_up, load_graph
from cyclegan.networks import build_generator
from cyclegan.plain import PlainGenerator
from cyclegan.precision import int8, tuning
from cyclegan.precision.tuning import Lesson
from tests.cyclegan.test_precision import set_weights

MULTIPLE = 8


def write(network: torch.nn.Module, folder: Path) -> onnx.ModelProto:
    set_weights(network.eval())
    write_onnx(network, folder / "model.onnx")
    model = clean_up(onnx.load(folder / "model.onnx"), MULTIPLE)
    return onnx.shape_inference.infer_shapes(model)


def draw(count: int) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(count)]


@pytest.mark.parametrize(
    "network",
    [PlainGenerator(16, 1), PlainGenerator(16, 2, 2), PlainGenerator(16, 1, mask_threshold=0.05)],
    ids=["one level", "two levels", "with a mask"],
)
def test_the_rounding_to_learn_by_is_that_of_the_model(
    tmp_path: Path, network: PlainGenerator
) -> None:
    model = write(network, tmp_path)
    # Whole levels of a picture lie halfway between those of its rounding, where float32 decides.
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 3, 32, 32)).astype(np.float32)
    ranges, names = int8.find_ranges(model, [picture]), int8._choose_nodes(model.graph)
    nodes, end = tuning._body(model.graph)
    simulated = tuning._Network(model.graph, nodes, end, ranges, names)
    with torch.no_grad():
        exact, rounded = (
            simulated(torch.from_numpy(picture), rounded=each).numpy() for each in (False, True)
        )
    wanted = tuning._answer(model, end, picture)
    eight = tuning._answer(int8._quantize(model, ranges, ()), end, picture)
    assert np.abs(exact - wanted).max() < 1e-4
    lost = np.square(eight - wanted).mean()
    assert (
        np.square(rounded - eight).mean() < lost / 3
    )  # ties may be rounded either way, in every layer


def test_a_model_learns_to_lose_less_on_pictures_that_it_has_not_seen(tmp_path: Path) -> None:
    model = write(PlainGenerator(16, 4, 2), tmp_path)
    *squares, unseen = draw(13)
    pictures, picture = list(map(to_network, squares)), to_network(unseen)
    (wanted,) = load_graph(model).run(["translation"], {"picture": picture})

    def loss(trial: onnx.ModelProto) -> float:
        (answer,) = load_graph(trial).run(["translation"], {"picture": picture})
        return float(np.square(answer - wanted).mean())

    found, names = int8.find_ranges(model, pictures), int8._choose_nodes(model.graph)
    ranges = {name: (1.5 * low, 1.5 * high) for name, (low, high) in found.items()}  # too wide
    learned = tuning.tune(model, ranges, names, Lesson(squares, 200, MULTIPLE))
    assert learned is not None
    before, after = loss(int8._quantize(model, ranges, ())), loss(int8._quantize(*learned, ()))
    assert after < before / 1.2
    assert loss(learned[0]) < after / 4  # in float32 it is nearly what it was


def test_a_network_that_is_not_known_does_not_learn(tmp_path: Path) -> None:
    model = write(build_generator("resnet6", 4, 1), tmp_path)
    (square,) = draw(1)
    ranges, names = int8.find_ranges(model, [to_network(square)]), int8._choose_nodes(model.graph)
    assert tuning.tune(model, ranges, names, Lesson([square], 1, MULTIPLE)) is None


def test_a_filter_of_zeros_learns_nothing_and_harms_nothing(tmp_path: Path) -> None:
    network = PlainGenerator(8, 1)
    model = write(network, tmp_path)
    for each in model.graph.initializer:
        if each.name.startswith("body.0.conv1"):
            zeros = np.zeros(tuple(each.dims), np.float32)
            each.CopyFrom(onnx.numpy_helper.from_array(zeros, each.name))
    (square,) = draw(1)
    picture = to_network(square)
    ranges, names = int8.find_ranges(model, [picture]), int8._choose_nodes(model.graph)
    learned = tuning.tune(model, ranges, names, Lesson([square], 3, MULTIPLE))
    assert learned is not None
    (answer,) = load_graph(int8._quantize(*learned, ())).run(None, {"picture": picture})
    assert np.isfinite(answer).all()
