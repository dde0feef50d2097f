"""What tests of runs and of steps share: a batch, a command, a cut, a comparison."""

import json
import zlib
from pathlib import Path
from typing import Any

import torch
import typer
from torch import nn
from typer.testing import CliRunner

from cyclegan.cli.command import register
from cyclegan.train import Progress

# What makes the tests' run learn from a teacher, which is in the run's folder
DISTILL: dict[str, Any] = {
    "method": "distill",
    "teacher": "negate",
    "lambda_cycle": 0.0,
    "lambda_identity": 0.0,
    "lambda_teacher": 10.0,
    "lambda_structure": 5.0,
}


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise of both domains: two pictures of 32 pixels each."""
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.rand(2, 3, 32, 32, generator=generator) * 2 - 1 for _ in range(2))  # type: ignore[return-value]


def layout_of(network: nn.Module) -> str:
    """A checksum of the names, shapes and order of weights, by which a checkpoint fits or not."""
    shapes = (f"{name} {list(each.shape)}\n" for name, each in network.state_dict().items())
    return f"{zlib.crc32(''.join(shapes).encode()):08x}"


class KilledError(Exception):
    """Stands for a process that dies: nothing is saved on the way out."""


def kill_at(images: int) -> Any:
    def on_progress(progress: Progress) -> None:
        if progress.images_seen == images:
            raise KilledError

    return on_progress


def assert_same(ours: Any, theirs: Any, where: str = "") -> None:
    assert type(ours) is type(theirs), where
    if isinstance(ours, torch.Tensor):
        assert torch.equal(ours, theirs), where
    elif isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), where
        for key in ours:
            assert_same(ours[key], theirs[key], f"{where}/{key}")
    elif isinstance(ours, (list, tuple)):
        assert len(ours) == len(theirs), where
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            assert_same(*pair, f"{where}/{index}")
    else:
        assert ours == theirs, where


def timeless(checkpoint: dict[str, Any]) -> dict[str, Any]:
    checkpoint["run"].pop("elapsed_s")
    return checkpoint


def losses_of(run: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k not in ("minutes", "images_per_s")} for row in rows]


def command(*arguments: object) -> str:
    """Type a training verb, here in this process; what it prints."""
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output
