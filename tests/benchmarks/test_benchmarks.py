"""The benchmarks run and answer with sensible figures; how fast anything is, is never asserted."""

import json
from pathlib import Path

from torch import nn

from benchmarks import loop, training
from benchmarks.__main__ import main
from benchmarks.reference import (
    ReferenceStep,
    reference_discriminator,
    reference_generator,
    reference_plain_generator,
)
from benchmarks.timing import milliseconds
from cyclegan.config import preset_config
from cyclegan.networks import generator_from


def test_reference_networks_have_the_published_sizes() -> None:
    def count(network: nn.Module) -> int:
        return sum(parameter.numel() for parameter in network.parameters())

    # The figures that the reference implementation prints for its defaults.
    assert count(reference_generator(64, blocks=9)) == 11_378_179
    assert count(reference_generator(64, blocks=6)) == 7_837_699
    assert count(reference_discriminator(64)) == 2_764_737


def test_contestants_take_turns_and_the_first_call_of_a_turn_is_not_counted() -> None:
    calls: list[str] = []
    contestants = {name: lambda name=name: calls.append(name) for name in "ab"}
    assert set(milliseconds(contestants, rounds=2)) == {"a", "b"}
    assert "".join(calls) == "aabb" * 2


def test_translation_is_measured_through_the_command(weights_dir: Path, tmp_path: Path) -> None:
    report = tmp_path / "bench.json"
    options = ["--only", "translate", "--sizes", "16", "20", "--rounds", "1"]
    main([*options, "--weights", str(weights_dir), "--json", str(report)])
    rows = json.loads(report.read_text())["translate"]
    assert [(row["what"], row["pixels"]) for row in rows] == [
        *(("reference generator", 16), ("negate", 16)),
        *(("reference generator", 20), ("negate", 20)),
    ]
    assert all(row["ms"] > 0 for row in rows)
    assert [row["times_as_fast"] for row in rows if row["what"] != "negate"] == [1, 1]


TINY = {
    "generator_width": 8, "discriminator_width": 8, "crop_size": 32, "load_size_min": 32,
    "compile": False,
}  # fmt: skip


def test_a_preset_is_measured_beside_a_reference_of_its_architecture() -> None:
    ours = preset_config("fast").replace(**TINY)
    reference = ReferenceStep(reference_plain_generator, width=8)
    rows = list(training.measure({"fast": (reference, ours)}, rounds=1))
    assert [row["what"] for row in rows] == [
        "fast: reference, float32",
        f"fast: {training.describe(ours)}",
    ]
    assert rows[0]["times_as_fast"] == 1
    sizes = [
        sum(parameter.numel() for parameter in network.parameters())
        for network in (reference.G_AB, generator_from(ours))
    ]
    assert sizes[0] == sizes[1]


def test_best_settings_change_how_it_computes_and_nothing_else() -> None:
    for name in ("paper", "fast"):
        config = preset_config(name)
        best = training.best_settings(config).to_dict()
        changed = {key for key, value in config.to_dict().items() if best[key] != value}
        assert changed <= {"precision", "channels_last", "winograd", "compile"}


def test_the_loop_is_a_share_of_a_whole_run() -> None:
    config = preset_config("fast").replace(**TINY)
    (row,) = loop.measure("fast", config, images=3, size=40)
    assert row["images"] == 3
    assert row["ms_a_step"] > 0
    assert 0 < row["percent_outside"] < 100
