import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from cyclegan.checkpoint import averaged_weights, load_checkpoint, save_checkpoint
from cyclegan.config import TrainConfig, read_config
from cyclegan.contract.errors import CardError, CheckpointError, ConfigError
from cyclegan.discriminators import discriminator_from
from cyclegan.export import export
from cyclegan.importer import read_start
from cyclegan.importer.reading import with_networks
from cyclegan.methods import STEPS
from cyclegan.networks import blocks_of, generator_from
from cyclegan.precision import Precision, convert
from cyclegan.provenance import describe_data
from cyclegan.train import train
from tests.cyclegan.conftest import BACKBONE
from tests.cyclegan.runs import assert_same, command

SMALL = ["--set", "crop_size=32", "--set", "load_size_min=34", "--set", "load_size_max=40",
         "--device", "cpu", "--no-compile"]  # fmt: skip


@pytest.fixture
def source(tmp_path: Path, config: TrainConfig) -> Path:
    """A run of three steps, in which averages and weights differ."""
    run = tmp_path / "source"
    train(config.replace(max_images=3, ema_decay=0.5), run)
    return run


def test_one_generator_of_a_run_is_told_what_it_is(source: Path) -> None:
    best = source / "best_AtoB.pt"
    shutil.copy(source / "latest.pt", best)
    with pytest.raises(CheckpointError, match=r"best_AtoB\.pt: a checkpoint.*folder of its run to"):
        read_start(best, {})


def test_a_run_gives_its_averages_and_its_discriminators(source: Path, config: TrainConfig) -> None:
    step = STEPS["cyclegan"](config.replace(seed=9))
    step.start_from(read_start(source / "latest.pt", {}).weights)  # or the folder
    theirs = load_checkpoint(source / "latest.pt")["step"]
    for name in ("G_AB", "G_BA"):
        averaged = averaged_weights(theirs, name)
        assert_same(dict(step.networks[name].state_dict()), averaged)
        assert_same(dict(step.averages[name].module.state_dict()), averaged)
        assert any(not torch.equal(averaged[key], theirs[name][key]) for key in averaged)
    for name in ("D_A", "D_B"):
        assert_same(dict(step.networks[name].state_dict()), dict(theirs[name]))


@pytest.mark.parametrize("name", ["G_AB_ema", "D_A"])
def test_weights_that_do_not_fit_their_config_are_told(
    tmp_path: Path, source: Path, config: TrainConfig, name: str
) -> None:
    checkpoint = load_checkpoint(source / "latest.pt")
    weights = checkpoint["step"][name]
    weights[next(key for key in weights if key.endswith("weight"))] = torch.zeros(3)
    save_checkpoint(source / "latest.pt", checkpoint)
    start = read_start(source, {})
    config = config.replace(init_from=start.config.init_from)
    for is_there in (False, True):
        with pytest.raises(CheckpointError, match=r"source: its weights do not fit .*mismatch"):
            train(config, tmp_path / "run", start=start.weights)
        assert (tmp_path / "run").exists() == is_there  # as it was before
        (tmp_path / "run").mkdir(exist_ok=True)


def test_settings_of_networks_of_another_kind_are_told(source: Path) -> None:
    checkpoint = load_checkpoint(source / "latest.pt")
    checkpoint["config"]["generator_width"] = "8"
    save_checkpoint(source / "latest.pt", checkpoint)
    with pytest.raises(
        CheckpointError, match=r"latest\.pt: .*generator_width: expected a whole number"
    ):
        read_start(source, {})


def test_a_model_and_the_one_that_goes_back_give_their_weights(
    tmp_path: Path, source: Path, config: TrainConfig
) -> None:
    export(source, "AtoB", "there", tmp_path, reverse="back")
    export(source, "BtoA", "back", tmp_path, reverse="there")
    theirs = load_checkpoint(source / "latest.pt")["step"]
    for name in ("there", "back"):
        start = read_start(tmp_path / f"{name}.onnx", {})
        ours, learned = start.config.to_dict(), config.to_dict()
        assert all(ours[key] == learned[key] for key in ours if key.startswith("generator"))
        assert_same(start.weights, {key: averaged_weights(theirs, key) for key in ("G_AB", "G_BA")})
        assert start.config.init_from == f"{name}.onnx"
    (tmp_path / "back.onnx").unlink()
    assert list(read_start(tmp_path / "there.onnx", {}).weights) == ["G_AB"]


