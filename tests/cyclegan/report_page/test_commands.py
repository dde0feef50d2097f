"""The commands that a run's page shows can be typed."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from cyclegan.config import TrainConfig
from cyclegan.contract.log import LATEST
from cyclegan.presets import preset_config
from cyclegan.report_page.commands import export_commands, resume_command
from tests.cyclegan.runs import command


@pytest.mark.parametrize(
    ("lengths", "limit"),
    [
        ({"max_images": 0, "max_minutes": 2.5}, ["--max-minutes", "2.5"]),
        ({"max_images": 40_000, "max_minutes": 0.0}, ["--max-images", "40000"]),
    ],
)
def test_the_command_that_goes_on_has_the_settings_of_the_run(
    tmp_path: Path, lengths: dict[str, Any], limit: list[str]
) -> None:
    run, folders = tmp_path / "one's run", [tmp_path / "a picture's folder", tmp_path / "B"]
    for folder in (run, *folders):
        folder.mkdir()
    config = preset_config("fast").replace(
        domain_a=str(folders[0]),
        domain_b=str(folders[1]),
        name_a="12",
        name_b="one's zebra",
        compile=False,
        **lengths,
    )
    (run / "config.json").write_text(config.to_json())
    (run / LATEST).touch()
    shown = ["cyclegan", "train", "--out", str(run)]
    assert shlex.split(resume_command(config, run, is_over=False)) == shown
    assert shlex.split(resume_command(config, run, is_over=True)) == shown + limit
    for words in (shown, shown + limit):
        assert json.loads(command(*words[1:], "--dry-run")) == config.to_dict()


def test_a_run_of_one_direction_makes_one_model(config: TrainConfig, tmp_path: Path) -> None:
    there, back = export_commands(config.replace(name_b="../b"), tmp_path)
    assert there.endswith("--direction AtoB --name red2..-b --out weights/")
    assert back.endswith("--direction BtoA --name BtoA --out weights/")  # no name starts with a dot
    one_way = config.replace(method="simgan", lambda_cycle=0.0)
    assert len(export_commands(one_way, tmp_path)) == 1


@pytest.mark.parametrize(
    ("names", "there", "back"),
    [
        (("our horse", "(one's) zebra!"), "our-horse2one-s-zebra", "one-s-zebra2our-horse"),
        (("horse", "猫"), "AtoB", "BtoA"),  # not "horse2-"
        (("1犬", "2猫"), "AtoB", "BtoA"),  # not "1-22-"
        (("école", "été"), "AtoB", "BtoA"),
        (("", "?"), "AtoB", "BtoA"),  # not "2"
    ],
)
def test_a_model_is_to_be_called_after_its_domains_where_a_card_may_have_their_names(
    config: TrainConfig, tmp_path: Path, names: tuple[str, str], there: str, back: str
) -> None:
    config = config.replace(name_a=names[0], name_b=names[1])
    words = [shlex.split(command) for command in export_commands(config, tmp_path / "犬2猫")]
    assert [each[each.index("--name") + 1] for each in words] == [there, back]
