"""The benchmarks run and answer with sensible figures; how fast anything is, is never asserted."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from app import heap
from app.store import Store
from benchmarks import folders, large, loop, memory, page, requests, timing, training, translation
from benchmarks.__main__ import main
from benchmarks.reference import (
    ReferenceStep,
    reference_discriminator,
    reference_generator,
    reference_plain_generator,
)
from benchmarks.timing import milliseconds
from cyclegan.contract.card import Architecture
from cyclegan.contract.folder import default_folder
from cyclegan.networks import generator_from
from cyclegan.presets import preset_config


def test_reference_networks_have_the_published_sizes() -> None:
    def count(network: nn.Module) -> int:
        return sum(parameter.numel() for parameter in network.parameters())

    # The figures that the reference implementation prints for its defaults.
    assert count(reference_generator(64, blocks=9)) == 11_378_179
    assert count(reference_generator(64, blocks=6)) == 7_837_699
    assert count(reference_discriminator(64)) == 2_764_737


def test_contestants_take_turns_and_the_first_call_of_a_turn_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    calls: list[str] = []

    def call(name: str, first_s: float, seconds: float) -> None:
        nonlocal now
        now += seconds if calls and calls[-1] == name else first_s
        calls.append(name)

    monkeypatch.setattr(timing.time, "perf_counter", lambda: now)
    contestants = {
        "slow": lambda: call("slow", 9, 2 * timing.LEAST_TURN_S),
        "quick": lambda: call("quick", 9, timing.LEAST_TURN_S / 3.5),
    }
    taken = milliseconds(contestants, rounds=2)
    assert calls == (["slow"] * 2 + ["quick"] * 5) * 2
    assert taken["slow"] == pytest.approx(2000 * timing.LEAST_TURN_S)
    assert taken["quick"] == pytest.approx(1000 * timing.LEAST_TURN_S / 3.5)


def test_translation_is_measured_through_the_command(
    weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "PLAIN_SIZES", {"tiny": (8, 4)})  # an export takes seconds
    report = tmp_path / "bench.json"
    options = ["--only", "translate", "--sizes", "16", "32", "--rounds", "1"]
    main([*options, "--weights", str(weights_dir), "--json", str(report)])
    made = json.loads(report.read_text())
    rows = made["translate"]
    plain = ["plain-tiny", "plain-tiny-2-levels", "plain-tiny-3-levels"]
    names = ["reference generator", "negate", *plain]
    assert [(row["what"], row["pixels"]) for row in rows] == [
        (name, pixels) for pixels in (16, 32) for name in names
    ]
    assert all(row["ms"] > 0 for row in rows)
    assert [row["times_as_fast"] for row in rows if row["what"] == names[0]] == [1, 1]
    peak = made["machine"]["convolution_peak_GFLOP_a_s"]
    for row in rows:
        if row["what"] == "negate":
            assert row["GFLOP_a_s"] is None
        else:
            assert row["percent_of_peak"] == pytest.approx(100 * row["GFLOP_a_s"] / peak, abs=1)


def test_architectures_are_made_beside_a_quantized_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "PLAIN_SIZES", {"tiny": (8, 4)})
    card = Store(default_folder()).card("horse2zebra")
    assert (card.precision, card.mask_name) == ("int8", "mask")
    made = list(translation.make_architectures(tmp_path, card))
    assert [translator.card.precision for translator in made] == ["fp32"] * 3


def test_the_work_on_a_picture_is_counted_with_its_border(weights_dir: Path) -> None:
    card = Store(weights_dir).card("negate")
    options = {"width": 8, "blocks": 2, "levels": 1}
    plain = replace(card, border=8, architecture=Architecture("plain", options, parameters=0))
    # (32 + 16) / 4 cells a side, each with 9 taps of 48 x 8, 4 times 8 x 8 and 8 x 48 channels
    by_hand = 2 * 12 * 12 * 9 * (48 * 8 + 4 * 8 * 8 + 8 * 48) / 1e9
    assert translation.count_gflop(plain, 32) == pytest.approx(by_hand)
    assert translation.count_gflop(card, 32) is None


def test_a_folder_is_measured_beside_its_network_and_its_files(
    weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {
        "small": folders.Pictures(3, (20, 16)),
        "by default": folders.Pictures(3, (600, 400), "auto"),
    }
    monkeypatch.setattr(folders, "FOLDERS", small)
    report = tmp_path / "bench.json"
    options = ["--only", "folders", "--rounds", "2", "--weights", str(weights_dir)]
    main([*options, "--json", str(report)])
    rows = json.loads(report.read_text())["folders"]
    assert [(row["what"], row["pictures"]) for row in rows] == [("small", 3), ("by default", 3)]
    for row in rows:
        assert row["bound"] in ("network", "files")
        assert 0 < row["of_bound"] <= row["of_sum"]


def test_memory_is_measured_for_both_recipes(
    weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "SIDES", (20, 60))
    report = tmp_path / "bench.json"
    options = ["--only", "memory", "--pictures", "30", "--weights", str(weights_dir)]
    main([*options, "--json", str(report)])
    rows = json.loads(report.read_text())["memory"]
    assert [(row["what"], row["pictures"]) for row in rows] == [
        (name, 30) for name in memory.RECIPES
    ]
    assert all(0 < row["least_MiB"] <= row["most_MiB"] for row in rows)


def test_large_pictures_are_measured_through_the_command(
    weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "SIDES", {"small": 20, "large": 40})
    report = tmp_path / "bench.json"
    options = ["--only", "large", "--rounds", "1", "--weights", str(weights_dir)]
    main([*options, "--json", str(report)])
    rows = json.loads(report.read_text())["large"]
    assert [row["what"] for row in rows] == ["small", "large"]
    assert rows[0]["of_the_first"] == 1
    assert all(row["us_a_pixel"] > 0 and row["most_MiB"] > 10 for row in rows)


def test_a_server_is_measured_from_outside(
    weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = {"STARTS": 1, "CLIENTS": 2, "PICTURES": 3, "TABS": 2, "HEALTH_S": 1.0}
    for name, value in (tiny | {"PHOTO": (30, 20), "LARGE": (60, 40)}).items():
        monkeypatch.setattr(requests, name, value)
    monkeypatch.setattr(requests, "SIZES", ((30, 20), (40, 50)))
    monkeypatch.setattr(heap, "GIVE_BACK_AFTER_S", 0)
    report = tmp_path / "bench.json"
    options = ["--only", "requests", "--requests", "10", "--rounds", "1"]
    main([*options, "--weights", str(weights_dir), "--json", str(report)])
    rows = json.loads(report.read_text())["requests"]
    units = ["s", "a second", "of the engine's", "ms", "MiB in 1,000"]
    assert [row["unit"] for row in rows] == units
    assert all(row["figure"] > 0 for row in rows[:-1])


def test_what_a_visitor_waits_for_is_measured_in_a_browser(
    weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PHOTO", (60, 40))
    report = tmp_path / "bench.json"
    options = ["--only", "page", "--rounds", "1", "--weights", str(weights_dir)]
    try:
        main([*options, "--json", str(report)])
    except FileNotFoundError as error:
        pytest.skip(str(error))
    rows = json.loads(report.read_text())["page"]
    assert [row["what"] for row in rows] == [
        f"60 x 40 pixels, translated in size {size}" for size in page.SIZES
    ]
    for row in rows:
        assert 0 < row["photo_shown_s"] <= row["result_shown_s"]


CPU = torch.device("cpu")
TINY = {
    "generator_width": 8, "discriminator_width": 8, "crop_size": 32, "load_size_min": 32,
    "compile": False,
}  # fmt: skip


def test_a_preset_is_measured_beside_a_reference_of_its_architecture() -> None:
    ours = preset_config("fast").replace(**TINY)
    reference = ReferenceStep(partial(reference_plain_generator, 8), width=8)
    rows = list(training.measure({"fast": (reference, ours)}, rounds=1, device=CPU, rate=1.0))
    assert [row["what"] for row in rows] == [
        "fast: reference, float32",
        f"fast: {training.describe(ours)}",
    ]
    assert rows[0]["times_as_fast"] == 1
    of_matmul = [row["percent_of_matmul"] * row["ms"] for row in rows]
    assert of_matmul[0] == pytest.approx(of_matmul[1], rel=0.1)  # the same work for both
    sizes = [
        sum(parameter.numel() for parameter in network.parameters())
        for network in (reference.G_AB, generator_from(ours))
    ]
    assert sizes[0] == sizes[1]


def test_work_is_counted_forth_and_back_and_products_have_a_rate() -> None:
    layer, picture = nn.Conv2d(3, 8, 3, padding=1), torch.zeros(1, 3, 16, 16)
    forth = 2 * 9 * 3 * 8 * 16 * 16 / 1e9  # the way back to the weights is as long
    assert training.count_gflop(lambda: layer(picture)) == pytest.approx(forth)
    assert training.count_gflop(lambda: layer(picture).sum().backward()) == pytest.approx(2 * forth)
    assert training.matmul_rate(CPU, rounds=1) > 0


def test_best_settings_change_how_it_computes_and_nothing_else() -> None:
    for name in ("paper", "fast"):
        config = preset_config(name)
        best = training.best_settings(config, CPU).to_dict()
        changed = {key for key, value in config.to_dict().items() if best[key] != value}
        assert changed <= {"precision", "channels_last", "winograd", "compile"}


def test_the_loop_is_a_share_of_a_whole_run() -> None:
    config = preset_config("fast").replace(**TINY)
    (row,) = loop.measure("fast", config, images=3, size=40, device=CPU)
    assert row["images"] == 3
    assert row["ms_a_step"] > 0
    assert 0 < row["percent_outside"] < 100
