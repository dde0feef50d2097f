"""The command as a whole: its exit codes, and what goes to which stream."""

from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("conver",), "Did you mean 'convert'?"),
        (("convert", "--modle", "x"), "--model"),
        (("train", "--dataroot", "x", "--name", "y"), "--dataroot: here it is --data; docs"),
        (("train", "--data", "x", "--n_epochs=9"), "--n_epochs: here it is --max-images, in"),
        (("train", "x", "--out", "y"), "x: a folder with trainA and trainB goes behind --data"),
        (("train", "--out", "y", "x"), "x: a folder with trainA and trainB goes behind --data"),
        (("doctor", "x", "y"), "two folders of pictures behind --domain-a and --domain-b"),
        (("distill", "negate", "x", "--out", "y"), "x: a folder with trainA and trainB goes beh"),
        (("test", "--dataroot", "x"), "translated by `cyclegan convert`"),
        (("models", "show"), "No such command 'show'; if it is a model, `cyclegan models info s"),
        (("models", "inf"), "Did you mean 'info'?"),
        (("models", "x" * 300), "No such command 'xxx"),
        (("models", "negate"), "is a model, no command; `cyclegan models info negate` shows"),
        (("models", "--json", "info"), "give options after the action: models info"),
        (("serve", "--auth", "ada"), "--auth wants USER:PASSWORD"),
        (("serve", "--training-root", "x"), "--training-root goes with --allow-training"),
        (("serve", "--port", "70000"), "less than or equal to 65535"),
    ],
)
def test_wrong_usage_is_exit_2_with_a_hint(command, arguments: tuple[str], sentence: str) -> None:
    ran = command(*arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert sentence in ran.stderr


def test_a_model_that_is_taken_for_a_command_is_shown_from_its_folder(
    command, tmp_path: Path
) -> None:
    folder = tmp_path / "my models"
    folder.mkdir()
    (folder / "mine.json").touch()
    wanted = f"mine is a model, no command; `cyclegan models info mine --weights '{folder}'` shows"
    for arguments in (("mine", "--weights", folder), ("--weights", folder, "mine")):
        assert wanted in command("models", *arguments).stderr
    assert "No such command 'mine'" in command("models", "mine").stderr


def test_names_in_an_error_steer_no_terminal(command, tmp_path: Path) -> None:
    picture = tmp_path / "a\x1b[31m\u202egpj.png"
    picture.write_text("no picture")
    ran = command("convert", picture, tmp_path / "out.png")
    assert ran.code == 2
    assert r"a\x1b[31m\u202egpj.png is" in ran.stderr


def test_the_unexpected_is_one_line_and_exit_1(command, monkeypatch) -> None:
    def fail(_self: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("app.store.Store.list", fail)
    ran = command("models")
    assert ran.code == 1
    assert ran.stderr.startswith("unexpected: RuntimeError: a bug; ")
    assert ran.stderr.count("\n") == 1


def test_ctrl_c_in_the_import_of_an_extension_is_exit_130(command, monkeypatch) -> None:
    def initialize(_self: object) -> None:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr("app.store.Store.list", initialize)
    ran = command("models")
    assert (ran.code, ran.stdout, ran.stderr) == (130, "", "")


def test_version_and_help_go_to_stdout(command) -> None:
    assert command("--version").stdout == "0.1.0\n"
    help_text = command("--help").stdout
    for verb in ("serve", "convert", "models", "train", "export", "evaluate"):
        assert f"\n  {verb} " in help_text


@pytest.mark.parametrize("verbs", [(), ("models",)])
def test_what_a_verb_does_is_said_to_the_end(command, verbs: tuple[str, ...]) -> None:
    assert "..." not in command(*verbs, "--help").stdout.partition("\nCommands:\n")[2]
