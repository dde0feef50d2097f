"""Two folders of pictures to augmented, unpaired batches.

The stream of samples holds no state: sample `i` of a domain is a function of (seed, domain, i)
alone. So any position can be taken up again exactly, with any number of workers, in the middle of
an epoch, and nothing about the data needs to be in a checkpoint.
"""

import os
import signal
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from cyclegan.config import TrainConfig
from cyclegan.contract.errors import DatasetError
from cyclegan.contract.images import find_pictures, load_picture
from cyclegan.contract.pixels import to_network

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it looks for updates when imported
import albumentations as A

MIN_PICTURES = 2  # of a domain; nothing can be learned from one


def resolve_domains(
    data: Path | None, domain_a: Path | None, domain_b: Path | None
) -> tuple[Path, Path]:
    """Find the two training folders: `data/trainA` and `data/trainB`, or those given one by one.

    Raises DatasetError: neither or both ways are given, or a folder is missing.
    """
    if data is not None and domain_a is None and domain_b is None:
        folders = (data / "trainA", data / "trainB")
    elif data is None and domain_a is not None and domain_b is not None:
        folders = (domain_a, domain_b)
    else:
        raise DatasetError("expected either --data DIR, or both --domain-a DIR and --domain-b DIR")
    for folder in folders:
        if not folder.is_dir():
            raise DatasetError(
                f"{folder}: no such folder; expected a folder with trainA and trainB behind "
                "--data, or two folders of pictures behind --domain-a and --domain-b"
            )
    return folders


def list_domain(folder: Path) -> list[Path]:
    """List a domain's pictures, in subfolders too. Raises DatasetError: fewer than two."""
    paths = find_pictures(folder, recursive=True)
    if len(paths) < MIN_PICTURES:
        raise DatasetError(
            f"{folder}: found {len(paths)} picture{'s' * (len(paths) != 1)}, expected at least "
            f"{MIN_PICTURES}; "
            "some hundred of each domain are needed for good results"
        )
    return paths


class DomainStream(Dataset[Tensor]):
    """One domain as an endless stream: every epoch a new order, every sample its own augmentation.

    Args:
        paths: the pictures. config: sizes and flip. salt: tells the domains apart (0 for A, 1 for
        B), so that their orders differ and batches stay unpaired.

    `stream[i]`: float32 [3, crop_size, crop_size] in [-1, 1].
    """

    def __init__(self, paths: list[Path], config: TrainConfig, salt: int) -> None:
        self.paths = paths
        self.seed = (config.seed, salt)
        self.load_sizes = (config.load_size_min, config.load_size_max)
        self.transform = A.Compose(
            [
                A.RandomCrop(config.crop_size, config.crop_size),
                A.HorizontalFlip(p=0.5 if config.flip else 0.0),
            ]
        )
        self.order = lru_cache(maxsize=2)(self._order)

    def _order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([*self.seed, 0, epoch]).permutation(len(self.paths))

    def __getitem__(self, index: int) -> Tensor:
        epoch, place = divmod(index, len(self.paths))
        rng = np.random.default_rng([*self.seed, 1, index])
        rgb = load_picture(self.paths[self.order(epoch)[place]]).rgb
        short_side = int(rng.integers(self.load_sizes[0], self.load_sizes[1] + 1))
        rgb = A.SmallestMaxSize(short_side, interpolation=3, p=1.0)(image=rgb)["image"]
        self.transform.set_random_seed(int(rng.integers(2**31)))
        crop = self.transform(image=rgb)["image"]  # [crop_size, crop_size, 3]
        return torch.from_numpy(to_network(crop)[0])


class UnpairedDataset(Dataset[tuple[Tensor, Tensor]]):
    """Both domains side by side: `dataset[i]` is sample `i` of A and, unrelated, of B."""

    def __init__(self, config: TrainConfig) -> None:
        self.domain_a = DomainStream(list_domain(Path(config.domain_a)), config, salt=0)
        self.domain_b = DomainStream(list_domain(Path(config.domain_b)), config, salt=1)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.domain_a[index], self.domain_b[index]


def _ignore_interrupt(_worker: int) -> None:
    # Ctrl-C reaches every process of a terminal; the training process alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def iterate_batches(
    dataset: UnpairedDataset, config: TrainConfig, images_seen: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches without end from sample `images_seen` on.

    Shape: (real_A, real_B), each float32 [batch_size, 3, crop_size, crop_size] in [-1, 1].
    """
    loader: DataLoader[tuple[Tensor, Tensor]] = DataLoader(
        dataset,
        batch_size=config.batch_size,
        sampler=range(images_seen, 2**62),
        num_workers=config.num_workers,
        worker_init_fn=_ignore_interrupt,
    )
    yield from loader
