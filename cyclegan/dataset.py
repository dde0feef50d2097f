"""Two folders of pictures to augmented, unpaired batches.

The stream of samples holds no state: sample `i` of a domain is a function of (seed, domain, i)
and the files alone. So any position can be taken up again exactly, with any number of workers, in
the middle of an epoch, and the position is all that a checkpoint needs. What becomes of pictures
that cannot be read is in `unreadable.py`.
"""

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from cyclegan.config import TrainConfig
from cyclegan.contract.errors import DatasetError
from cyclegan.contract.pixels import to_network
from cyclegan.domains import PARTS, fingerprint, list_domain
from cyclegan.processes import Processes
from cyclegan.unreadable import Unreadable, load_readable

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it looks for updates when imported
import albumentations as A

# A picture more than so many times as long as wide is cut before it is scaled: one of 20000 x 60
# pixels would become 95333 x 286 of them.
STRIP = 8


Translate = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]  # a picture [H, W, 3] to another


class Batch(NamedTuple):
    """Pictures of both domains and of neither, and what could not be read on the way to them."""

    real_A: Tensor  # float32 [batch_size, 3, crop_size, crop_size] in [-1, 1]
    real_B: Tensor
    unreadable: Unreadable
    taught: Tensor | None = None  # what a teacher makes of those to be translated, where one does
    neither: Tensor | None = None  # of the same shape, where the config names such


class Loaded(NamedTuple):
    """The picture of a sample, before anything is done to it."""

    number: int  # in the stream's `paths`
    rgb: NDArray[np.uint8]  # [H, W, 3]
    rng: np.random.Generator  # that the rest of the sample is drawn with
    unreadable: dict[str, str]  # a sentence on each picture that failed before, by path


@lru_cache(maxsize=4)  # two domains, each at the turn of an epoch
def order_of(seed: int, salt: int, epoch: int, count: int) -> np.ndarray:
    """Return the order in which an epoch shows a domain's pictures, a permutation of `count`."""
    return np.random.default_rng([seed, salt, 0, epoch]).permutation(count)


class DomainStream(Dataset[tuple[Tensor, dict[str, str]]]):
    """One domain as an endless stream: every epoch a new order, every sample its own augmentation.

    Args:
        paths: the pictures. config: sizes and flip. salt: tells the domains apart (0 for A, 1 for
        B, 2 for neither), so that their orders differ and batches stay unpaired.

    `stream[i]`: float32 [3, crop_size, crop_size] in [-1, 1], and by path what could not be read.
    """

    def __init__(self, paths: list[Path], config: TrainConfig, salt: int) -> None:
        self.paths = paths
        self.seed, self.salt = config.seed, salt
        self.load_sizes = (config.load_size_min, config.load_size_max)
        self.transform = A.Compose(
            [
                A.RandomCrop(config.crop_size, config.crop_size),
                A.HorizontalFlip(p=0.5 if config.flip else 0.0),
            ]
        )

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, str]]:
        _, rgb, rng, unreadable = self.load(index)
        rgb = cut_strip(rgb, rng)
        rgb = scale(rgb, int(rng.integers(self.load_sizes[0], self.load_sizes[1] + 1)))
        self.transform.set_random_seed(int(rng.integers(2**31)))
        crop = self.transform(image=rgb)["image"]  # [crop_size, crop_size, 3]
        return torch.from_numpy(to_network(crop)[0]), unreadable

    def load(self, index: int) -> "Loaded":
        """Load the picture of a sample."""
        epoch, place = divmod(index, len(self.paths))
        order = order_of(self.seed, self.salt, epoch, len(self.paths))
        rgb, unreadable = load_readable(self.paths, order, place)
        if rgb is None:
            rgb = np.zeros((1, 1, 3), np.uint8)  # never used: the run ends
        number = int(order[(place + len(unreadable)) % len(order)])
        rng = np.random.default_rng([self.seed, self.salt, 1, index])
        return Loaded(number, rgb, rng, unreadable)


def scale(rgb: NDArray[np.uint8], short_side: int) -> NDArray[np.uint8]:
    """Scale a picture, uint8 [H, W, 3], to a short side in pixels.

    A larger one by averages, a smaller one bicubically: OpenCV's averages repeat pixels where there
    are to be more of them, and generators learn to paint their steps.
    """
    resize = A.SmallestMaxSize(
        short_side, interpolation=cv2.INTER_CUBIC, area_for_downscale="image"
    )
    scaled: NDArray[np.uint8] = resize(image=rgb)["image"]
    return scaled


