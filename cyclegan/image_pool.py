"""A history of fakes, so that a discriminator also sees what the generator used to make."""

from typing import Any

import torch
from torch import Tensor


class ImagePool:
    """Keep up to `size` fakes; hand back each new one or, half the time, an older one in its place.

    Source: Shrivastava et al. 2017, section 2.3; Zhu et al. 2017, section 4 (size 50).

    Args:
        size: how many pictures are kept; 0 hands every fake straight back.
        seed: of the pool's own random generator, which is part of its state.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.images: list[Tensor] = []
        self.generator = torch.Generator().manual_seed(seed)

    def query(self, fakes: Tensor) -> Tensor:
        """Exchange a batch. Shape: [N, 3, H, W] -> [N, 3, H, W], detached."""
        fakes = fakes.detach()
        if self.size == 0:
            return fakes
        answer = []
        for fake in fakes.split(1):
            if len(self.images) < self.size:
                self.images.append(fake.clone())
                answer.append(fake)
            elif torch.rand((), generator=self.generator) < 0.5:
                place = int(torch.randint(self.size, (), generator=self.generator))
                answer.append(self.images[place].to(fake.device))  # a checkpoint loads on the CPU
                self.images[place] = fake.clone()
            else:
                answer.append(fake)
        return torch.cat(answer)

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides what `query` answers next."""
        return {"images": self.images, "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()`."""
        self.images = list(state["images"])
        self.generator.set_state(state["generator"])
