"""One tree, drawn as it is; hints that name what is near and nothing else."""

import re

from cyclegan.contract import errors
from cyclegan.contract.errors import CycleGANError, nearest, on_one_line


def test_the_drawing_shows_every_error_below_its_parent() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (CycleGANError.__doc__ or "").splitlines():
        if found := re.match(r"([ │├└─]*)(\w+Error)\b", line.removeprefix("    ")):
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            drawn[found[2]] = path[depth - 1] if depth else "Exception"
    defined = {
        name: kind.__base__.__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, CycleGANError)
    }
    assert drawn == defined


def test_nearest_suggests_by_likeness_whatever_the_case() -> None:
    names = ["horse2zebra", "zebra2horse"]
    assert nearest("Hors2zebra", names) == '; did you mean "horse2zebra"?'
    assert nearest("paprika", names) == ""
    assert nearest("anything", []) == ""


def test_a_name_breaks_no_line_steers_no_terminal_and_turns_nothing_round() -> None:
    assert on_one_line("a\nb\x1b[31m\udcff.png") == r"a\nb\x1b[31m\udcff.png"
    assert on_one_line("gpj.\u202ea\u2066.png") == r"gpj.\u202ea\u2066.png"
    assert on_one_line("馬\u3000é 👩\u200d🎨.png") == "馬\u3000é 👩\u200d🎨.png"
