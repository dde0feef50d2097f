"""What tests of whole runs share: to cut one short, and to tell whether two are the same."""

import json
from pathlib import Path
from typing import Any

import torch

from cyclegan.train import Progress


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
