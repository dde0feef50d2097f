"""What the command shows of work that takes long."""

import sys
from pathlib import Path

import pytest

from app import terminal
from app.conversion import Result


@pytest.mark.parametrize(("patience_s", "is_shown"), [(0, True), (60, False)])
def test_one_picture_gets_a_bar_on_a_terminal_where_it_takes_long(
    monkeypatch, capsys, patience_s: float, is_shown: bool
) -> None:
    monkeypatch.setattr(terminal, "PATIENCE_S", patience_s)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    parts = terminal.Parts()
    with parts:
        parts.tell(1, 4)
    assert ("25%" in capsys.readouterr().err) == is_shown


def test_one_picture_gets_no_bar_elsewhere(monkeypatch, capsys) -> None:
    monkeypatch.setattr(terminal, "PATIENCE_S", 0)
    with terminal.Parts():
        terminal.Parts().tell(1, 4)
    assert capsys.readouterr().err == ""


def test_a_picture_has_one_line_whatever_it_is_called() -> None:
    place = Path("a\nb\x1b[31m.png")
    told = terminal.describe(Result(place, place, "failed", f"{place} is empty"))
    assert told == r"failed: a\nb\x1b[31m.png is empty"
