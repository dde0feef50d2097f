"""What the environment holds is what constraints.txt pins, and nothing but the index is needed."""

import re
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)( ; .+)?")


def pins() -> dict[str, str]:
    matches = [PIN.fullmatch(line) for line in CONSTRAINTS.read_text().splitlines()]
    return {match["name"]: match["version"] for match in matches if match}


def test_every_constraint_is_one_exact_version_from_the_index() -> None:
    lines = CONSTRAINTS.read_text().splitlines()
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    assert len(pins()) == len(lines)


def test_every_installed_package_has_its_pinned_version() -> None:
    if not Path(sys.prefix, ".installed").exists():
        pytest.skip("this environment was not made by `make install`")
    installed = {
        re.sub(r"[-_.]+", "-", distribution.name).lower(): distribution.version
        for distribution in distributions()
    }
    ours = {"cyclegan", "pip"}
    assert {n: v for n, v in installed.items() if n not in ours and pins().get(n) != v} == {}
