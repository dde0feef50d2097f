"""Models of another precision: near the fp32 one, refused where they are not, and bad input."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from PIL import Image

from cyclegan.contract.card import Fidelity, ModelCard
from cyclegan.contract.errors import CardError, DatasetError, ExportError, InputError, ModelError
from cyclegan.contract.files import sha256_of
from cyclegan.contract.folder import default_folder
from cyclegan.contract.images import load_picture
from cyclegan.evaluate import translate
from cyclegan.export import write_onnx
from cyclegan.features import load_session
from cyclegan.graph import load_graph
from cyclegan.networks import build_generator
from cyclegan.plain import PlainGenerator
from cyclegan.precision import Precision, conversion, convert, int8
from cyclegan.precision.int8 import quantize
from cyclegan.squares import in_strong_colours, middle_square
from cyclegan.statistics import FOUND, GIVEN, NORM

SIZE = 32
quick = partial(convert, tuning_images=8)
EXAMPLES = Path(__file__).parents[2] / "app" / "web" / "examples"


@pytest.fixture(scope="module")
def plain_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_generator("plain", 32, 2, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def resnet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_generator("resnet6", 4, 1, tmp_path_factory.mktemp("resnet"))


@pytest.fixture(scope="module")
def pictures_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 16 pictures, as few as there may be."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for index in range(16):
        rgb = rng.integers(0, 256, (SIZE, SIZE + index, 3), dtype=np.uint8)
        Image.fromarray(rgb).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def source(plain_file: Path, tmp_path: Path, add_model: Callable[..., ModelCard]) -> Path:
    """A folder of models with a finished fp32 model and its card."""
    (tmp_path / "weights").mkdir()
    return add_generator(plain_file, tmp_path / "weights", add_model)


def write_generator(name: str, width: int, blocks: int, folder: Path) -> Path:
    network = build_generator(name, width, blocks).eval()
    set_weights(network)
    write_onnx(network, folder / f"{name}.onnx")
    return folder / f"{name}.onnx"


def set_weights(network: torch.nn.Module) -> None:
    """Ones that keep the scale, so that every layer has something to say."""
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        scale = parameter[0].numel() ** -0.5 if parameter.ndim == 4 else 0.1
        parameter.data = torch.randn(parameter.shape, generator=generator) * scale


def add_generator(file: Path, folder: Path, add_model: Callable[..., ModelCard]) -> Path:
    card = add_model(folder, "mine")
    path = folder / card.file
    shutil.copy(file, path)
    training = replace(
        card.training, config={"load_size_max": SIZE + 2, "name_a": "photo", "name_b": "negative"}
    )
    card = replace(
        card, sha256=sha256_of(path), bytes=path.stat().st_size, opset=18, training=training
    )
    card.write(folder / "mine.json")
    return path


def answers(model: Path, **entries: str) -> np.ndarray:
    options = ort.SessionOptions()
    for key, value in entries.items():
        options.add_session_config_entry(key.replace("_", "."), value)
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(1).uniform(-1, 1, (1, 3, 40, 64)).astype(np.float32)
    (answer,) = session.run(["translation"], {"picture": picture})
    assert answer.dtype == np.float32
    return answer


@pytest.mark.parametrize(("precision", "share"), [("fp16", 0.6), ("int8", 0.7)])
def test_a_smaller_model_answers_nearly_the_same_and_its_card_says_how_nearly(
    source: Path, tmp_path: Path, pictures_dir: Path, precision: Precision, share: float
) -> None:
    before = source.read_bytes(), source.with_suffix(".json").read_bytes()
    quick(source, precision, "small", tmp_path / "out", calibrate=pictures_dir)
    assert (source.read_bytes(), source.with_suffix(".json").read_bytes()) == before
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"small.onnx", "small.json"}
    card = ModelCard.read(tmp_path / "out" / "small.json")
    card.verify(tmp_path / "out" / "small.onnx")
    original = ModelCard.read(source.with_suffix(".json"))
    assert card.precision == precision
    assert card.bytes < share * original.bytes
    assert card.metrics == ()
    assert card.fidelity is not None
    assert card.fidelity.source_sha256 == original.sha256
    assert card.fidelity.pictures == "4 pictures of " + pictures_dir.name + (
        # 34 is no multiple of 4
        ", middle squares of 32 pixels, as they are and in strong colours"
    )
    error = np.square(answers(tmp_path / "out" / "small.onnx") - answers(source)).mean()
    assert 10 * np.log10(4 / error) == pytest.approx(card.fidelity.psnr_db, abs=2)
    assert card.fidelity.psnr_db > {"fp16": 60, "int8": 35}[precision]
    if precision == "fp16":
        assert (card.fidelity.calibration, card.fidelity.float_layers) == (None, ())
    else:
        assert card.fidelity.calibration is not None
        assert card.fidelity.calibration.startswith("static, on 12 other pictures of ")
        assert card.fidelity.calibration.endswith("learned from 8 crops of 12 pictures")
        assert len(card.fidelity.float_layers) == 1


def test_no_sum_of_two_products_overflows_16_bits(
    source: Path, tmp_path: Path, pictures_dir: Path
) -> None:
    quick(source, "int8", "small", tmp_path, calibrate=pictures_dir)
    model = onnx.load(tmp_path / "small.onnx")
    weights = [
        onnx.numpy_helper.to_array(each) for each in model.graph.initializer if len(each.dims) == 4
    ]
    largest = [np.abs(each.astype(int)).max() for each in weights if each.dtype == np.int8]
    assert largest == [64] * 5  # of six layers, the last stayed in float
    # The second computes u8s8 as u8u8 where a CPU would overflow.
    exact = answers(tmp_path / "small.onnx", session_x64quantprecision="1")
    assert (answers(tmp_path / "small.onnx") == exact).all()


def test_sums_of_convolutions_are_in_8_bits(
    source: Path, tmp_path: Path, pictures_dir: Path
) -> None:
    quick(source, "int8", "small", tmp_path, calibrate=pictures_dir)
    graph = onnx.load(tmp_path / "small.onnx").graph
    assert len([node for node in graph.node if node.op_type == "Add"]) == 2
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 3  # it warns that the file is for this machine
    ort.InferenceSession(tmp_path / "small.onnx", options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node]
    assert "Add" not in kinds
    assert kinds.count("QLinearAdd") == 2


def test_sums_of_norms_are_not_rounded_between_them(
    tmp_path: Path, pictures_dir: Path, add_model: Callable[..., ModelCard]
) -> None:
    source = add_generator(write_generator("resnet6", 4, 2, tmp_path), tmp_path, add_model)
    quick(source, "int8", "small", tmp_path / "out", calibrate=pictures_dir)
    graph = onnx.load(tmp_path / "out" / "small.onnx").graph
    first, second = (n for n in graph.node if n.op_type == "Add" and NORM not in n.name)
    assert first.output[0] in second.input


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("mask_threshold", [0.0, 0.05])
def test_what_is_in_8_bits_has_nothing_else_on_either_side(
    tmp_path: Path, levels: int, mask_threshold: float
) -> None:
    network = PlainGenerator(8, 4, levels, mask_threshold=mask_threshold)
    write_onnx(network.eval(), tmp_path / "plain.onnx")
    graph = onnx.load(tmp_path / "plain.onnx").graph
    names = int8._choose_nodes(graph)
    kinds = Counter(node.op_type for node in graph.node if node.name in names)
    # Of each block one, and one that brings the coarser level back; those of the mask are others.
    assert (kinds["Add"], kinds["Resize"]) == (4 + (levels - 1), levels - 1)


def test_norms_are_not_learned_with(
    tmp_path: Path, resnet_file: Path, pictures_dir: Path, add_model: Callable[..., ModelCard]
) -> None:
    source = add_generator(resnet_file, tmp_path, add_model)
    card = quick(
        source, "int8", "small", tmp_path / "out", calibrate=pictures_dir, accept_loss=True
    )
    assert card.fidelity is not None
    assert card.fidelity.calibration is not None
    assert "learned" not in card.fidelity.calibration


@pytest.mark.parametrize(
    ("precision", "images", "count"), [("fp16", 8, 80), ("int8", 0, 80), ("int8", 8, 400)]
)
def test_more_pictures_are_read_only_to_learn_from(
    source: Path,
    pictures_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    precision: Precision,
    images: int,
    count: int,
) -> None:
    asked: list[int] = []
    load = conversion.load_squares

    def note(paths: list[Path], most: int, *more: Any) -> list[Any]:
        asked.append(most)
        return load(paths, most, *more)

    monkeypatch.setattr(conversion, "load_squares", note)
    where = {"calibrate": pictures_dir, "tuning_images": images}
    convert(source, precision, "small", source.parent, **where)
    assert asked == [count]


@pytest.mark.parametrize("last", [0.7, 0.8])
def test_a_layer_stays_in_float_where_that_gains_enough(plain_file: Path, last: float) -> None:
    model = onnx.load(plain_file)
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    gains = dict.fromkeys(convolutions, 1.4) | {convolutions[2]: 1.5, convolutions[-1]: last}

    def psnr_db(trial: onnx.ModelProto) -> float:
        return 40 + sum(gains[name] for name in float_layers(trial))

    def float_layers(trial: onnx.ModelProto) -> list[str]:
        floats = {each.name for each in trial.graph.initializer if each.data_type == 1}
        return [n.name for n in trial.graph.node if n.op_type == "Conv" and n.input[1] in floats]

    picture = np.random.default_rng(0).uniform(-1, 1, (1, 3, 32, 32)).astype(np.float32)
    quantized, kept, _ = quantize(model, [picture], psnr_db)
    assert kept == (convolutions[2], convolutions[-1])[: 1 + (last >= 0.75)]
    assert float_layers(quantized) == list(kept)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_norms_stay_in_float(
    resnet_file: Path,
    tmp_path: Path,
    pictures_dir: Path,
    add_model: Callable[..., ModelCard],
    precision: Precision,
) -> None:
    source = add_generator(resnet_file, tmp_path, add_model)
    card = quick(source, precision, "small", tmp_path / "out", calibrate=pictures_dir)
    assert card.fidelity is not None
    assert card.fidelity.psnr_db > 35
    graph = onnx.load(tmp_path / "out" / "small.onnx").graph
    norms = [node for node in graph.node if node.name.startswith(NORM)]
    assert len(norms) > 10
    kinds = {each.name: each.data_type for each in graph.initializer}
    used = {kinds[name] for node in norms for name in node.input if name in kinds}
    assert onnx.TensorProto.FLOAT in used
    assert used <= {onnx.TensorProto.FLOAT, onnx.TensorProto.INT64}
    assert {"fp16": onnx.TensorProto.FLOAT16, "int8": onnx.TensorProto.INT8}[precision] in set(
        kinds.values()
    )
    # The norms of a smaller model take a sample's statistics as those of the whole one do.
    session = load_graph(onnx.load(tmp_path / "out" / "small.onnx"))
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 3, 32, 32)).astype(np.float32)
    answer, statistics = session.run(["translation", FOUND], {"picture": picture})
    again = session.run(["translation"], {"picture": picture, GIVEN: statistics})[0]
    np.testing.assert_allclose(again, answer, atol=1e-3)


def test_kid_of_both_models_is_measured_and_the_metrics_are_the_new_models(
    source: Path,
    tmp_path: Path,
    pictures_dir: Path,
    data_dir: Path,
    features: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = quick(
        source, "int8", "small", tmp_path, calibrate=pictures_dir, data=data_dir, features=features
    )
    kid = card.metrics[0]
    assert kid.name == "KID"
    assert card.fidelity is not None
    assert card.fidelity.kid == kid.value
    assert card.fidelity.kid_fp32 == pytest.approx(kid.value, abs=1)
    assert card.fidelity.kid_fp32 != kid.value
    monkeypatch.setattr(conversion, "MAX_KID_LOSS", -100.0)
    measured = {"data": data_dir, "features": features}
    with pytest.raises(ExportError, match="KID x100 rises from"):
        quick(source, "fp16", "half", tmp_path, calibrate=pictures_dir, **measured)
    assert not list(tmp_path.glob("*half*"))


def test_a_model_that_is_spoilt_is_refused_unless_that_is_accepted(
    source: Path, tmp_path: Path, pictures_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "MIN_PSNR_DB", 100.0)
    with pytest.raises(ExportError, match=r"dB from the fp32 one, at least 100 .*--accept-loss"):
        quick(source, "int8", "small", tmp_path / "out", calibrate=pictures_dir)
    assert not (tmp_path / "out").exists()
    quick(source, "int8", "small", tmp_path / "out", calibrate=pictures_dir, accept_loss=True)
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_kid_that_rises_by_more_than_one_is_refused() -> None:
    fidelity = Fidelity("mine", "0" * 64, 40.0, "16 pictures", None, (), 22.0, 23.0)
    conversion.refuse_loss(fidelity, False)
    worse = replace(fidelity, kid=23.1)
    with pytest.raises(ExportError, match=r"KID x100 rises from 22\.00 to 23\.10"):
        conversion.refuse_loss(worse, False)
    conversion.refuse_loss(worse, True)


def test_answers_that_are_no_numbers_are_refused() -> None:
    fidelity = Fidelity("mine", "0" * 64, float("nan"), "16 pictures", None, (), None, None)
    with pytest.raises(ExportError, match="nan dB"):
        conversion.refuse_loss(fidelity, False)


def test_fewer_than_16_usable_pictures_are_refused(
    source: Path, tmp_path: Path, pictures_dir: Path
) -> None:
    folder = shutil.copytree(pictures_dir, tmp_path / "few")
    (folder / "3.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"few: 15 pictures can be used, expected at least 16"):
        quick(source, "int8", "small", tmp_path / "out", calibrate=folder)
    (folder / "3.png").unlink()
    with pytest.raises(
        DatasetError, match=r"few: found 15 pictures, expected at least 16; add some"
    ):
        quick(source, "int8", "small", tmp_path / "out", calibrate=folder)
    assert not (tmp_path / "out").exists()


def test_an_incomplete_card_is_refused(source: Path, tmp_path: Path, pictures_dir: Path) -> None:
    card = source.with_suffix(".json")
    data = json.loads(card.read_text())
    del data["size_multiple"]
    card.write_text(json.dumps(data))
    with pytest.raises(CardError, match=r'mine\.json: "size_multiple" is missing'):
        quick(source, "int8", "small", tmp_path / "out", calibrate=pictures_dir)
    card.unlink()
    with pytest.raises(CardError, match=r"mine\.json cannot be read: no such file"):
        quick(source, "int8", "small", tmp_path / "out", calibrate=pictures_dir)


def test_a_model_that_is_not_fp32_is_refused(
    source: Path, tmp_path: Path, pictures_dir: Path
) -> None:
    small = quick(source, "fp16", "small", tmp_path, calibrate=pictures_dir)
    with pytest.raises(ModelError, match=r"small\.onnx is fp16 .*expected a model in fp32"):
        quick(tmp_path / "small.onnx", "int8", "tiny", tmp_path / "out", calibrate=pictures_dir)
    replace(small, precision="fp32", fidelity=None).write(tmp_path / "small.json")
    with pytest.raises(ModelError, match=r"has weights of FLOAT.*16"):
        quick(tmp_path / "small.onnx", "int8", "tiny", tmp_path / "out", calibrate=pictures_dir)


def test_the_source_is_not_replaced(source: Path, pictures_dir: Path) -> None:
    with pytest.raises(InputError, match="give another --name"):
        quick(source, "int8", "mine", source.parent, calibrate=pictures_dir)
    elsewhere = source.parent / ".." / source.parent.name  # the same folder
    with pytest.raises(InputError, match="give another --name"):
        quick(source, "int8", "mine", elsewhere, calibrate=pictures_dir)


def test_a_model_that_is_not_of_its_card_is_refused(source: Path, pictures_dir: Path) -> None:
    source.write_bytes(source.read_bytes() + b"\0")
    with pytest.raises(CardError, match=r"mine\.onnx"):
        quick(source, "int8", "small", source.parent, calibrate=pictures_dir)


def test_a_model_that_was_made_elsewhere_is_refused(source: Path, pictures_dir: Path) -> None:
    card = ModelCard.read(source.with_suffix(".json"))
    nothing = dict.fromkeys(("architecture", "training", "parity"))
    replace(card, **nothing).write(source.with_suffix(".json"))
    with pytest.raises(ModelError, match="was made elsewhere"):
        quick(source, "int8", "small", source.parent, calibrate=pictures_dir)


@pytest.mark.parametrize("name", ["horse2zebra", "zebra2horse", "selfie2anime"])
def test_bundled_models_answer_as_in_float32_to_colours_that_no_animal_has(name: str) -> None:
    photo = load_picture(EXAMPLES / "horses.jpg").rgb
    photo = middle_square(photo, 256)
    folders = (default_folder(), default_folder() / "fp32")
    cards = [ModelCard.read(folder / f"{name}.json") for folder in folders]
    assert [card.precision for card in cards] == ["int8", "fp32"]
    sessions = [load_session(folder / f"{name}.onnx") for folder in folders]
    for number in range(6):
        strong = in_strong_colours(photo, number)
        ours, wanted = (
            translate(session, card, strong).astype(float)
            for session, card in zip(sessions, cards, strict=True)
        )
        assert 10 * np.log10(255**2 / np.square(ours - wanted).mean()) > 30
