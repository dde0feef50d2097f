"""What this process may compute on, as the system says it."""

import math
import os
from pathlib import Path

import onnxruntime as ort
import pytest

from app.devices import CUDA, count_cpus, granted_cpus, providers
from app.store import Store
from cyclegan.contract.errors import InputError


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_threads_follow_what_was_asked_for_or_else_what_the_process_may_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert count_cpus() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert count_cpus() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("membership", "files", "granted"),
    [
        ("0::/\n", {}, math.inf),
        ("0::/\n", {"cpu.max": "max 100000\n"}, math.inf),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        # The group around it has less.
        ("0::/a/b\n", {"a/cpu.max": "50000 100000", "a/b/cpu.max": "200000 100000"}, 0.5),
        # A container that sees only its own group, by a path of the host.
        ("0::/docker/1f\n", {"cpu.max": "300000 100000"}, 3),
        (
            "3:cpu,cpuacct:/a\n1:name=systemd:/\n",
            {"cpu,cpuacct/a/cpu.cfs_quota_us": "25000", "cpu,cpuacct/a/cpu.cfs_period_us": "50000"},
            0.5,
        ),
        (
            "1:cpu:/\n0::/\n",
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
            math.inf,
        ),
    ],
)
def test_control_groups_grant_the_least_of_those_around_the_process(
    tmp_path: Path, membership: str, files: dict[str, str], granted: float
) -> None:
    put(tmp_path, {"membership": membership})
    groups = put(tmp_path / "groups", files)
    assert granted_cpus(groups, tmp_path / "membership") == granted


def test_a_system_without_control_groups_grants_all(tmp_path: Path) -> None:
    assert granted_cpus(tmp_path, tmp_path / "nowhere") == math.inf


def test_a_model_says_where_it_computes(weights_dir: Path) -> None:
    if CUDA in ort.get_available_providers():
        pytest.skip("this onnxruntime may find a GPU")
    assert Store(weights_dir).load("negate").device == "cpu"
    assert Store(weights_dir, device="cpu").load("negate").device == "cpu"
    with pytest.raises(InputError, match=r"cuda:1 was asked for.* install onnxruntime-gpu"):
        Store(weights_dir, device="cuda:1").load("negate")


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "cpu:0", ""])
def test_an_unknown_device_is_told_what_there_is(device: str) -> None:
    with pytest.raises(InputError, match="it is one of auto, cpu, cuda"):
        providers(device)
