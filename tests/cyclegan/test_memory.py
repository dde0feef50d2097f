import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cyclegan.checkpoint import load_checkpoint
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import TrainingError
from cyclegan.memory import is_out_of_memory, reductions
from cyclegan.settings import parse_settings
from cyclegan.train import Progress, train

# Let a process that has run once grow by no more than so many MiB, and train what needs more.
CROWDED = """
import json, resource, sys
from pathlib import Path
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import TrainingError
from cyclegan.train import train

folder, limit, *settings = sys.argv[1:]
small, large = (TrainConfig(**json.loads(each)) for each in settings)
train(small, Path(folder, "small"))
size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + int(limit) * 2**20,) * 2)
try:
    train(large, Path(folder, "large"))
except TrainingError as error:
    print(error)
"""


def test_less_and_less_is_tried_and_always_makes_sense() -> None:
    config = TrainConfig(generator="unet128", batch_size=3, crop_size=384, load_size_min=400,
                         load_size_max=400, generator_width=24, discriminator_width=8)  # fmt: skip
    less = list(reductions(config))
    tried = [
        (each.batch_size, each.crop_size, each.generator_width, each.discriminator_width)
        for each in less
    ]
    assert tried == [
        (1, 384, 24, 8), (1, 256, 24, 8), (1, 128, 24, 8), (1, 128, 12, 8), (1, 128, 8, 8)
    ]  # fmt: skip
    assert list(reductions(less[-1])) == []
    framed = config.replace(generator="plain", generator_width=8, border=96, batch_size=1)
    assert [each.crop_size for each in reductions(framed)] == [288, 216, 160, 120]
    shared = [each.batch_size for each in reductions(config.replace(batch_size=12), processes=4)]
    assert shared[:2] == [4, 4]  # each process has one then


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux limits a process's memory like this"
)
def test_memory_that_runs_out_names_settings_that_fit(tmp_path: Path, config: TrainConfig) -> None:
    # Measured: at 256 pixels a batch of 4 needs about 300 MiB, so here 1200.
    large = config.replace(batch_size=4, crop_size=512, load_size_min=512, load_size_max=512,
                           generator_width=24, discriminator_width=32)  # fmt: skip
    settings = [json.dumps(each.to_dict()) for each in (config.replace(max_images=1), large)]
    done = subprocess.run(
        [sys.executable, "-c", CROWDED, str(tmp_path), "300", *settings],
        capture_output=True, text=True, timeout=600, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("memory ran out ("), done.stdout
    flags = re.search(r"; a step fits with ((--set \w+=\d+ ?)+): start a new run", done.stdout)
    assert flags, done.stdout
    smaller = large.replace(**parse_settings(flags[1].replace("--set ", "").split()))
    assert smaller in list(reductions(large))
    assert not (tmp_path / "large" / "latest.pt").exists()
    assert not list(tmp_path.glob("*/.tmp-*"))


def test_memory_that_runs_out_spares_the_last_checkpoint(
    tmp_path: Path, config: TrainConfig
) -> None:
    def run_out(progress: Progress) -> None:
        if progress.images_seen == 5:
            raise MemoryError

    with pytest.raises(TrainingError, match=r"MemoryError\); no smaller settings fit"):
        train(config, tmp_path, on_progress=run_out)  # nothing of it can be any smaller
    assert load_checkpoint(tmp_path / "latest.pt")["run"]["images_seen"] == 3
    assert not list(tmp_path.glob(".tmp-*"))


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (MemoryError(), True),
        (RuntimeError("shapes differ"), False),
        (ValueError("DefaultCPUAllocator: can't allocate memory"), False),
    ],
)
def test_other_errors_are_not_taken_for_it(error: Exception, is_one: bool) -> None:
    assert is_out_of_memory(error) == is_one
