"""The benchmarks run and answer with sensible figures; how fast anything is, is never asserted."""

import json
from pathlib import Path

from torch import nn

from benchmarks.__main__ import main
from benchmarks.reference import ReferenceStep, reference_discriminator, reference_generator
from benchmarks.timing import milliseconds
from benchmarks.training import measure
from cyclegan.config import preset_config


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


def test_training_steps_are_measured_side_by_side() -> None:
    tiny = {"generator_width": 8, "discriminator_width": 8, "crop_size": 32, "compile": False}
    presets = {"fast": preset_config("fast").replace(**tiny)}
    rows = list(measure(presets, ReferenceStep(width=4), size=32, rounds=1))
    assert [row["what"] for row in rows] == ["reference step", "fast step"]
