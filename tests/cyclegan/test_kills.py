"""A training that is killed again and again ends as one that never was."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cyclegan.checkpoint import load_checkpoint
from cyclegan.config import TrainConfig
from tests.cyclegan.runs import assert_same, losses_of, timeless

KILLS = 20
IMAGES = 200  # more than the trainings see before they are killed

# Loads PyTorch once, and forks a process for each training: killed with its workers, either soon
# after some lines of the log or in the middle of writing a checkpoint. Prints what was left.
DRIVER = """
import json, os, random, signal, sys, time, traceback
from pathlib import Path
import torch
from cyclegan.checkpoint import load_checkpoint
from cyclegan.config import TrainConfig
from cyclegan.train import train

torch.set_num_threads(1)
folder, config, kills = Path(sys.argv[1]), TrainConfig(**json.loads(sys.argv[2])), int(sys.argv[3])
rng = random.Random(0)

def start(run):
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        try:
            train(config, run)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.setpgid(child, child)
    return child

def wait(child, is_there):
    while not is_there():
        assert os.waitpid(child, os.WNOHANG) == (0, 0), "ended before it was killed"
        time.sleep(0.0002)

def size(path):
    return path.stat().st_size if path.exists() else 0

cut = folder / "cut"
log, latest = cut / "log.jsonl", cut / "latest.pt"
for _ in range(kills):
    child = start(cut)
    for _ in range(rng.randint(0, 3)):
        before = size(log)
        wait(child, lambda: size(log) != before)
    if rng.random() < 0.5:
        wait(child, lambda: any(cut.glob(".tmp-*.pt")))
    else:
        time.sleep(rng.uniform(0, 0.05))
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    seen = load_checkpoint(latest)["run"]["images_seen"] if latest.exists() else 0
    print(json.dumps({"images_seen": seen, "cut_short": len(list(cut.glob(".tmp-*.pt")))}))
for run in (cut, folder / "whole"):
    assert os.waitpid(start(run), 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="trainings are forked from one process")
def test_twenty_kills_leave_no_trace(tmp_path: Path, config: TrainConfig) -> None:
    config = config.replace(
        num_workers=1,
        batch_size=2,
        pool_size=4,
        diffaugment="on",
        max_images=IMAGES,
        log_every=2,
        checkpoint_every=4,
        sheet_every=1000,
    )
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(tmp_path), json.dumps(config.to_dict()), str(KILLS)],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    left = [json.loads(line) for line in done.stdout.splitlines()]
    seen = [each["images_seen"] for each in left]
    assert len(left) == KILLS
    assert seen == sorted(seen), "a checkpoint was lost"
    assert 0 < seen[-1] < IMAGES
    assert any(each["cut_short"] for each in left), "no kill hit the writing of a checkpoint"
    cut, whole = (load_checkpoint(tmp_path / name / "latest.pt") for name in ("cut", "whole"))
    assert_same(timeless(cut), timeless(whole))
    assert losses_of(tmp_path / "cut") == losses_of(tmp_path / "whole")
    assert not list((tmp_path / "cut").rglob(".tmp-*"))
