"""What tests of the doctor share: a healthy set of pictures, and one to be made ill."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cyclegan.config import TrainConfig
from cyclegan.doctor import diagnose
from cyclegan.doctor.findings import Finding
from cyclegan.domains import resolve_splits
from tests.cyclegan.doctor.scenes import ENOUGH, scene


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("healthy")
    rng = np.random.default_rng(0)
    for folder, count in (("trainA", ENOUGH), ("trainB", ENOUGH), ("testA", 3), ("testB", 3)):
        (root / folder).mkdir()
        for index in range(count):
            scene(rng, folder[-1]).save(root / folder / f"{index:02d}.png")
    return root


@pytest.fixture
def data(healthy: Path, tmp_path: Path) -> Path:
    """The healthy set, to be made ill."""
    return Path(shutil.copytree(healthy, tmp_path / "data"))


@pytest.fixture
def checked(data: Path, config: TrainConfig) -> Callable[[], dict[str, Finding]]:
    """A function that diagnoses `data` and answers findings by code, less that it is small."""

    def run() -> dict[str, Finding]:
        findings = diagnose(resolve_splits(data), config).findings
        by_code = {finding.code: finding for finding in findings}
        assert len(by_code) == len(findings), "each is told once"
        by_code.pop("few")
        return by_code

    return run
