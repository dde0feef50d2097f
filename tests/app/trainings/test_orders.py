"""The command that an order stands for, and what nobody can ask for."""

from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import pytest

from app import verbs
from app.trainings.orders import Lesson, Order, Record, plain, title_of
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import InputError
from cyclegan.presets import PRESETS


@pytest.mark.parametrize(
    "setting", ["nothing", "A=1", "features=/etc/passwd", "test_a=..", "name_a=a b", "x=$(ls)"]
)
def test_settings_that_are_none_or_may_name_a_path_are_refused(order: Order, setting: str) -> None:
    with pytest.raises(InputError, match="a setting is KEY=VALUE without paths"):
        replace(order, settings=(setting,))


def test_whatever_names_files_is_not_a_visitors_to_set(order: Order) -> None:
    hints = get_type_hints(TrainConfig)
    harmless = {"preset", "discriminator_backbone"}  # names, of which others are refused
    for key in {key for key, kind in hints.items() if kind is str} - harmless:
        with pytest.raises(InputError, match=f"{key} cannot be set here"):
            replace(order, settings=(f"{key}=weights",)).require_no_files()


def test_the_command_is_that_of_a_person_and_names_are_no_numbers(order: Order) -> None:
    asked = replace(
        order,
        name_a="1",
        settings=("crop_size=32", "lambda_cycle=-1e-3", "x="),
        test_a="/t",
        neither="/n",
    )
    command = asked.to_command(Path("/r"))
    assert 'name_a="1"' in command
    assert 'test_a="/t"' in command
    assert 'test_b=""' not in command
    folders = ["--domain-a", "/a", "--domain-b", "/b", "--out", "/r"]
    assert command[3:14] == ["train", "--preset", "fast", *folders, "--neither", "/n"]
    assert command[-2:] == ["--set", "x="]


def test_a_start_from_a_model_is_kept_and_gives_new_discriminators_a_head_start(
    order: Order, tmp_path: Path
) -> None:
    asked = replace(order, start="/models/m.onnx", settings=("head_start_images=5",))
    Record(asked, pid=0).write(tmp_path)
    assert Record.read(tmp_path).order == asked
    command = asked.to_command(tmp_path)[3:]
    assert command[command.index("--init-from") + 1] == "/models/m.onnx"
    words = " ".join(command)  # the last of two settings counts, which is the person's
    assert words.index("head_start_images=300") < words.index("head_start_images=5")
    short = replace(asked, settings=("max_images=200",))
    assert "head_start_images=50" in short.to_command(tmp_path)  # generators learn too
    lesson = replace(asked, lesson=Lesson("/models/m.onnx", "AtoB", "tiny"))
    assert "--init-from" not in lesson.to_command(tmp_path)


def test_a_lesson_is_kept_and_is_the_command_that_distils(order: Order, tmp_path: Path) -> None:
    lesson = Lesson("/models/m.onnx", "BtoA", "tiny")
    asked = replace(order, settings=("crop_size=32",), lesson=lesson, neither="/n")
    Record(asked, pid=0).write(tmp_path)
    assert Record.read(tmp_path).order == asked
    command = asked.to_command(tmp_path)[3:]
    assert command[:6] == ["distill", "/models/m.onnx", "--direction", "BtoA", "--student", "tiny"]
    assert command[6:10] == ["--domain-a", "/a", "--domain-b", "/b"]
    assert command[command.index("--neither") + 1] == "/n"  # as its teacher learned
    assert asked.title == "horse2zebra-tiny"


@pytest.mark.parametrize(
    ("name_a", "name_b", "title"),
    [
        ("犬", "猫", "犬2猫"),
        ("dış mekân", "ev/iç", "dış-mekân2ev-iç"),
        ("I\u0307s", "ку\u0438\u0306", "İs2куй"),  # NFC
        ("हिन्दी", "ไม้", "हिन्दी2ไม้"),  # vowels are marks there
        ("..", "\0\n🐈", "a2b"),  # of which nothing can be kept
        ("照" * 40, "x" * 40, f"{'照' * 11}2{'x' * 35}"),  # 35 bytes of each
        ("y" * 40, "x" * 40, f"{'y' * 35}2{'x' * 35}"),
    ],
)
def test_a_run_is_called_after_names_of_any_alphabet(name_a: str, name_b: str, title: str) -> None:
    assert title_of(name_a, name_b) == title
    assert plain(title) == title
    assert plain(f"{title}-shallow") == f"{title}-shallow"  # of its longest student


def test_what_cannot_be_part_of_a_path_leaves_a_name() -> None:
    assert [plain(name) for name in ("", ".", "../a", "-x_", "\u202e/", "a\tb")] == [
        *("run", "run", "a", "x", "run", "a-b")
    ]
    assert plain("é" * 41) == "é" * 40  # 80 bytes
    assert plain(f"{'a' * 79} b") == "a" * 79


def test_an_order_that_lasts_longer_has_no_other_limit(order: Order) -> None:
    limits = ("max_images=5", "crop_size=32", "max_minutes=1")
    longer = replace(order, settings=limits).lasting(70.5)
    assert (longer.max_minutes, longer.settings) == (70.5, ("crop_size=32",))


def test_presets_of_the_page_are_those_of_the_command() -> None:
    pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")
    from app.web import retrain_form

    assert set(retrain_form.PRESETS) <= set(PRESETS)


def test_a_command_that_runs_elsewhere_is_given_whole_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert verbs.command("export", Path("run"))[-2:] == ["export", str(tmp_path / "run")]
