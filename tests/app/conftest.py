"""What tests of the app share: the command, and pictures to give it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from app.cli import main


class Ran(NamedTuple):
    """What a run of the command left."""

    code: int
    stdout: str
    stderr: str


Command = Callable[..., Ran]


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], weights_dir: Path
) -> Command:
    """A function that runs `cyclegan` with these arguments on the models of `weights_dir`."""

    def run(*arguments: object) -> Ran:
        monkeypatch.setenv("CYCLEGAN_WEIGHTS", str(weights_dir))
        monkeypatch.setattr(sys, "argv", ["cyclegan", *map(str, arguments)])
        with pytest.raises(SystemExit) as raised:
            main()
        assert raised.value.code is None or isinstance(raised.value.code, int)
        return Ran(raised.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def put(tmp_path: Path):
    """A function that puts a 4 x 4 picture at each of these paths, and gives the folder."""

    def make(*names: str) -> Path:
        for i, name in enumerate(names):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            codec = "PNG" if path.suffix == ".heic" else None  # which only Apple's tools write
            Image.new("RGB", (4, 4), (i, i, i)).save(path, codec)
        return tmp_path

    return make


@pytest.fixture
def noise() -> Callable[..., np.ndarray]:
    """A function `noise(height, width, channels=3)` -> uint8 [H, W, C], the same every time."""

    def make(height: int, width: int, channels: int = 3) -> np.ndarray:
        generator = np.random.default_rng(0)
        return generator.integers(0, 256, (height, width, channels), dtype=np.uint8)

    return make
