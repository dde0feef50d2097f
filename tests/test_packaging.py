"""constraints.txt pins what pyproject.toml asks for, and the environment holds those versions."""

import re
import sys
import sysconfig
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)( ; .+)?")


def lines() -> list[str]:
    return (ROOT / "constraints.txt").read_text().splitlines()


def pins() -> dict[str, str]:
    matches = [PIN.fullmatch(line) for line in lines()]
    return {match["name"]: match["version"] for match in matches if match}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_constraint_is_one_exact_version_from_the_index() -> None:
    assert [line for line in lines() if not PIN.fullmatch(line)] == []
    assert len(pins()) == len(lines())


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = sum(project["optional-dependencies"].values(), project["dependencies"])
    names = {normalized(re.split(r"[<>=!~;\[ ]", each)[0]) for each in wanted}
    assert names - pins().keys() == set(), "run `make constraints`"


def test_installed_packages_have_their_pinned_versions() -> None:
    if not Path(sys.prefix, ".installed").exists():
        pytest.skip("this environment was not made by `make install`")
    # Not those inside setuptools, which it puts on the path where it is imported.
    places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    found = distributions(path=places)
    installed = {normalized(each.name): each.version for each in found}
    assert "torch" in installed
    differing = {name: v for name, v in installed.items() if pins().get(name, v) != v}
    assert differing == {}, "run `make install`"
