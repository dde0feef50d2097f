"""Several processes for real: `torchrun` over loopback, as a user starts it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from cyclegan.checkpoint import load_checkpoint
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import ConfigError
from cyclegan.dataset import UnpairedDataset, iterate_batches
from cyclegan.processes import Processes
from cyclegan.train import train
from cyclegan.two_way import CycleGANStep

# Without norms, which on noise make rounding into steps of another kind: in one process as well,
# where only the order of a batch's pictures changes.
SETTINGS: dict[str, Any] = {
    "batch_size": 4,
    "max_images": 32,
    "checkpoint_every": 8,
    "log_every": 8,
    "schedule": "constant",  # the same at every length
    "discriminator_norm": "none",
}
VARIANTS = [
    {"diffaugment": "on", "discriminator_norm": "spectral"},
    {"objective": "wgan-gp", "d_steps": 2},
]


def torchrun(config: TrainConfig, run: Path, count: int = 2) -> list[str]:
    default = TrainConfig().to_dict()
    settings = {key: value for key, value in config.to_dict().items() if value != default[key]}
    folders = [settings.pop("domain_a"), settings.pop("domain_b")]
    return [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
        *("--nproc-per-node", str(count), "-m", "cyclegan", "train", "--out", str(run)),
        *("--domain-a", folders[0], "--domain-b", folders[1], "--preset", "paper"),
        *("--set", "test_a=", "--set", "test_b="),  # else what lies beside them is measured
        *(part for key, value in settings.items() for part in ("--set", f"{key}={value}")),
    ]


def launch(command: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)


@pytest.mark.parametrize("variant", VARIANTS)
def test_two_processes_learn_what_one_does_and_may_take_turns(
    tmp_path: Path, config: TrainConfig, variant: dict[str, Any]
) -> None:
    config = config.replace(**{**SETTINGS, **variant})
    train(config, tmp_path / "one")
    train(config.replace(max_images=8), tmp_path / "turns")
    process = launch(torchrun(config.replace(max_images=24), tmp_path / "turns"))
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    train(config, tmp_path / "turns")
    one, turns = (load_checkpoint(tmp_path / name / "latest.pt") for name in ("one", "turns"))
    start_state = CycleGANStep(config).state_dict()
    for name in ("G_AB", "G_BA_ema", "D_A", "D_B"):
        start, alone, together = (
            torch.cat([part.flatten() for part in state[name].values()])
            for state in (start_state, one["step"], turns["step"])
        )
        # Not each by itself: where a gradient is 0 but for rounding, Adam makes a whole step of it.
        assert (together - alone).norm() < 0.01 * (alone - start).norm(), name
    torch.testing.assert_close(turns["step"]["pool_A"], one["step"]["pool_A"], rtol=0, atol=1e-3)
    assert torch.equal(turns["step"]["random"], one["step"]["random"])
    assert one["run"]["images_seen"] == turns["run"]["images_seen"] == 32
    logs = [(tmp_path / name / "log.jsonl").read_text().splitlines() for name in ("one", "turns")]
    for row, row_of_turns in zip(*(map(json.loads, log) for log in logs), strict=True):
        for name in row.keys() - {"minutes", "images_per_s"}:
            assert row_of_turns[name] == pytest.approx(row[name], rel=1e-3, abs=1e-5), name


@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_process_ends_the_others_and_the_checkpoint_stays(
    tmp_path: Path, config: TrainConfig, rank: int
) -> None:
    run = tmp_path / "run"
    config = config.replace(**SETTINGS | {"max_images": 1_000_000})
    process = launch(torchrun(config, run))
    try:
        deadline = time.monotonic() + 120
        while not (run / "latest.pt").exists():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline, "no checkpoint within two minutes"
            time.sleep(0.05)
        workers = ranks_of(process.pid)
        assert set(workers) == {0, 1}
        os.kill(workers[rank], signal.SIGKILL)
        process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode != 0
    assert not Path(f"/proc/{workers[1 - rank]}").exists()
    assert load_checkpoint(run / "latest.pt")["run"]["images_seen"] % 8 == 0


def ranks_of(parent: int) -> dict[int, int]:
    """Process ids of a torchrun's workers, by rank."""
    found = {}
    for children in Path(f"/proc/{parent}/task").glob("*/children"):
        for pid in children.read_text().split():
            entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
            environment = dict(entry.split("=", 1) for entry in entries if "=" in entry)
            if "RANK" in environment:
                found[int(environment["RANK"])] = int(pid)
    return found


def test_ctrl_c_saves_where_all_of_them_stand(tmp_path: Path, config: TrainConfig) -> None:
    run = tmp_path / "run"
    config = config.replace(**SETTINGS | {"max_images": 1_000_000, "checkpoint_every": 900_000})
    process = launch(torchrun(config, run))
    try:
        deadline = time.monotonic() + 120
        while not (run / "log.jsonl").exists():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline, "no log within two minutes"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert errors.count("run the same command again to continue") == 1, errors
    assert load_checkpoint(run / "latest.pt")["run"]["images_seen"] >= 8


def test_processes_split_a_batch_without_overlap(config: TrainConfig) -> None:
    config = config.replace(batch_size=4)
    dataset = UnpairedDataset(config)
    whole = iterate_batches(dataset, config, 4)
    parts = [iterate_batches(dataset, config, 4, Processes(rank, 2)) for rank in range(2)]
    for _ in range(3):  # more than an epoch of 5 pictures
        together, apart = next(whole), [next(part) for part in parts]
        assert torch.equal(together.real_A, torch.cat([part.real_A for part in apart]))
        assert torch.equal(together.real_B, torch.cat([part.real_B for part in apart]))


def test_a_batch_that_cannot_be_split_says_which_could_and_claims_no_folder(
    tmp_path: Path, config: TrainConfig
) -> None:
    with pytest.raises(ConfigError, match=r"batch_size 1 .* 2 processes.*batch_size=2"):
        train(config, tmp_path / "run", processes=Processes(0, 2))
    assert not (tmp_path / "run").exists()
