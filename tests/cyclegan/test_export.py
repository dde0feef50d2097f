import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from PIL import Image

from cyclegan import export as export_module
from cyclegan.checkpoint import averaged_weights, load_checkpoint
from cyclegan.config import TrainConfig
from cyclegan.contract.card import ModelCard
from cyclegan.contract.directions import DIRECTIONS, Direction
from cyclegan.contract.errors import (
    CheckpointError,
    ConfigError,
    ExportError,
    InputError,
    StorageError,
)
from cyclegan.contract.looks import MIN_LOOKS_PICTURES
from cyclegan.contract.pixels import from_network, to_network
from cyclegan.evaluate import translate
from cyclegan.export import (
    export,
    measure_parity,
    write_onnx,
)
from cyclegan.layers import GeneratorOptions
from cyclegan.networks import build_generator, generator_from
from cyclegan.origin import load_generator
from cyclegan.provenance import describe_config, find_looks
from cyclegan.resnet import AttentionGenerator
from cyclegan.train import train
from cyclegan.two_way import CycleGANStep
from tests.cyclegan.runs import command

GENERATORS = {
    "plain": {"generator": "plain"},
    "masked": {"generator": "plain", "mask_threshold": 0.05},
    "attention": {"generator": "attention"},
}


@pytest.fixture(scope="module", params=GENERATORS)
def config(request: pytest.FixtureRequest, data_dir: Path) -> TrainConfig:
    return TrainConfig(
        domain_a=str(data_dir / "trainA"),
        domain_b=str(data_dir / "trainB"),
        name_a="red",
        name_b="blue",
        **GENERATORS[request.param],
        generator_width=4,
        generator_blocks=1,
        discriminator_width=4,
        load_size_min=36,
        load_size_max=40,
        crop_size=32,
        max_images=2,
        num_workers=0,
        learning_rate=0.01,
    )


