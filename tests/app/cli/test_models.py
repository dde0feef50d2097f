"""`cyclegan models` as people and scripts meet it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cyclegan.contract.card import FixedSize, Metric, Part
from cyclegan.contract.looks import MIN_LOOKS_PICTURES


def test_models_are_listed_for_people(command, weights_dir: Path, add_model) -> None:
    (weights_dir / "torn.json").write_text("{")
    ran = command("models")
    assert ran.code == 0
    _, row, *rest = ran.stdout.splitlines()
    assert " ".join(row.split()) == "negate photo into negative 0.0 MiB fp32 not yet"
    assert rest[1] == "Licence of negate: MIT"
    assert ran.stderr.startswith("cannot be used: ")
    assert "torn.json is not JSON" in ran.stderr


def test_models_are_listed_for_scripts(command, weights_dir: Path) -> None:
    (weights_dir / "torn.json").write_text("{")
    negate, torn = json.loads(command("models", "list", "--json").stdout)
    assert (negate["name"], negate["reason"]) == ("negate", None)
    assert negate["card"] == json.loads((weights_dir / "negate.json").read_text())
    assert torn["card"] is None
    assert "is not JSON" in torn["reason"]


def test_info_gives_scripts_everything_that_a_card_says(command, weights_dir: Path) -> None:
    card = json.loads((weights_dir / "negate.json").read_text())
    assert json.loads(command("models", "info", "negate", "--json").stdout) == card


def test_info_tells_people_what_they_ask_licence_and_limits_first(
    command, weights_dir: Path, add_model
) -> None:
    figures = (
        Metric("KID", 18.7, "x100", "lower", "all of testA"),
        Metric("FID", 241.6, "", "lower", "all of testA"),
        Metric("recognised as class 340", 85.0, "%", "higher", "all of testA"),
        Metric("SSIM", 0.8, "", "higher", "each beside its own"),
    )
    limits = ("Knows no night.", "Skies turn grey.")
    card = add_model(weights_dir, "negate", metrics=figures, known_limits=limits, default_size=384)
    lines = [" ".join(line.split()) for line in command("models", "info").stdout.splitlines()]
    assert lines == [
        "Photo to negative (negate)",
        "Turns every colour into its opposite.",
        "",
        "licence MIT",
        "known limits - Knows no night.",
        "- Skies turn grey.",
        "use cyclegan convert INPUT OUTPUT -m negate",
        "it is shown pictures at 384 pixels of the long side, unless --size says otherwise; "
        "results keep their size",
        "way back none",
        "measured KID 18.7 x100 (lower is better)",
        "FID 241.6 (lower is better)",
        "recognised as class 340 85 % (higher is better)",
        "protocol: all of testA",
        '"recognised as class N" is the share of the translations that the network takes for its '
        "class N: of the classes of ImageNet, 340 is the zebra.",
        "SSIM 0.8 (higher is better)",
        "protocol: each beside its own",
        "trained none",
        "0 pictures shown in 0 minutes on none; preset fast, crops of 256 pixels",
        "file negate.onnx, 0.0 MiB, fp32, 0 weights (plain)",
        f"sha256 {card.sha256}",
        "within 0.0e+00 of the network that was trained",
        "",
        "The whole card: cyclegan models info negate --json",
    ]


def test_nothing_in_a_card_steers_the_terminal_or_turns_the_letters_round(
    command, weights_dir: Path, add_model
) -> None:
    told = dict.fromkeys(("title", "description", "licence"), "\x1b[31mred\u202e")
    add_model(weights_dir, "negate", **told, known_limits=("\x1b[31mred\u202e",))
    info, listed = command("models", "info").stdout, command("models").stdout
    assert not {"\x1b", "\u202e"} & set(info + listed)
    assert info.startswith(r"\x1b[31mred\u202e (negate)")
    assert listed.count(r"\x1b[31mred\u202e") == 1


def test_info_tells_which_checkpoints_a_mean_is_of(command, weights_dir: Path, add_model) -> None:
    parts = (Part("run", "latest", 8524, seed=0, counts=1), Part("run", "best", 2500, 0, counts=2))
    training = add_model(weights_dir, "negate").training
    add_model(weights_dir, "negate", training=replace(training, mean_of=parts))
    lines = [line.strip() for line in command("models", "info").stdout.splitlines()]
    start = lines.index("the weights are the mean of")
    assert lines[start + 1 : start + 3] == [
        "- run, latest: 8,524 pictures, seed 0",
        "- run, best: 2,500 pictures, seed 0, counted 2 times",
    ]


def test_one_minute_of_training_is_one(command, weights_dir: Path, add_model) -> None:
    training = add_model(weights_dir, "negate").training
    add_model(weights_dir, "negate", training=replace(training, minutes=1.1))
    assert " pictures shown in 1 minute on " in command("models", "info").stdout


def test_info_tells_of_a_model_made_elsewhere_what_is_known(
    command, weights_dir: Path, add_model
) -> None:
    unknown = dict.fromkeys(("architecture", "training", "training_size", "parity"))
    add_model(weights_dir, "negate", **unknown, fixed_size=FixedSize(64, 96, "tile"))
    told = " ".join(command("models", "info").stdout.split())
    assert "known limits none are stated" in told
    assert "the network takes 96 x 64 pixels only" in told
    assert "measured not yet trained elsewhere; its card does not say how file" in told


def test_verify_says_so_when_all_is_well(command) -> None:
    ran = command("models", "verify")
    assert (ran.code, ran.stdout) == (0, "negate: as its card says\n")


def test_a_card_is_told_what_its_model_learned_from(
    command, weights_dir: Path, tmp_path: Path, noise
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    before = (weights_dir / "negate.json").read_text()
    for number in range(MIN_LOOKS_PICTURES):
        Image.fromarray(noise(8, 9)).save(pictures / f"{number}.png")
    ran = command("models", "looks", "negate", pictures)
    told = f"negate: looks of {MIN_LOOKS_PICTURES} pictures of pictures\n"
    assert (ran.code, ran.stdout) == (0, told)
    card = json.loads((weights_dir / "negate.json").read_text())
    assert card.pop("looks")["pictures"] == f"{MIN_LOOKS_PICTURES} pictures of pictures"
    assert card.items() < json.loads(before).items()
    assert command("models", "verify").code == 0
    (pictures / "0.png").unlink()
    ran = command("models", "looks", "negate", pictures)
    assert ran.code == 2
    assert f"pictures has fewer than {MIN_LOOKS_PICTURES} pictures that can be read" in ran.stderr
    assert command("models", "looks", "negate", tmp_path / "none").code == 2


def test_a_card_is_given_an_example(command, weights_dir: Path, tmp_path: Path) -> None:
    Image.fromarray(np.full((200, 100, 3), 50, np.uint8)).save(tmp_path / "photo.png")
    ran = command("models", "example", "negate", tmp_path / "photo.png")
    assert (ran.code, ran.stdout) == (0, "negate: negate.example.jpg\n")
    assert json.loads((weights_dir / "negate.json").read_text())["example"] == "negate.example.jpg"
    with Image.open(weights_dir / "negate.example.jpg") as pair:
        assert pair.size == (256, 256)
        assert np.ptp(np.asarray(pair)[:, :100] - 50.0) <= 2
        assert np.ptp(np.asarray(pair)[:, 156:] - 205.0) <= 2
    assert command("models", "example", "negate", tmp_path / "none.png").code == 2


@pytest.mark.parametrize("size", [(3000, 40), (1, 700)])
def test_an_example_of_any_shape_is_small(
    command, weights_dir: Path, tmp_path: Path, noise, size: tuple[int, int]
) -> None:
    Image.fromarray(noise(size[1], size[0])).save(tmp_path / "photo.png")
    assert command("models", "example", "negate", tmp_path / "photo.png").code == 0
    with Image.open(weights_dir / "negate.example.jpg") as pair:
        assert pair.width <= 1024
        assert pair.height <= 256


def test_a_model_is_removed(command, weights_dir: Path) -> None:
    ran = command("models", "remove", "negat")
    assert (ran.code, 'did you mean "negate"?' in ran.stderr) == (2, True)
    ran = command("models", "remove", "negate")
    told = f"negate: deleted negate.onnx, negate.json from {weights_dir}\n"
    assert (ran.code, ran.stdout, list(weights_dir.iterdir())) == (0, told, [])
