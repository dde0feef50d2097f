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
from torch.utils.data import DataLoader, Dataset, default_collate

from cyclegan.config import TrainConfig
from cyclegan.contract.errors import PictureError
from cyclegan.contract.images import load_picture
from cyclegan.contract.pixels import to_network
from cyclegan.domains import list_domain

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it looks for updates when imported
import albumentations as A

Sample = tuple[Tensor, Tensor]


@lru_cache(maxsize=4)  # two domains, each at the turn of an epoch
def order_of(seed: int, salt: int, epoch: int, count: int) -> np.ndarray:
    """Return the order in which an epoch shows a domain's pictures, a permutation of `count`."""
    return np.random.default_rng([seed, salt, 0, epoch]).permutation(count)


class DomainStream(Dataset[Tensor]):
    """One domain as an endless stream: every epoch a new order, every sample its own augmentation.

    Args:
        paths: the pictures. config: sizes and flip. salt: tells the domains apart (0 for A, 1 for
        B), so that their orders differ and batches stay unpaired.

    `stream[i]`: float32 [3, crop_size, crop_size] in [-1, 1].
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

    def __getitem__(self, index: int) -> Tensor:
        epoch, place = divmod(index, len(self.paths))
        order = order_of(self.seed, self.salt, epoch, len(self.paths))
        rng = np.random.default_rng([self.seed, self.salt, 1, index])
        rgb = load_picture(self.paths[order[place]]).rgb
        short_side = int(rng.integers(self.load_sizes[0], self.load_sizes[1] + 1))
        rgb = A.SmallestMaxSize(short_side, interpolation=3, p=1.0)(image=rgb)["image"]
        self.transform.set_random_seed(int(rng.integers(2**31)))
        crop = self.transform(image=rgb)["image"]  # [crop_size, crop_size, 3]
        return torch.from_numpy(to_network(crop)[0])


class UnpairedDataset(Dataset[Sample | PictureError]):
    """Both domains side by side: `dataset[i]` is sample `i` of A and, unrelated, of B.

    A picture that cannot be read comes as its error: raised in a worker process, it would reach
    the training process as a traceback in a text.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.domain_a = DomainStream(list_domain(Path(config.domain_a)), config, salt=0)
        self.domain_b = DomainStream(list_domain(Path(config.domain_b)), config, salt=1)

    def __getitem__(self, index: int) -> Sample | PictureError:
        try:
            return self.domain_a[index], self.domain_b[index]
        except PictureError as error:
            return error


def iterate_batches(
    dataset: UnpairedDataset, config: TrainConfig, images_seen: int
) -> Iterator[Sample]:
    """Yield batches without end from sample `images_seen` on.

    Shape: (real_A, real_B), each float32 [batch_size, 3, crop_size, crop_size] in [-1, 1].

    Raises PictureError: a picture cannot be read.
    """
    loader: DataLoader[Sample | PictureError] = DataLoader(
        dataset,
        batch_size=config.batch_size,
        sampler=range(images_seen, 2**62),
        num_workers=config.num_workers,
        collate_fn=_collate,
        worker_init_fn=_ignore_interrupt,
    )
    for batch in loader:
        if isinstance(batch, PictureError):
            raise batch
        yield batch


def _collate(samples: list[Sample | PictureError]) -> Sample | PictureError:
    for sample in samples:
        if isinstance(sample, PictureError):
            return sample
    real_A, real_B = default_collate(samples)
    return real_A, real_B


def _ignore_interrupt(_worker: int) -> None:
    # Ctrl-C reaches every process of a terminal; the training process alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