@pytest.fixture(scope="module")
def run(config: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(config, folder)
    return folder


@pytest.fixture(scope="module")
def models(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the models AtoB and BtoA of the run."""
    folder = tmp_path_factory.mktemp("models")
    for direction in DIRECTIONS:
        export(run, direction, direction, folder)
    return folder


# Where the generator does not matter: that with a mask takes twice as long to export.
WITH_ANY_GENERATOR = pytest.mark.parametrize("config", ["plain"], indirect=True)


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_the_model_computes_what_the_averaged_weights_do(
    config: TrainConfig, run: Path, models: Path, direction: Direction
) -> None:
    card = ModelCard.read(models / f"{direction}.json")
    step = CycleGANStep(config)
    step.load_state_dict(load_checkpoint(run / "latest.pt")["step"])
    name = {"AtoB": "G_AB", "BtoA": "G_BA"}[direction]
    session = ort.InferenceSession(models / card.file, providers=["CPUExecutionProvider"])
    for size in ((32, 32), (44, 132), (200, 36)):  # none of those that the export checks
        picture = np.random.default_rng(1).uniform(-1, 1, (1, 3, *size)).astype(np.float32)
        (found,) = session.run([card.output_name], {card.input_name: picture})
        with torch.no_grad():
            wanted = step.averages[name](torch.from_numpy(picture)).numpy()
            raw = step.networks[name](torch.from_numpy(picture)).numpy()
        np.testing.assert_allclose(found, wanted, atol=1e-4)
        assert np.abs(found - raw).max() > 1e-3


@WITH_ANY_GENERATOR
def test_a_card_that_cannot_be_written_leaves_the_model_before(
    run: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ("AtoB.json", "AtoB.onnx"):
        shutil.copy(models / file, tmp_path)

    def fail(card: ModelCard, path: Path) -> None:
        raise StorageError(f"{path} could not be written")

    monkeypatch.setattr(ModelCard, "write", fail)
    with pytest.raises(StorageError):
        export(run, "BtoA", "AtoB", tmp_path)
    ModelCard.read(tmp_path / "AtoB.json").verify(tmp_path / "AtoB.onnx")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("resnet6", GeneratorOptions(norm="affine", padding="zero", upsample="resize")),
        ("resnet6", GeneratorOptions(padding="replicate", downsample="blur", upsample="blur")),
        ("resnet6", GeneratorOptions()),
        ("unet128", GeneratorOptions(norm="affine")),
    ],
)
def test_every_choice_of_a_generator_can_be_exported(
    tmp_path: Path, name: str, options: GeneratorOptions
) -> None:
    network = build_generator(name, 2, 1, options).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.2
    write_onnx(network, tmp_path / "model.onnx")
    parity = measure_parity(network, tmp_path / "model.onnx")
    assert len(parity.sizes) >= 3
    assert any(height != width for height, width in parity.sizes)
    assert all(side % network.size_multiple == 0 for size in parity.sizes for side in size)


def test_a_mask_is_a_second_output_that_the_card_names(
    config: TrainConfig, run: Path, models: Path
) -> None:
    card = ModelCard.read(models / "AtoB.json")
    session = ort.InferenceSession(models / card.file, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    if not config.has_mask:
        assert (names, card.mask_name) == (["translation"], None)
        return
    assert (names[:2], card.mask_name) == (["translation", "mask"], "mask")
    network = load_generator(load_checkpoint(run / "latest.pt"), config, "AtoB")
    for size in ((32, 32), (44, 132), (200, 36)):
        picture = np.random.default_rng(1).uniform(-1, 1, (1, 3, *size)).astype(np.float32)
        picture[..., size[1] // 2 :] *= 0.02  # what comes of it differs less than of the other half
        translation, mask = session.run(names[:2], {card.input_name: picture})
        with torch.no_grad():
            wanted_translation, wanted_mask = network.with_mask(torch.from_numpy(picture))
        assert mask.shape == (1, 1, *size)
        assert mask.dtype == np.float32
        assert 0 <= mask.min() < 0.2 < 0.8 < mask.max() <= 1
        np.testing.assert_allclose(translation, wanted_translation, atol=1e-4)
        np.testing.assert_allclose(mask, wanted_mask, atol=1e-4)


@pytest.mark.parametrize("config", ["attention"], indirect=True)
def test_a_mask_with_norms_goes_with_their_statistics(models: Path) -> None:
    card = ModelCard.read(models / "AtoB.json")
    assert card.statistics_names == ("statistics", "statistics_found")
    assert card.tiling == "statistics"
    session = ort.InferenceSession(models / card.file, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    assert names == ["translation", "mask", "statistics_found"]


@WITH_ANY_GENERATOR
def test_a_run_without_a_mask_gets_one_at_export(run: Path, models: Path, tmp_path: Path) -> None:
    card = export(run, "AtoB", "masked", tmp_path, mask_threshold=0.1)
    plain = ModelCard.read(models / "AtoB.json")
    assert card.training is not None
    assert card.training.config["mask_threshold"] == 0.1
    assert (card.mask_name, card.architecture) == ("mask", plain.architecture)
    assert card.receptive_field is not None
    assert plain.receptive_field is not None
    assert card.receptive_field > plain.receptive_field
    picture = np.random.default_rng(1).uniform(-1, 1, (1, 3, 32, 40)).astype(np.float32)

    def answers(path: Path) -> list[np.ndarray]:
        session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        return session.run(None, {card.input_name: picture})

    (content,) = answers(models / plain.file)
    translation, mask = answers(tmp_path / card.file)
    np.testing.assert_allclose(translation, mask * content + (1 - mask) * picture, atol=1e-5)


@WITH_ANY_GENERATOR
def test_the_command_gives_a_mask_to_a_run_and_not_to_a_finished_model(
    run: Path, tmp_path: Path
) -> None:
    command("export", run, "--name", "masked", "--out", tmp_path, "--mask-threshold", 0.1)
    assert ModelCard.read(tmp_path / "masked.json").mask_name == "mask"
    finished = ("export", tmp_path / "masked.onnx", "--name", "again", "--out", tmp_path)
    with pytest.raises(InputError, match=r"finished model.*--mask-threshold"):
        command(*finished, "--mask-threshold", 0)


@pytest.mark.parametrize("config", ["attention"], indirect=True)
def test_a_mask_of_what_changes_is_for_plain_generators(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mask_threshold.*plain"):
        export(run, "AtoB", "masked", tmp_path, mask_threshold=0.1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("config", ["plain"], indirect=True)  # no other takes a border
def test_a_model_answers_as_in_training_with_the_border_of_its_training(
    config: TrainConfig, tmp_path: Path
) -> None:
    config = config.replace(border=6)
    train(config, tmp_path / "run")
    card = export(tmp_path / "run", "AtoB", "bordered", tmp_path)
    assert card.border == 6
    session = ort.InferenceSession(tmp_path / card.file, providers=["CPUExecutionProvider"])
    rgb = np.random.default_rng(0).integers(0, 256, (32, 40, 3), dtype=np.uint8)
    network = generator_from(config)
    state = load_checkpoint(tmp_path / "run" / "latest.pt")["step"]
    network.load_state_dict(averaged_weights(state, "G_AB"))
    with torch.no_grad():
        wanted = from_network(network(torch.from_numpy(to_network(rgb))).numpy())
    np.testing.assert_array_equal(translate(session, card, rgb), wanted)


def test_a_mask_that_differs_is_refused(tmp_path: Path) -> None:
    network = build_generator("attention", 2, 1).eval()
    assert isinstance(network, AttentionGenerator)
    write_onnx(network, tmp_path / "model.onnx")
    measure_parity(network, tmp_path / "model.onnx")
    model = onnx.load(tmp_path / "model.onnx")
    mask = next(node for node in model.graph.node if "mask" in node.output)
    assert mask.op_type == "Sigmoid"
    mask.output[0] = "inner"
    square = onnx.helper.make_node("Mul", ["inner", "inner"], ["mask"])
    for node in model.graph.node:  # the picture stays as it is
        node.input[:] = ["inner" if name == "mask" else name for name in node.input]
    model.graph.node.append(square)
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ExportError, match="differs from the network by"):
        measure_parity(network, tmp_path / "model.onnx")


def test_the_two_directions_are_the_two_generators(models: Path) -> None:
    there, back = (ModelCard.read(models / f"{direction}.json") for direction in DIRECTIONS)
    assert (there.source_domain, there.target_domain) == ("red", "blue")
    assert (back.source_domain, back.target_domain) == ("blue", "red")
    assert there.sha256 != back.sha256


@WITH_ANY_GENERATOR
def test_the_card_beside_the_model_holds_for_it(run: Path, tmp_path: Path) -> None:
    words = {"reverse": "back", "known_limits": ("Small.",), "default_size": 512}
    export(run, "AtoB", "model", tmp_path, **words, default_detail="off")
    assert {path.name for path in tmp_path.iterdir()} == {"model.onnx", "model.json"}
    card = ModelCard.read(tmp_path / "model.json")
    card.verify(tmp_path / "model.onnx")
    assert card.parity.max_abs_error <= card.parity.tolerance == 0.002  # 1e-3 of [-1, 1]
    assert len(card.parity.sizes) >= 3
    assert any(height != width for height, width in card.parity.sizes)
    assert card.training.images_seen == 2
    assert card.training.data == "5 pictures of red, 5 pictures of blue"
    assert (card.title, card.reverse, card.known_limits) == ("Red to blue", "back", ("Small.",))
    assert (card.default_size, card.default_detail) == (512, "off")
    assert (card.training_size, card.border, card.size_multiple) == (32, 16, 4)  # of "plain"
    assert (card.tiling, card.receptive_field) == ("exact", 36)  # 4 and 4 convolutions
    told = {"title": "Cool", "description": "It cools.", "data": "tea", "licence": "MIT"}
    asked = vars(export(run, "AtoB", "model", tmp_path, **told))
    assert told.items() <= (asked | {"data": asked["training"].data}).items()
    assert onnx.load(tmp_path / "model.onnx").opset_import[0].version == card.opset


def test_a_card_says_what_the_pictures_look_like_that_the_model_translates(
    config: TrainConfig, tmp_path: Path
) -> None:
    (tmp_path / "noise").mkdir()
    for number in range(MIN_LOOKS_PICTURES):
        Image.effect_noise((8, 8), number).save(tmp_path / "noise" / f"{number}.png")
    config = config.replace(domain_b=str(tmp_path / "noise"))
    found = find_looks(config, "BtoA")
    assert found
    assert found.pictures == f"{MIN_LOOKS_PICTURES} pictures of noise"
    assert find_looks(config, "AtoB") is None  # five are too few
    assert find_looks(config.replace(domain_a=str(tmp_path / "gone")), "AtoB") is None
    assert find_looks(config.replace(domain_a=""), "AtoB") is None  # an imported run has none


def test_a_card_names_no_folder_of_the_machine(run: Path, models: Path) -> None:
    config = json.loads((run / "config.json").read_text())
    assert str(Path(config["domain_a"]).parent) not in (models / "AtoB.json").read_text()
    with_vgg = TrainConfig(lambda_perceptual=1, perceptual_weights="/home/me/vgg16.pth")
    assert describe_config(with_vgg)["perceptual_weights"] == "vgg16.pth"


@WITH_ANY_GENERATOR
def test_a_model_that_differs_is_refused_and_not_written(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = export_module.write_onnx

    def write_with_a_wrong_weight(network: torch.nn.Module, path: Path) -> None:
        write(network, path)
        model = onnx.load(path)
        weights = next(w for w in model.graph.initializer if len(w.dims) == 4)
        wrong = -onnx.numpy_helper.to_array(weights)
        weights.CopyFrom(onnx.numpy_helper.from_array(wrong, weights.name))
        onnx.save(model, path)

    monkeypatch.setattr(export_module, "write_onnx", write_with_a_wrong_weight)
    with pytest.raises(ExportError, match=r"differs from the network by .* nothing was written"):
        export(run, "AtoB", "model", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_a_path_is_refused_and_nothing_made(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a model's name has letters"):
        export(run, "AtoB", "a/b", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no such checkpoint; expected a run folder"):
        export(tmp_path, "AtoB", "model", tmp_path)
    (tmp_path / "config.json").write_text(TrainConfig().to_json())
    with pytest.raises(CheckpointError, match=r"no such checkpoint; the run has saved none yet"):
        export(tmp_path, "AtoB", "model", tmp_path)
