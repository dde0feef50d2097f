"""Several processes that train one pair of networks: who is who, and what they tell each other.

`torchrun` starts them and tells each its rank; without it there is one. A batch is split among
them, and whatever depends on the whole batch (gradients, the pools of old fakes, random numbers) is
made the same everywhere. So every process has the same networks, optimizers and pools at every
step, the first one's checkpoint is everybody's, and their number may change between two calls.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from cyclegan.contract.errors import ConfigError, TrainingError, brief

# Longer than the first process is busy by itself: with sheets, checkpoints and evaluations.
TIMEOUT = timedelta(hours=1)

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """All processes of a training as one of them sees them; by default it is alone."""

    rank: int = 0  # of this one
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes files and talks."""
        return self.rank == 0

    def share(self, batch_size: int) -> int:
        """Pictures of each domain that one process takes of a batch. Raises ConfigError."""
        if batch_size % self.count:
            raise ConfigError(
                f"batch_size {batch_size} cannot be split evenly among {self.count} processes; "
                f"give a multiple: --set batch_size={self.count}"
            )
        return batch_size // self.count

    def mine(self, batch: Tensor) -> Tensor:
        """Take this process's part of what belongs to a whole batch. Shape: [N, ...]."""
        return batch.chunk(self.count)[self.rank]

    def whole(self, mine: Tensor) -> Tensor:
        """Put the processes' parts of a batch together, in order. Shape: [n, ...] -> [N, ...]."""
        if self.count == 1:
            return mine
        mine = mine.contiguous()
        parts = [torch.empty_like(mine) for _ in range(self.count)]
        with _lost_process():
            dist.all_gather(parts, mine)
        return torch.cat(parts)

    def average(self, values: Tensor) -> Tensor:
        """Return the mean of the processes' values."""
        if self.count == 1:
            return values
        mean = values.clone()
        with _lost_process():
            dist.all_reduce(mean)
        return mean / self.count

    def average_gradients(self, networks: Iterable[nn.Module]) -> None:
        """Replace every gradient by the mean of the processes' gradients, in one message."""
        if self.count == 1:
            return
        gradients = [p.grad for net in networks for p in net.parameters() if p.grad is not None]
        mean = self.average(torch.cat([gradient.flatten() for gradient in gradients]))
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, part in zip(gradients, mean.split(sizes), strict=True):
            gradient.copy_(part.view_as(gradient))

    def agree(self, elapsed_s: float, is_stopping: bool) -> tuple[float, bool]:
        """Take the first process's clock, and stop all where one stops.

        Their schedules and their ends must be the same. These numbers travel between CPUs, so a
        GPU is not waited for.
        """
        if self.count == 1:
            return elapsed_s, is_stopping
        told = torch.tensor([elapsed_s if self.is_first else 0.0, is_stopping], dtype=torch.float64)
        with _lost_process():
            dist.all_reduce(told)
        return float(told[0]), bool(told[1] > 0)

    def from_all(self, value: T) -> list[T]:
        """Return every process's value, by rank: any plain values."""
        if self.count == 1:
            return [value]
        told: list[Any] = [None] * self.count
        with _lost_process():
            dist.all_gather_object(told, value)
        return told

    def from_first(self, value: T) -> T:
        """Return the first process's value everywhere: any plain values and tensors."""
        if self.count == 1:
            return value
        told = [value]
        with _lost_process():
            dist.broadcast_object_list(told, src=0)
        return told[0]


@contextmanager
def join_processes() -> Iterator[Processes]:
    """Meet the other processes that `torchrun` started, until the block ends."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Processes()
        return
    # Tensors of a GPU travel by NCCL, those of a CPU by Gloo, also beside a GPU.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, timeout=TIMEOUT)
    try:
        yield Processes(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


@contextmanager
def _lost_process() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise TrainingError(
            "another process of this training ended or did not answer, so this one ends too; the "
            f"same command again goes on from the last checkpoint ({brief(error):.200})"
        ) from error