def test_a_model_with_a_mask_gives_its_weights(tmp_path: Path, config: TrainConfig) -> None:
    train(config.replace(mask_threshold=0.05, max_images=1), tmp_path / "run")
    card = export(tmp_path / "run", "AtoB", "masked", tmp_path)
    assert card.mask_name == "mask"
    start = read_start(tmp_path / "masked.onnx", {})
    kept = averaged_weights(load_checkpoint(tmp_path / "run" / "latest.pt")["step"], "G_AB")
    assert_same(start.weights["G_AB"], dict(kept))


@pytest.mark.parametrize(("precision", "rounding"), [("int8", 1 / 126), ("fp16", 2**-11)])
def test_a_small_model_gives_its_rounded_weights(
    tmp_path: Path, source: Path, config: TrainConfig, precision: Precision, rounding: float
) -> None:
    export(source, "AtoB", "there", tmp_path)
    photos = tmp_path / "photos"
    photos.mkdir()
    for index in range(16):
        shutil.copy(Path(config.domain_a) / f"{index % 5}.png", photos / f"{index}.png")
    model = tmp_path / "there.onnx"
    convert(
        model, precision, "small", tmp_path, calibrate=photos, accept_loss=True, tuning_images=0
    )
    small = read_start(tmp_path / "small.onnx", {})
    assert small.report[0].value == f"from small, rounded to {precision}"
    ours, exact = small.weights["G_AB"], read_start(model, {}).weights["G_AB"]
    assert ours.keys() == exact.keys()
    assert any(not torch.equal(ours[name], exact[name]) for name in exact)
    for name, array in exact.items():
        assert ours[name].dtype == torch.float32
        largest = array.abs().flatten(1).amax(1) if array.ndim > 1 else array.abs()
        off = (ours[name] - array).abs()
        off = off.flatten(1).amax(1) if array.ndim > 1 else off
        assert (off <= largest * rounding * 1.01 + 1e-4).all(), name


def test_a_start_may_have_fewer_blocks_than_its_weights(
    tmp_path: Path, config: TrainConfig
) -> None:
    source, blocks = tmp_path / "source", 3
    train(config.replace(max_images=1, generator_blocks=blocks), source)
    export(source, "AtoB", "there", tmp_path)
    for place, origin in ((source, "the run's own"), (tmp_path / "there.onnx", "there")):
        start = read_start(place, {"generator_blocks": blocks - 1})
        assert start.config.generator_blocks == blocks - 1
        assert start.report[0].value == f"from {origin}, {blocks - 1} of {blocks} blocks"
        generator = generator_from(start.config)
        generator.load_state_dict(start.weights["G_AB"])
        assert not any(key.startswith(f"body.{blocks - 1}") for key in start.weights["G_AB"])
        with pytest.raises(ConfigError, match=f"generator_blocks {blocks + 1} contradicts"):
            read_start(place, {"generator_blocks": blocks + 1})
        with pytest.raises(ConfigError, match="generator_blocks 'few' contradicts"):
            read_start(place, {"generator_blocks": "few"})
    checkpoint = load_checkpoint(source / "latest.pt")
    del checkpoint["step"]["G_AB_ema"]["module.head.1.bias"]
    save_checkpoint(source / "latest.pt", checkpoint)
    with pytest.raises(CheckpointError, match=r"source: .* another generator.*head"):
        read_start(source, {"generator_blocks": blocks - 1})


def test_as_many_blocks_as_a_size_has_are_no_contradiction(
    tmp_path: Path, config: TrainConfig
) -> None:
    train(config.replace(max_images=1, generator_blocks=0), tmp_path)
    number = blocks_of(config.replace(generator_blocks=0))
    start = read_start(tmp_path, {"generator_blocks": number})
    assert start.config.generator_blocks == number
    assert start.weights.keys() >= {"G_AB", "G_BA"}


