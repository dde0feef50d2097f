"""What the doctor says, in which order, to people and to programs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from cyclegan import cli
from cyclegan.cli.pictures import _estimate
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import DatasetError
from cyclegan.doctor import Diagnosis, diagnose, pace
from cyclegan.domains import resolve_splits
from tests.cyclegan.doctor.scenes import ENOUGH


def test_a_healthy_set_is_small_at_most(healthy: Path, config: TrainConfig) -> None:
    done: list[tuple[int, int]] = []
    diagnosis = diagnose(resolve_splits(healthy), config, lambda *place: done.append(place))
    assert [(each.code, each.level) for each in diagnosis.findings] == [("few", "warning")]
    assert not diagnosis.must_be_fixed
    assert diagnosis.distinctness is not None
    assert diagnosis.distinctness > 0.9  # upright and level stripes
    facts = diagnosis.folders[0]
    assert (facts.name, facts.pictures, facts.unreadable) == ("trainA", ENOUGH, 0)
    assert (facts.formats, facts.short_side) == ({"PNG": ENOUGH}, (40, 40, 40))
    assert facts.jpeg_quality is None
    total = 2 * ENOUGH + 6
    assert done == [(i, total) for i in range(1, total + 1)]


def test_empty_folders_are_a_finding_and_missing_ones_an_error(
    tmp_path: Path, config: TrainConfig
) -> None:
    (tmp_path / "trainA").mkdir()
    with pytest.raises(DatasetError, match="trainB: no such folder"):
        diagnose(resolve_splits(tmp_path), config)
    (tmp_path / "trainB").mkdir()
    assert [each.code for each in diagnose(resolve_splits(tmp_path), config).findings] == [
        "too-few",
        "no-test",
    ]


def test_the_most_important_comes_first(data: Path, config: TrainConfig) -> None:
    shutil.rmtree(data / "testB")
    (data / "trainB" / "empty.png").touch()
    findings = diagnose(resolve_splits(data), config).findings
    assert [each.code for each in findings] == ["unreadable", "few", "no-test"]


def test_training_takes_as_long_as_its_steps(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config.replace(max_images=36_000, d_steps=2)
    assert 0 < pace.measure_step_s(config, torch.device("cpu"), budget_s=0) < 60
    monkeypatch.setattr(pace, "measure_step_s", lambda *_: 0.5)
    assert _estimate(config)[0] == 5
    assert _estimate(config.replace(batch_size=4))[0] == 1.25


def test_nothing_is_read_with_torch() -> None:
    code = "import sys, cyclegan.doctor; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def _type(
    monkeypatch: pytest.MonkeyPatch, *arguments: object, estimate: str = "--no-estimate"
) -> int:
    """Type `cyclegan doctor ...`; the exit code."""
    words = ["cyclegan", "doctor", *map(str, arguments), estimate]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    return int(exit_.value.code or 0)


def test_the_command_prints_for_people_and_for_machines(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _type(monkeypatch, data) == 0
    assert "0 must be fixed" in capsys.readouterr().out
    shutil.copy(data / "trainA" / "02.png", data / "testA" / "ex\nact.png")
    assert _type(monkeypatch, data) == 3
    printed = capsys.readouterr().out
    assert r"trainA/02.png = testA/ex\nact.png" in printed
    assert printed.index("must be fixed: leak") < printed.index("worth a look: few")
    assert _type(monkeypatch, data, "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert told["must_be_fixed"]
    assert told["findings"][0]["code"] == "leak"
    assert told["findings"][0]["files"] == [["trainA/02.png", "testA/ex\nact.png"]]
    assert (told["preset"], told["hours"]) == ("fast", None)
    assert _type(monkeypatch, data / "trainA") == 2
    assert "no such folder" in capsys.readouterr().err


def test_a_preset_whose_network_cannot_be_fetched_must_be_mended(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert _type(monkeypatch, data, "--preset", "projected") == 0  # what was not asked
    capsys.readouterr()
    assert _type(monkeypatch, data, "--preset", "projected", estimate="--estimate") == 3
    printed = " ".join(capsys.readouterr().out.split())
    assert "must be fixed: no-backbone Preset projected cannot train here yet: the w" in printed
    assert "give their file as discriminator_weights=FILE. -> Connect to the" in printed
    assert "training:" not in printed


def test_the_folder_may_be_given_as_train_takes_it(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _type(monkeypatch, "--data", data) == 0
    assert "0 must be fixed" in capsys.readouterr().out
    assert _type(monkeypatch, data, "--data", "b") == 2
    assert "are two folders; give one of them" in capsys.readouterr().err


def test_settings_are_those_that_one_will_train_with(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--set", "crop_size=32", "--set", "load_size_min=32", "--set", "load_size_max=32"]
    assert _type(monkeypatch, data, *small, "--set", "max_minutes=6", estimate="--estimate") == 0
    printed = capsys.readouterr().out
    assert "small" not in printed  # of pictures of 40 pixels
    assert "training: about 6 minutes on this machine" in printed
    assert _type(monkeypatch, data, "--set", "crop_size=33") == 2
    assert "crop_size: expected a multiple of" in capsys.readouterr().err


def test_no_time_is_estimated_where_there_is_nothing_to_train_on(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pace, "measure_step_s", lambda *_: 0.5)
    assert _type(monkeypatch, data, estimate="--estimate") == 0
    assert "training: about" in capsys.readouterr().out
    shutil.rmtree(data / "trainB")
    (data / "trainB").mkdir()
    assert _type(monkeypatch, data, estimate="--estimate") == 3
    assert "training:" not in capsys.readouterr().out


def test_two_folders_from_anywhere_do_as_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    (tmp_path / "zebras").mkdir()
    folders = [data / "trainA", tmp_path / "zebras" / "grazing"]
    (data / "trainB").rename(folders[1])
    shutil.copy(folders[0] / "02.png", folders[1] / "copy.png")
    options = ["--domain-a", str(folders[0]), "--domain-b", str(folders[1])]
    assert _type(monkeypatch, *options, "--json") == 3
    told = json.loads(capsys.readouterr().out)
    root = Path(os.path.commonpath(folders))
    names = [
        path.relative_to(root).as_posix()
        for path in (folders[0] / "02.png", folders[1] / "copy.png")
    ]
    assert [found["files"] for found in told["findings"] if found["code"] == "both-domains"] == [
        [names]
    ]
    assert "no-test" in [found["code"] for found in told["findings"]]
    assert _type(monkeypatch, *options) == 3
    printed = " ".join(capsys.readouterr().out.split())
    assert f"Pictures: {ENOUGH} in trainA and {ENOUGH + 1} in grazing." in printed
    assert "train with --set test_a=DIR --set test_b=DIR." in printed
    assert "testA" not in printed  # which nobody spoke of
    assert _type(monkeypatch, *options[:2]) == 2
    assert "expected either one folder" in capsys.readouterr().err


def test_the_two_folders_of_a_dataset_are_that_dataset(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    told = []
    for options in ([data], ["--domain-a", data / "trainA", "--domain-b", data / "trainB"]):
        assert _type(monkeypatch, *options, "--json") == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert [folder["name"] for folder in told[1]["folders"]][2:] == ["testA", "testB"]


def test_a_diagnosis_is_plain_json(data: Path, config: TrainConfig) -> None:
    diagnosis: Diagnosis = diagnose(resolve_splits(data), config)
    assert json.loads(json.dumps(diagnosis.to_dict()))["folders"][0]["name"] == "trainA"
