"""A model with norms, given the statistics of a whole picture, must not show its tiles."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray

from app.tiles import cut, sample
from cyclegan.export import INPUT_NAME, MASK_NAME, OUTPUT_NAME, write_onnx
from cyclegan.layers import GeneratorOptions
from cyclegan.networks import build_generator, init_weights
from cyclegan.statistics import FOUND, GIVEN, open_norms

MULTIPLE, FIELD = 4, 4 + 2 * (8 * 1 + 24)  # of one block


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> ort.InferenceSession:
    network = build_generator("attention", 4, 1, GeneratorOptions(norm="affine"))
    init_weights(network, torch.Generator().manual_seed(0), std=0.1)
    assert network.receptive_field == FIELD
    model = tmp_path_factory.mktemp("model") / "attention.onnx"
    write_onnx(network.eval(), model)
    return load(model.read_bytes())


def load(model: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 4  # it remarks on the optional input
    return ort.InferenceSession(model, options)


def draw(height: int, width: int, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-1, 1, (1, 3, height, width)).astype(np.float32)


def test_statistics_that_are_given_replace_those_of_the_picture(
    session: ort.InferenceSession,
) -> None:
    first, second = draw(64, 96, 0), 0.3 * draw(32, 40, 1) + 0.5
    picture, statistics = session.run([OUTPUT_NAME, FOUND], {INPUT_NAME: first})
    (again,) = session.run([OUTPUT_NAME], {INPUT_NAME: first, GIVEN: statistics})
    np.testing.assert_array_equal(again, picture)
    own, other = (
        session.run([OUTPUT_NAME], {INPUT_NAME: second, **given})[0]
        for given in ({}, {GIVEN: statistics})
    )
    assert np.abs(own - other).max() > 0.1


def test_tiles_with_the_statistics_of_the_whole_fit_together(session: ort.InferenceSession) -> None:
    picture = draw(140, 200, 2)
    names = [OUTPUT_NAME, MASK_NAME]
    *whole, statistics = session.run([*names, FOUND], {INPUT_NAME: picture})
    margin = (FIELD - MULTIPLE) // 2
    together = [np.empty_like(answer) for answer in whole]
    whole_of_it = slice(0, 140), slice(0, 200)
    for place, window, part in cut(picture.shape[2:], whole_of_it, (40, 40), margin):
        feed = {INPUT_NAME: picture[:, :, *window], GIVEN: statistics}
        for answer, tile in zip(together, session.run(names, feed), strict=True):
            answer[:, :, *place] = tile[:, :, *part]
    for ours, theirs in zip(together, whole, strict=True):
        assert np.abs(ours - theirs).max() < 1e-3


def test_a_graph_without_norms_is_left_alone() -> None:
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, "H", "W"])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["x"], ["y"])], "copy", [value], [value]
    )
    model = onnx.helper.make_model(graph)
    before = model.SerializeToString()
    assert not open_norms(model)
    assert model.SerializeToString() == before


@pytest.mark.parametrize(("height", "width"), [(40, 300), (64, 64), (500, 333)])
def test_a_sample_is_made_of_windows_all_over(height: int, width: int) -> None:
    for places, length in zip(sample((height, width), 64, 4), (height, width), strict=True):
        assert len(places) == min(length, 64)
        assert (places[0], places[-1]) == (0, length - 1)  # from end to end
        assert len(set(places.tolist())) == len(places)