def cut_strip(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Take a random square of the full width of a strip; what is none stays. Shape: [H, W, 3]."""
    height, width = rgb.shape[:2]
    side = min(height, width)
    if max(height, width) <= STRIP * side:
        return rgb
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    return rgb[top : top + side, left : left + side]


class UnpairedDataset(Dataset[Batch]):
    """Both domains side by side: `dataset[i]` is sample `i` of A and, unrelated, of B.

    And one of neither, where the config names a folder of such.

    What cannot be read comes as text: raised in a worker process, an error would reach the
    training process as a traceback.
    """

    teacher: Translate | None  # whose translations are learned, where a teacher is; see lessons.py

    def __init__(self, config: TrainConfig) -> None:
        """List the folders. Raises DatasetError: one is missing, or has too few pictures."""
        self.domain_a = open_domain(config.domain_a, config, salt=0)
        self.domain_b = open_domain(config.domain_b, config, salt=1)
        self.neither = open_domain(config.neither, config, salt=2) if config.neither else None
        self.teacher = None

    @property
    def _streams(self) -> list[DomainStream]:
        """In the order of `domains.PARTS`."""
        return [self.domain_a, self.domain_b, *([self.neither] if self.neither else [])]

    @property
    def pictures(self) -> tuple[int, ...]:
        """How many pictures A and B have, and neither, where there are such."""
        return tuple(len(stream.paths) for stream in self._streams)

    @property
    def fingerprints(self) -> list[str]:
        """What tells the pictures of A, of B and of neither from others."""
        return [fingerprint(stream.paths) for stream in self._streams]

    def __getitem__(self, index: int) -> Batch:
        samples, unreadable = zip(*(stream[index] for stream in self._streams), strict=True)
        real_A, real_B, *neither = samples
        met = dict(zip(PARTS, unreadable, strict=False))
        return Batch(real_A, real_B, met, neither=neither[0] if neither else None)


def open_domain(folder: str, config: TrainConfig, salt: int) -> DomainStream:
    """Open a folder of pictures. Raises DatasetError: missing, or fewer pictures than a batch."""
    paths = list_domain(Path(folder))
    if len(paths) < config.batch_size:
        raise DatasetError(
            f"{folder}: found {len(paths)} pictures, expected at least batch_size "
            f"({config.batch_size}); add pictures, or train with --set batch_size={len(paths)}"
        )
    return DomainStream(paths, config, salt)


def iterate_batches(
    dataset: UnpairedDataset,
    config: TrainConfig,
    images_seen: int,
    processes: Processes | None = None,
    *,
    pins_memory: bool = False,
) -> Iterator[Batch]:
    """Yield batches without end from sample `images_seen` on.

    Pinned memory is copied to a GPU without waiting for it.

    Of several processes each loads its own part of every batch, so that no two see the same sample
    of an epoch. Raises ConfigError: a batch cannot be split evenly.
    """
    processes = processes or Processes()
    share = processes.share(config.batch_size)
    first = images_seen + processes.rank * share
    with warnings.catch_warnings():
        # More workers than CPUs wait for disks, and what a preset says is not for a person to mend.
        warnings.filterwarnings("ignore", "This DataLoader will create")
        loader = DataLoader(
            dataset,
            batch_sampler=(
                list(range(start, start + share)) for start in count(first, config.batch_size)
            ),
            num_workers=config.num_workers,
            collate_fn=_collate,
            worker_init_fn=_ignore_signals,
            pin_memory=pins_memory,
            # ONNX Runtime hangs in a process that was forked from one that imported it.
            multiprocessing_context="spawn" if dataset.teacher and config.num_workers else None,
        )
        batches = iter(loader)
    yield from batches


def has_lost_worker(error: Exception) -> bool:
    """Whether an error says that a process which loads pictures was ended from outside."""
    return isinstance(error, RuntimeError) and str(error).startswith("DataLoader worker (pid")


def _collate(samples: list[Batch]) -> Batch:
    reals_A, reals_B, unreadable, *others = zip(*samples, strict=True)
    met = {name: {k: v for each in unreadable for k, v in each[name].items()}
           for name in unreadable[0]}  # fmt: skip
    taught, neither = (None if each[0] is None else torch.stack(each) for each in others)
    return Batch(torch.stack(reals_A), torch.stack(reals_B), met, taught, neither)


def _ignore_signals(_worker: int) -> None:
    # Ctrl-C reaches every process of a terminal, and what ends a job as a whole (timeout, systemd,
    # Slurm) every process of that; the training process alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
