import shutil
import sysconfig
from pathlib import Path

import pytest

from cyclegan.cli.training import fit_to_machine
from cyclegan.config import TrainConfig


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose commands and whose headers of Python are the files of this folder."""
    monkeypatch.setattr(shutil, "which", lambda name: name if (tmp_path / name).exists() else None)
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("files", "can_compile"),
    [
        (("g++", "Python.h"), True),
        (("clang++", "Python.h"), True),
        (("Python.h",), False),
        (("g++",), False),
    ],
)
def test_a_machine_that_cannot_compile_trains_without_and_says_so(
    machine: Path, capsys: pytest.CaptureFixture[str], files: tuple[str, ...], can_compile: bool
) -> None:
    for name in files:
        (machine / name).touch()
    assert fit_to_machine(TrainConfig(compile=True), "cpu").compile == can_compile
    assert ("apt-get install g++" in capsys.readouterr().err) != can_compile
    assert fit_to_machine(TrainConfig(compile=True), "cuda").compile


def test_the_compiler_may_be_named(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("icpx", "Python.h"):
        (machine / name).touch()
    assert not fit_to_machine(TrainConfig(compile=True), "auto").compile
    monkeypatch.setenv("CXX", "icpx")
    assert fit_to_machine(TrainConfig(compile=True), "auto").compile
