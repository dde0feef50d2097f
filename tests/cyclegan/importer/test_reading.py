"""Other projects' folders become runs and models of ours, with a report of how."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import nn

from cyclegan.checkpoint import load_checkpoint
from cyclegan.config import TrainConfig, read_config
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import CheckpointError, ConfigError, InputError
from cyclegan.export import export
from cyclegan.importer import read, write_run
from cyclegan.networks import generator_from
from cyclegan.run_claim import keep_config
from cyclegan.train import train
from tests.cyclegan.foreign_networks import assert_equal_outputs, drawn, patches, resnet, save
from tests.cyclegan.runs import command


def reference_folder(folder: Path, options: str = "") -> dict[str, nn.Module]:
    networks = {
        name: drawn(patches() if name.startswith("D") else resnet(6), seed)
        for seed, name in enumerate(("G_A", "G_B", "D_A", "D_B"))
    }
    for name, network in networks.items():
        save(network, folder / f"latest_net_{name}.pth")
    if options:
        (folder / "train_opt.txt").write_text(options)
    return networks


def option_lines(**options: object) -> str:
    lines = [f"{key:>25}: {value!s:<30}\t[default: x]" for key, value in options.items()]
    return "\n".join(["----------------- Options ---------------", *lines, "----------------- End"])


@pytest.mark.parametrize(
    ("direction", "counterparts"),
    [
        ("AtoB", {"G_A": "G_AB", "G_B": "G_BA", "D_A": "D_B", "D_B": "D_A"}),
        ("BtoA", {"G_A": "G_BA", "G_B": "G_AB", "D_A": "D_A", "D_B": "D_B"}),
    ],
)
def test_names_are_crossed_as_the_direction_says(
    tmp_path: Path, direction: str, counterparts: dict[str, str]
) -> None:
    networks = reference_folder(tmp_path, option_lines(direction=direction, name="horse2zebra"))
    weights = read(tmp_path).weights
    for theirs, ours in counterparts.items():
        first = next(iter(networks[theirs].state_dict().values()))
        assert any(torch.equal(first, tensor) for tensor in weights[ours].values()), theirs


def test_options_become_settings(tmp_path: Path) -> None:
    options = option_lines(
        name="experiment_name", dataroot="./datasets/horse2zebra", lr=0.0001, beta1=0.4,
        lambda_A=8.0, lambda_identity=0.25, pool_size=20, batch_size=2, gan_mode="vanilla",
        crop_size=128, load_size=150, epoch_count=1, phase="train", batchSize="1e999",
    )  # fmt: skip
    reference_folder(tmp_path, options)
    config = read(tmp_path).config
    assert (config.name_a, config.name_b) == ("horse", "zebra")
    assert (config.learning_rate, config.beta1, config.batch_size) == (1e-4, 0.4, 2)
    assert (config.lambda_cycle, config.lambda_identity) == (8, 2)  # 0.25 times 8
    assert (config.pool_size, config.objective) == (20, "vanilla")
    assert (config.crop_size, config.load_size_min, config.load_size_max) == (128, 150, 150)


def test_the_report_tells_what_was_read_and_what_guessed(tmp_path: Path) -> None:
    folder = tmp_path / "apple2orange_pretrained"
    save(resnet(6, "batch", dropout=0.5), folder / "latest_net_G.pth")
    report = {fact.what: (fact.value, fact.source) for fact in read(folder).report}
    assert report["G_AB"] == ("from G", "latest_net_G.pth")
    assert report["G_BA"] == report["D_A"] == report["D_B"] == ("starts anew: not there", "")
    assert report["generator"] == ("resnet6", "keys")
    assert report["name_a"] == ("apple", "guess: a name")
    notes = [(fact.value, fact.source) for fact in read(folder).report if fact.what == "note"]
    assert [source for _, source in notes] == ["keys", "keys", "guess"]
    assert "Batch norm becomes instance norm" in notes[0][0]
    assert "Dropout" in notes[1][0]
    assert "replication has the same keys" in notes[2][0]


def test_the_newest_epoch_is_taken_unless_told(tmp_path: Path) -> None:
    for width, epoch in ((2, "iter_900"), (3, "5"), (4, "10")):
        save(resnet(6, width=width), tmp_path / f"{epoch}_net_G.pth")
    assert read(tmp_path).config.generator_width == 4
    assert read(tmp_path, epoch="5").config.generator_width == 3
    save(resnet(6, width=5), tmp_path / "latest_net_G.pth")
    assert read(tmp_path).config.generator_width == 5
    with pytest.raises(CheckpointError, match=r"no epoch '7'; there are .*latest"):
        read(tmp_path, epoch="7")


def test_the_direction_of_a_single_generator_may_be_told(tmp_path: Path) -> None:
    path = save(resnet(6), tmp_path / "generator.pth")
    assert read(path).directions == ["AtoB"]
    assert read(path, direction="BtoA").directions == ["BtoA"]
    assert read(save(resnet(6), tmp_path / "latest_net_G_B.pth")).directions == ["BtoA"]


def test_a_generator_that_was_not_there_is_exported_only_once_it_has_learned(
    tmp_path: Path, config: TrainConfig
) -> None:
    path = save(resnet(6), tmp_path / "latest_net_G_B.pth")
    kept = ("load_size_min", "load_size_max", "crop_size", "num_workers", "domain_a", "domain_b")
    settings = {key: getattr(config, key) for key in kept} | {"max_images": 1}
    imported, run = read(path, settings=settings), tmp_path / "run"
    write_run(imported, run)
    assert export(run, "BtoA", "back", tmp_path)
    with pytest.raises(CheckpointError, match=r"generator AtoB has learned nothing yet.*train the"):
        export(run, "AtoB", "there", tmp_path)
    assert not (tmp_path / "there.onnx").exists()
    train(imported.config, run)
    assert export(run, "AtoB", "there", tmp_path)


def test_a_discriminator_of_another_kind_starts_anew(tmp_path: Path) -> None:
    save(resnet(6), tmp_path / "latest_net_G.pth")
    pixel = nn.ModuleDict({"net": nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 1, 1))})
    save(pixel, tmp_path / "latest_net_D.pth")
    imported = read(tmp_path)
    assert "D_B" not in imported.weights
    (fact,) = (fact for fact in imported.report if fact.what == "D_B")
    assert fact.value.startswith("starts anew: unknown layout")


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"discriminator": "projected"}, {}),
        (
            {"discriminator_norm": "spectral"},
            {"discriminator": "patch70", "discriminator_width": 4,
             "discriminator_downsample": "stride"},
        ),
    ],
)  # fmt: skip
def test_discriminators_start_anew_where_the_run_has_others(
    tmp_path: Path, settings: dict[str, str], kept: dict[str, Any]
) -> None:
    # Their crop is no multiple of 32, which is what `projected` takes.
    networks = reference_folder(tmp_path, option_lines(crop_size=36, load_size=40))
    imported = read(tmp_path, settings=settings)
    assert imported.weights.keys() == {"G_AB", "G_BA"}
    first = next(iter(networks["G_A"].state_dict().values()))
    assert any(torch.equal(first, tensor) for tensor in imported.weights["G_AB"].values())
    config = imported.config.to_dict()
    assert config.items() >= ({"discriminator_width": 64} | settings | kept).items()
    assert config["crop_size"] == (256 if settings.get("discriminator") else 36)
    report = {fact.what: fact.value for fact in imported.report}
    assert report["D_A"] == report["D_B"] == "starts anew: another network"
    told = {key: value for key, value in report.items() if key.startswith("discriminator")}
    assert told == {key: str(value) for key, value in kept.items()}


def test_a_file_with_code_is_refused_and_nothing_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    path = tmp_path / "latest_net_G_A.pth"
    torch.save({"model.1.weight": Trap()}, path)
    with pytest.raises(CheckpointError, match=r"latest_net_G_A.pth: holds code \(.*refused"):
        read(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"encoder.weight": torch.zeros(3)}, r"expected keys such as model\.1.*: encoder\.weight"),
        ({}, "found 0 keys"),
        ({"epoch": 3}, "expected tensors by name, found epoch"),
        ([1], "expected tensors by name, found list"),
    ],
)
def test_an_unknown_layout_says_what_was_expected_and_seen(
    tmp_path: Path, content: object, message: str
) -> None:
    torch.save(content, tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match=message):
        read(tmp_path / "net.pth")


def test_other_things_are_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.pth").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(CheckpointError, match=r"broken.pth: damaged"):
        read(tmp_path / "broken.pth")
    with pytest.raises(CheckpointError, match=r"no such file or folder; expected a checkpoint"):
        read(tmp_path / "nothing")
    with pytest.raises(CheckpointError, match=r"expected files such as .* found broken.pth"):
        read(tmp_path)
    (tmp_path / "made.onnx").touch()
    with pytest.raises(CheckpointError, match=r"made.onnx: an ONNX model, .*models add .*--init"):
        read(tmp_path / "made.onnx")
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    with pytest.raises(CheckpointError, match=r"expected files such as .* found .*config.json"):
        read(tmp_path)
    keep_config(TrainConfig(), tmp_path)  # a run that ended before its first checkpoint
    with pytest.raises(CheckpointError, match=r"without its checkpoint, latest.pt; train it"):
        read(tmp_path)
    (tmp_path / "config.json").unlink()
    narrow = resnet(6).state_dict()
    narrow["model.7.weight"] = narrow["model.7.weight"][:5]
    torch.save(narrow, tmp_path / "narrow.pth")
    with pytest.raises(CheckpointError, match=r"model\.7\.weight: expected the shape \(16, 8, 3"):
        read(tmp_path / "narrow.pth")
    biased = resnet(6).state_dict() | {"model.23.bias": torch.zeros(1)}
    torch.save(biased, tmp_path / "biased.pth")
    with pytest.raises(
        CheckpointError, match=r"model\.23\.bias: expected the shape \(3,\), got \(1,"
    ):
        read(tmp_path / "biased.pth")
    with pytest.raises(ConfigError, match="generator_width 8 contradicts the weights"):
        read(save(resnet(6), tmp_path / "whole.pth"), settings={"generator_width": 8})


def test_training_goes_on_from_an_imported_run(tmp_path: Path, config: TrainConfig) -> None:
    networks = reference_folder(tmp_path / "theirs")
    kept = ("load_size_min", "load_size_max", "crop_size", "num_workers", "log_every")
    settings = {key: getattr(config, key) for key in kept} | {"max_images": 1}
    write_run(read(tmp_path / "theirs", settings=settings), tmp_path / "run")
    state = load_checkpoint(tmp_path / "run" / "latest.pt")["step"]
    config = read_config(tmp_path / "run" / "config.json").replace(
        domain_a=config.domain_a, domain_b=config.domain_b
    )
    ours = generator_from(config)
    ours.load_state_dict(state["G_BA"])
    assert_equal_outputs(ours, networks["G_B"])
    assert train(config, tmp_path / "run").images_seen == 1
    after = load_checkpoint(tmp_path / "run" / "latest.pt")["step"]
    for name in ("G_AB", "G_BA", "D_A", "D_B"):
        key = "model.4.weight" if name.startswith("G") else "model.2.weight"
        change = (after[name][key] - state[name][key]).abs().max()
        assert 0 < change < 1e-3  # one step of Adam at 2e-4
    with pytest.raises(ConfigError, match="holds a run already"):
        write_run(read(tmp_path / "theirs"), tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"run: a run of `cyclegan train` already; make a mo"):
        read(tmp_path / "run")


def test_a_checkpoint_becomes_a_model_straight_away(tmp_path: Path) -> None:
    theirs = drawn(resnet(6, "batch", blurs=True))
    path = save(theirs, tmp_path / "horse2zebra" / "latest_net_G.pth")
    asked = ("import", path, "--export", "--name", "mine", "--out", tmp_path / "weights")
    command(*asked)
    with pytest.raises(InputError, match=r"mine\.onnx is there already; --overwrite replaces it"):
        command(*asked)
    command(*asked, "--overwrite")
    card = ModelCard.read(tmp_path / "weights" / "mine.json")
    assert (card.source_domain, card.target_domain) == ("horse", "zebra")
    assert card.training.data.startswith("weights imported from horse2zebra/latest_net_G.pth")
    assert card.architecture.options["norm"] == "affine"
    session = ort.InferenceSession(tmp_path / "weights" / card.file)
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 3, 40, 32)).astype(np.float32)
    (found,) = session.run([card.output_name], {card.input_name: picture})
    with torch.no_grad():
        wanted = theirs(torch.from_numpy(picture)).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_a_checkpoint_becomes_a_run_that_the_command_trains(tmp_path: Path, data_dir: Path) -> None:
    reference_folder(tmp_path / "apple2orange")
    run = tmp_path / "run"
    small = ["--set", "crop_size=32", "--set", "load_size_min=32", "--set", "load_size_max=40"]
    output = command("import", tmp_path / "apple2orange", "--out", run, *small)
    assert "from D_A" in output
    assert "guess" in output
    command("train", "--data", data_dir, "--out", run, "--max-images", 1, "--device", "cpu")
    assert load_checkpoint(run / "latest.pt")["run"]["images_seen"] == 1


def test_json_holds_the_report_and_what_was_made(tmp_path: Path) -> None:
    reference_folder(tmp_path / "theirs")
    told = json.loads(command("import", tmp_path / "theirs", "--out", tmp_path / "run", "--json"))
    assert told["run"] == str(tmp_path / "run")
    assert {"what": "D_B", "value": "from D_A", "source": "latest_net_D_A.pth"} in told["report"]