def test_settings_that_weights_do_not_bring_along_are_said(
    tmp_path: Path, config: TrainConfig
) -> None:
    train(config.replace(mask_threshold=0.05, border=6, max_images=1), tmp_path / "run")
    export(tmp_path / "run", "AtoB", "masked", tmp_path)
    for place in (tmp_path / "run", tmp_path / "masked.onnx"):
        told = {fact.what: fact.value for fact in read_start(place, {}).report}
        assert told["border"] == "6 there; a run without --set border=6 has none"
        assert "--set mask_threshold=0.05" in told["mask_threshold"]
        settings = {"border": 0, "mask_threshold": 0.05}
        assert not {fact.what for fact in read_start(place, settings).report} & settings.keys()


def test_a_model_that_cannot_be_a_start_is_said(tmp_path: Path, source: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.onnx does not exist; give the ONNX file"):
        read_start(tmp_path / "none.onnx", {})
    card = export(source, "AtoB", "there", tmp_path)
    model = tmp_path / "there.onnx"
    with pytest.raises(ConfigError, match="generator_width 16 contradicts the weights"):
        read_start(model, {"generator_width": 16})
    wide = replace(card.architecture, options={**card.architecture.options, "width": 16})
    replace(card, architecture=wide).write(tmp_path / "there.json")
    with pytest.raises(CheckpointError, match=r"has no head.1.weight of shape \[16, 48, 3, 3\]"):
        read_start(model, {})
    (tmp_path / "there.json").unlink()
    with pytest.raises(CardError, match=r"there.json cannot be read: no such file"):
        read_start(model, {})


@pytest.mark.parametrize("norm", ["instance", "spectral"])
def test_discriminators_may_be_of_another_kind_than_a_runs(
    tmp_path: Path, config: TrainConfig, backbone_file: Path, norm: str
) -> None:
    # Their crop is none that a projection takes: the new run has its own.
    theirs = config.replace(discriminator_norm=norm, crop_size=36, load_size_min=36, max_images=1)
    train(theirs, tmp_path)
    kept = read_start(tmp_path, {})
    assert (kept.config.discriminator_norm, len(kept.weights)) == (norm, 4)
    settings = {
        "discriminator": "projected",
        "discriminator_backbone": BACKBONE,
        "discriminator_weights": str(backbone_file),
    }
    imported = read_start(tmp_path, settings)
    usual = {"discriminator_norm": "instance", "discriminator_width": 64}
    assert imported.config.to_dict().items() >= (settings | usual).items()
    assert imported.weights.keys() == {"G_AB", "G_BA"}
    anew = "starts anew: another network"
    assert [fact.value for fact in imported.report] == ["from the run's own"] * 2 + [anew] * 2
    step = STEPS["cyclegan"](imported.config)
    step.start_from(imported.weights)
    assert_same(dict(step.networks["G_AB"].state_dict()), imported.weights["G_AB"])


def test_beside_a_generator_that_comes_alone_the_preset_says_who_judges(
    tmp_path: Path, source: Path, data_dir: Path, backbone_file: Path
) -> None:
    export(source, "AtoB", "there", tmp_path)
    path = tmp_path / "there.json"
    card = json.loads(path.read_text())
    card["training"]["config"] |= {"discriminator": "projected", "discriminator_width": 32}
    path.write_text(json.dumps(card))

    def start(name: str, *words: str) -> TrainConfig:
        out = tmp_path / name
        start = ["--init-from", tmp_path / "there.onnx", "--max-images", 1]
        command("train", "--data", data_dir, "--out", out, *start, *SMALL, *words)
        return read_config(out / "config.json")

    fast = start("fast", "--preset", "fast")
    assert (fast.discriminator, fast.discriminator_width) == ("patch70", 64)
    backbone = [f"discriminator_backbone={BACKBONE}", f"discriminator_weights={backbone_file}"]
    words = [word for each in backbone for word in ("--set", each)]
    projected = start("projected", "--preset", "projected", *words)
    assert projected.discriminator == "projected"
    assert projected.generator_levels == 1  # the weights', where the preset has 3


def test_a_preset_may_bring_other_discriminators_than_a_runs(
    tmp_path: Path, source: Path, data_dir: Path, backbone_file: Path
) -> None:
    backbone = [f"discriminator_backbone={BACKBONE}", f"discriminator_weights={backbone_file}"]
    words = [word for each in backbone for word in ("--set", each)]
    arguments = ["train", "--data", data_dir, "--init-from", source, "--max-images", 1, *SMALL]
    command(*arguments, "--out", tmp_path / "new", "--preset", "projected", *words)
    config = read_config(tmp_path / "new" / "config.json")
    assert (config.discriminator, config.discriminator_pixels) == ("projected", True)
    command(*arguments, "--out", tmp_path / "old", "--preset", "fast")
    assert read_config(tmp_path / "old" / "config.json").discriminator_width == 8  # the run's


@pytest.mark.parametrize(
    ("chosen", "weights"),
    [
        ({"discriminator_width": 32}, "lite0.pth"),
        ({"discriminator_backbone": "tf_efficientnet_lite0"}, "lite0.pth"),
        ({"discriminator_backbone": "lcnet_100"}, ""),
        (
            {"discriminator_backbone": "lcnet_100", "discriminator_weights": "lcnet.pth"},
            "lcnet.pth",
        ),
    ],
)
def test_another_backbone_does_not_take_the_weights_of_the_one_before(
    chosen: dict[str, Any], weights: str
) -> None:
    theirs = TrainConfig(discriminator="projected", discriminator_weights="lite0.pth")
    assert with_networks(theirs, chosen).discriminator_weights == weights


def test_the_command_starts_from_a_run_and_the_same_command_goes_on(
    tmp_path: Path, source: Path, data_dir: Path
) -> None:
    out = tmp_path / "new"
    arguments = ["train", "--data", data_dir, "--out", out, "--init-from", source, *SMALL]
    assert "from the run's own" in command(*arguments, "--max-images", 1)
    config = read_config(out / "config.json")
    assert (config.generator, config.generator_width, config.discriminator_width) == ("plain", 8, 8)
    assert (config.init_from, config.preset, config.name_a) == ("source", "fast", "A")
    # One step of Adam moves a weight by its rate at most
    start = averaged_weights(load_checkpoint(source / "latest.pt")["step"], "G_AB")
    after = load_checkpoint(out / "latest.pt")["step"]["G_AB"]
    assert max(float((after[key] - start[key]).abs().max()) for key in start) < 1e-3
    shutil.rmtree(source)  # it is needed once
    assert "from the run's own" not in command(*arguments, "--max-images", 2)
    assert load_checkpoint(out / "latest.pt")["run"]["images_seen"] == 2
    assert describe_data(config, {"pictures": [5, 4]}) == (
        "5 pictures of A, 4 pictures of B; started from the weights of source"
    )


def test_a_runs_checkpoint_is_called_as_its_run(
    tmp_path: Path, source: Path, data_dir: Path
) -> None:
    out = tmp_path / "new"
    arguments = ["train", "--data", data_dir, "--out", out, *SMALL, "--max-images", 1]
    command(*arguments, "--init-from", source / "latest.pt")
    assert read_config(out / "config.json").init_from == "source"
    command(*arguments, "--init-from", source)  # goes on


def test_a_checkpoint_that_was_changed_is_told_so_as_a_start(source: Path) -> None:
    path = source / "latest.pt"
    state = load_checkpoint(path)
    del state["hardware"]
    save_checkpoint(path, state)
    for start in (source, path):
        with pytest.raises(CheckpointError, match="was changed since `cyclegan train` wrote it"):
            read_start(start, {})


def test_a_setting_that_contradicts_the_weights_is_named(
    tmp_path: Path, source: Path, data_dir: Path
) -> None:
    arguments = ["train", "--data", data_dir, "--out", tmp_path / "new", "--init-from", source]
    with pytest.raises(ConfigError, match="generator_width 16 contradicts the weights, which"):
        command(*arguments, *SMALL, "--set", "generator_width=16")
    assert not (tmp_path / "new").exists()


def test_what_only_some_networks_know_goes_by_those_of_the_start(
    tmp_path: Path, source: Path, data_dir: Path
) -> None:
    out = tmp_path / "new"
    arguments = ["train", "--data", data_dir, "--out", out, "--init-from", source, *SMALL]
    command(*arguments, "--preset", "paper", "--set", "border=6", "--max-images", 1)
    assert read_config(out / "config.json").border == 6  # of a plain generator, which paper has not
    with pytest.raises(ConfigError, match=r"lambda_similarity is .* discriminator 'patch70'"):
        command(*arguments, "--set", "lambda_similarity=1")


def test_a_preset_with_a_border_starts_from_any_generator(
    tmp_path: Path, config: TrainConfig, data_dir: Path, backbone_file: Path
) -> None:
    backbone = [f"discriminator_backbone={BACKBONE}", f"discriminator_weights={backbone_file}"]
    words = ["--preset", "projected", *(word for each in backbone for word in ("--set", each))]
    config = config.replace(max_images=1)
    train(config.replace(border=6), tmp_path / "plain")
    train(config.replace(generator="resnet6"), tmp_path / "resnet")

    def start(name: str, images: int = 1) -> tuple[str, int]:
        out = tmp_path / f"from-{name}"
        arguments = ["--data", data_dir, "--out", out, "--init-from", tmp_path / name]
        told = command("train", *arguments, *SMALL, *words, "--max-images", images)
        return told, read_config(out / "config.json").border

    told, border = start("plain")
    assert border == 8  # the preset's, so that nobody is told of a run without one
    assert "has none" not in told
    assert start("resnet")[1] == 0  # which knows no border
    assert start("resnet", images=2)[1] == 0


def test_a_generator_of_the_other_way_alone_is_no_start_for_one_way(
    tmp_path: Path, source: Path, data_dir: Path
) -> None:
    export(source, "BtoA", "back", tmp_path)
    new = ["--data", data_dir, "--out", tmp_path / "new", "--max-images", 1, *SMALL]
    arguments = ["train", *new, "--init-from", tmp_path / "back.onnx"]
    with pytest.raises(CheckpointError, match=r"has a generator BtoA alone, .* simgan learns AtoB"):
        command(*arguments, "--preset", "simgan")
    assert not (tmp_path / "new").exists()
    command(*arguments, "--preset", "fast")  # which learns both


def test_what_cannot_be_a_start_is_said(tmp_path: Path, config: TrainConfig) -> None:
    with pytest.raises(CheckpointError, match="nothing: no such file or folder; expected a run, "):
        read_start(tmp_path / "nothing", {})
    with pytest.raises(ConfigError, match=r"is to start from elsewhere; give --init-from again"):
        train(config.replace(init_from="elsewhere"), tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("theirs", "ours", "anew"),
    [("cyclegan", "simgan", None), ("simgan", "cyclegan", "G_BA, D_A start anew")],
)
def test_methods_give_each_other_what_fits(
    tmp_path: Path, config: TrainConfig, caplog: pytest.LogCaptureFixture,
    theirs: str, ours: str, anew: str | None,
) -> None:  # fmt: skip
    config = config.replace(max_images=1, lambda_cycle=0.0)
    train(config.replace(method=theirs), tmp_path / "source")
    start = read_start(tmp_path / "source", {}).weights
    caplog.clear()
    run = tmp_path / "new"
    train(config.replace(method=ours, init_from="source"), run, start=start)
    after = load_checkpoint(run / "latest.pt")["step"]
    for name in ("G_AB", "D_B"):
        assert all((after[name][k] - start[name][k]).abs().max() < 1e-3 for k in start[name])
    assert (anew in caplog.text) if anew else ("anew" not in caplog.text)


def test_another_projects_generator_starts_a_pair(
    tmp_path: Path, config: TrainConfig, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = TrainConfig(generator="resnet6", generator_width=8, discriminator_width=8)
    file = tmp_path / "horse2zebra" / "latest_net_G_A.pth"
    file.parent.mkdir()
    weights = generator_from(settings).state_dict()
    torch.save(weights, file)
    weight = discriminator_from(settings).state_dict()["model.0.weight"]
    torch.save({"model.0.weight": weight}, file.parent / "latest_net_D_A.pth")
    out = tmp_path / "new"
    output = command("train", "--data", data_dir, "--out", out, "--init-from", file.parent, *SMALL,
                     "--max-images", 1, "--set", "discriminator_width=8")  # fmt: skip
    assert "starts anew: not a" in output  # the table wraps
    assert "G_BA, D_A, D_B start anew" in caplog.text
    config = read_config(out / "config.json")
    assert (config.generator, config.generator_width, config.init_from) == (
        "resnet6", 8, "horse2zebra"
    )  # fmt: skip
    after = load_checkpoint(out / "latest.pt")["step"]["G_AB"]
    assert all((after[key] - weights[key]).abs().max() < 1e-3 for key in weights)
