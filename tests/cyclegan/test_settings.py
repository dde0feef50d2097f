import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cyclegan.cli.command import register
from cyclegan.contract.errors import ConfigError
from cyclegan.settings import parse_settings
from tests.commands import type_command


def test_settings_are_json_or_text() -> None:
    settings = parse_settings(["lambda_cycle=5", "flip=false", "name_a=horse", "name_b = a=b"])
    assert settings == {"lambda_cycle": 5, "flip": False, "name_a": "horse", "name_b": " a=b"}


def test_a_number_is_text_where_text_is_meant() -> None:
    assert parse_settings(["name_a=2024", 'name_b="x"', "seed=3"]) == {
        "name_a": "2024", "name_b": "x", "seed": 3
    }  # fmt: skip


def test_a_place_is_named_from_the_root() -> None:
    settings = parse_settings(["test_a=data/testA", "discriminator_weights=w.pth", "test_b="])
    here = Path.cwd()
    assert settings == {
        "test_a": f"{here}/data/testA", "discriminator_weights": f"{here}/w.pth", "test_b": ""
    }  # fmt: skip


def test_a_home_that_no_shell_has_named_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("trainA", "trainB", "held"):
        (tmp_path / "data" / name).mkdir(parents=True)
    words = ("--data=~/data", "--out=~/run", "--set", "test_a=~/data/held", "--set=name_a=~/x")
    assert type_command("train", *words, "--dry-run") == 0
    config = json.loads(capsys.readouterr().out)
    assert config["domain_a"] == str(tmp_path / "data" / "trainA")
    assert config["test_a"] == str(tmp_path / "data" / "held")
    assert config["name_a"] == "~/x"  # no place
    assert type_command("doctor", "--no-estimate", "--data=~nobody/data") == 2


def test_a_setting_without_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        parse_settings(["flip"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "--data=DIR", "--init-from=nothing", "--set=lamda_cycle=1"], "lambda_cycle"),
        (["train", "--data=DIR", "--init-from=nothing", "--set=lambda_cycle=-1"], "0 or more"),
        (["import", "nothing", "--set=lamda_cycle=1"], "lambda_cycle"),
        (["distill", "horse2zebra", "--data=DIR", "--set=lamda_self=1"], "lambda_self"),
        (
            ["distill", "horse2zebra", "--data=DIR", "--set=lambda_identity=1"],
            "'distill' does not know",
        ),
        (["distill", "horse2zebra", "--data=DIR", "--set=direction=BtoA"], "leave --set direction"),
        (["import", "nothing", "--set=preset=paper"], "preset is what this command says; leave"),
        (["train", "--data=DIR", "--set=preset=paper"], "preset is what --preset says; leave"),
    ],
)
def test_wrong_settings_are_named_before_anything_is_loaded_or_made(
    data_dir: Path, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    run = tmp_path / "run"
    typed = [each.replace("DIR", str(data_dir)) for each in arguments]
    command = typer.Typer()
    register(command)
    result = CliRunner().invoke(command, [*typed, f"--out={run}"])
    assert sentence in str(result.exception)
    assert not run.exists()
