"""Models without a card: what is found out about them, and that they translate as it says."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from app.foreign import Words, propose
from app.store import Store
from cyclegan.contract.images import load_picture
from tests.app.foreign.networks import FREE, Shape, negative, refused, save


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("value_range", [(-1, 1), (0, 1), (0, 255)])
def test_layout_and_range_are_found_and_translate_exactly(
    command, tmp_path: Path, noise, layout: str, value_range: tuple[int, int]
) -> None:
    model = negative(tmp_path / "made.onnx", FREE[layout], sum(value_range))
    weights = tmp_path / "w"
    ran = command("models", "add", model, "--yes", "--weights", weights, "--title", "Negative")
    assert (ran.code, ran.stderr) == (0, "")
    assert f"as {layout} " in ran.stdout
    assert f"{value_range[0]} to {value_range[1]}." in ran.stdout
    card = Store(weights).card("made")
    assert (card.layout, card.value_range, card.size_multiple) == (layout, value_range, 1)
    assert (card.title, card.opset, card.training, card.parity) == ("Negative", 17, None, None)
    rgb = noise(37, 53)
    np.testing.assert_array_equal(Store(weights).load("made").run(rgb), 255 - rgb)
    assert load_picture(weights / (card.example or "")).rgb.shape == (256, 512, 3)
    assert load_picture(tmp_path / "made.test.jpg").rgb.shape[0] == 3 * 260


@pytest.mark.parametrize("policy", ["tile", "resize"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_a_fixed_size_is_tiled_or_resized(
    command, tmp_path: Path, noise, layout: str, policy: str
) -> None:
    shape: Shape = [1, 3, 24, 32] if layout == "NCHW" else [1, 24, 32, 3]
    model = negative(tmp_path / "made.onnx", shape, 1)  # black is 0, white is 1
    ran = command(
        "models", "add", model, "--yes", "--weights", tmp_path / "w", "--size-policy", policy
    )
    assert "It takes 32 x 24 pixels and no other size" in ran.stdout
    translator = Store(tmp_path / "w").load("made")
    for size in ((24, 32), (10, 7), (1, 1)):
        np.testing.assert_array_equal(translator.run(noise(*size)), 255 - noise(*size))
    for size in ((25, 32), (90, 130), (7, 300)):
        found = translator.run(noise(*size))
        assert found.shape == (*size, 3)
        if policy == "tile":
            np.testing.assert_array_equal(found, 255 - noise(*size))


def test_of_a_network_that_fixes_one_side_the_other_is_as_long(tmp_path: Path) -> None:
    model = negative(tmp_path / "made.onnx", [1, 3, 24, "w"], 1)
    fixed = propose(model, "made", Words()).card.fixed_size
    assert fixed is not None
    assert (fixed.height, fixed.width) == (24, 24)


def test_a_large_picture_keeps_its_detail_beside_a_model_that_it_is_resized_for(
    command, tmp_path: Path, put: Callable[..., Path]
) -> None:
    model = save(tmp_path / "same.onnx", [helper.make_node("Identity", ["x"], ["y"])], [1, 3, 8, 8])
    weights = tmp_path / "w"
    assert command("models", "add", model, "--yes", "--weights", weights).code == 0
    photo = Path(__file__).parents[3] / "app" / "web" / "examples" / "cat.jpg"
    for size in ("auto", "native"):
        out = tmp_path / f"{size}.png"
        assert command("convert", photo, out, "--weights", weights, "--size", size).code == 0
        np.testing.assert_array_equal(load_picture(out).rgb, load_picture(photo).rgb)


def test_a_model_with_its_card_is_copied_with_it(
    command, tmp_path: Path, weights_dir: Path
) -> None:
    ran = command("models", "add", weights_dir / "negate.onnx", "--yes", "--weights", tmp_path)
    assert (ran.code, list(tmp_path.glob("*.onnx"))) == (2, [])
    assert f"has its card beside it, negate.json; copy both into {tmp_path}, for" in ran.stderr
    (weights_dir / "negate.json").write_text("{}")  # some other program's
    ran = command("models", "add", weights_dir / "negate.onnx", "--yes", "--weights", tmp_path)
    assert (ran.code, Store(tmp_path).card("negate").training) == (0, None)


def test_the_layout_is_tried_where_no_axis_tells_it(tmp_path: Path) -> None:
    shape: Shape = ["n", "a", "b", "c"]
    kernel = np.eye(3, dtype=np.float32)[:, :, None, None] * -1  # [3, 3, 1, 1]
    first = helper.make_node("Conv", ["x", "kernel"], ["y"])
    nchw = save(tmp_path / "first.onnx", [first], shape, numbers={"kernel": kernel})
    assert propose(nchw, "first", Words()).card.layout == "NCHW"
    turned = [
        helper.make_node("Transpose", ["x"], ["c"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["c", "kernel"], ["d"]),
        helper.make_node("Transpose", ["d"], ["y"], perm=[0, 2, 3, 1]),
    ]
    nhwc = save(tmp_path / "last.onnx", turned, shape, numbers={"kernel": kernel})
    assert propose(nhwc, "last", Words()).card.layout == "NHWC"


@pytest.mark.parametrize("factor", [2, 8])
def test_the_multiple_is_the_smallest_whose_sizes_come_back(tmp_path: Path, factor: int) -> None:
    sizes = {"half": np.array([1, 1, 1 / factor, 1 / factor], np.float32)}
    sizes["twice"] = 1 / sizes["half"]
    nodes = [
        helper.make_node("Resize", ["x", "", "half"], ["s"], mode="nearest"),
        helper.make_node("Resize", ["s", "", "twice"], ["t"], mode="nearest"),
        helper.make_node("Neg", ["t"], ["y"]),
    ]
    model = save(tmp_path / "made.onnx", nodes, FREE["NCHW"], numbers=sizes)
    assert propose(model, "made", Words()).card.size_multiple == factor


@pytest.mark.parametrize(
    ("kind", "name", "total"),
    [(TensorProto.UINT8, "uint8", 255), (TensorProto.FLOAT16, "float16", 255)],
)
def test_other_numbers_than_float32_are_taken(
    command, tmp_path: Path, noise, kind: int, name: str, total: int
) -> None:
    model = negative(tmp_path / "made.onnx", FREE["NHWC"], total, kind=kind)
    assert command("models", "add", model, "--yes", "--weights", tmp_path / "w").code == 0
    translator = Store(tmp_path / "w").load("made")
    assert (translator.card.tensor_type, translator.card.value_range) == (name, (0, 255))
    np.testing.assert_array_equal(translator.run(noise(9, 7)), 255 - noise(9, 7))


def test_a_squashed_answer_tells_its_range_and_another_can_be_given(tmp_path: Path) -> None:
    for operator, value_range in (("Tanh", (-1, 1)), ("Sigmoid", (0, 1))):
        node = helper.make_node(operator, ["x"], ["y"])
        model = save(tmp_path / f"{operator}.onnx", [node], FREE["NCHW"])
        assert propose(model, "it", Words()).card.value_range == value_range
    assert propose(model, "it", Words(), value_range=(0.0, 255.0)).card.value_range == (0, 255)


def test_a_range_that_is_not_clear_is_said_to_be_so(tmp_path: Path) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    model = save(tmp_path / "same.onnx", [node], FREE["NCHW"])
    assert "nearly as likely, so look at the colours" in propose(model, "it", Words()).findings[1]


@pytest.mark.parametrize("factor", [1 / 255, 255, 0])
def test_answers_in_other_values_than_it_takes_are_said_to_be_hardly_pictures(
    tmp_path: Path, factor: float
) -> None:
    scale = helper.make_node("Mul", ["x", "factor"], ["y0"])
    squash = helper.make_node("Clip", ["y0", "black", "white"], ["y"])
    numbers = {"factor": factor, "black": 0.0, "white": max(255 * factor, 1.0)}
    model = save(tmp_path / "scaled.onnx", [scale, squash], FREE["NCHW"], numbers=numbers)
    assert "hardly look like pictures" in propose(model, "it", Words()).findings[1]


def test_nothing_is_added_before_it_is_confirmed_and_nothing_twice(command, tmp_path: Path) -> None:
    model = negative(tmp_path / "made.onnx", FREE["NCHW"], 0)
    weights = tmp_path / "w"
    ran = command("models", "add", model, "--weights", weights)
    assert (ran.code, weights.exists()) == (0, False)
    assert "Nothing was added; --yes adds it" in ran.stdout
    told = json.loads(
        command("models", "add", model, "--weights", weights, "--yes", "--json").stdout
    )
    assert (told["is_added"], told["sheet"]) == (True, str(tmp_path / "made.test.jpg"))
    assert told["card"] == json.loads((weights / "made.json").read_text())
    ran = command("models", "add", model, "--weights", weights, "--yes")
    assert ran.code == 2
    assert 'has a model "made" already; give another name' in ran.stderr
    ran = command("models", "add", model, "--weights", weights, "--yes", "--name", "../made")
    assert (ran.code, "a model's name has letters" in ran.stderr) == (2, True)
    assert sorted(path.name for path in weights.iterdir()) == [
        "made.example.jpg",
        "made.json",
        "made.onnx",
    ]


def test_what_could_not_be_added_leaves_nothing_and_can_be_added_again(
    command, tmp_path: Path
) -> None:
    model, weights = negative(tmp_path / "made.onnx", FREE["NCHW"], 1), tmp_path / "w"
    weights.mkdir()
    card = weights / "made.json"
    card.symlink_to("/dev/null/made.json")  # where nothing can be written
    asked = ("models", "add", model, "--yes", "--weights", weights)
    ran = command(*asked)
    assert (ran.code, list(weights.iterdir())) == (2, [card])
    card.unlink()
    assert command(*asked).code == 0


def test_a_file_in_the_folder_gets_its_card_there(command, weights_dir: Path) -> None:
    model = negative(weights_dir / "made.onnx", FREE["NCHW"], 0)
    before = model.read_bytes()
    assert "`cyclegan models add`" in command("models").stderr
    assert command("models", "add", model, "--yes").code == 0
    assert model.read_bytes() == before
    listed = json.loads(command("models", "list", "--json").stdout)
    assert [entry["reason"] for entry in listed] == [None, None]
    assert "its card does not say how" in command("models", "info", "made").stdout


def test_what_is_no_picture_to_picture_network_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "it.onnx"
    free = FREE["NCHW"]
    add = helper.make_node("Add", ["x", "z"], ["y"])
    save(path, [add], free, inputs=("x", "z"))
    assert "it has 2 inputs (x, z); expected one, the picture" in refused(path)
    mean = helper.make_node("ReduceMean", ["x"], ["y"], axes=[2, 3], keepdims=0)
    save(path, [mean], free)
    assert "with [1, 3]; expected a picture of the same size" in refused(path)
    save(path, [helper.make_node("Transpose", ["x"], ["y"], perm=[0, 1, 3, 2])], free)
    assert "expected a picture of the same size" in refused(path)
    twice = {"twice": np.array([1, 1, 2, 2], np.float32)}
    save(path, [helper.make_node("Resize", ["x", "", "twice"], ["y"])], free, numbers=twice)
    assert "[1, 3, 512, 512]" in refused(path)
    neg = helper.make_node("Neg", ["x"], ["y"])
    save(path, [neg], ["n", 1, "h", "w"])
    assert "it takes [n, 1, h, w]; expected three channels" in refused(path)
    save(path, [neg], [4, 3, 8, 8])
    assert "expected one picture" in refused(path)
    save(path, [neg], [1, 3, 10**7, "w"])
    assert "it takes 10000000 x 10000000 pixels and no other size; expected 100" in refused(path)
    save(path, [neg], ["n", 768])
    assert "it takes a tensor of shape [n, 768]" in refused(path)
    save(path, [neg], free, kind=TensorProto.INT64)
    assert "it takes a tensor(int64)" in refused(path)
    save(path, [helper.make_node("Log", ["x"], ["y"])], free)
    assert "NaN or infinite" in refused(path)
    save(path, [helper.make_node("Trick", ["x"], ["y"], domain="com.example")], free)
    assert "operators that ONNX Runtime does not have: com.example::Trick" in refused(path)
