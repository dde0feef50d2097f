"""The running mean of a generator's weights, which is what is shown, measured and exported."""

from collections.abc import Callable

from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

Weights = tuple[Tensor, ...] | list[Tensor]


def decay_after(updates: int, decay: float) -> float:
    """The share that the mean keeps at an update, after so many.

    `decay` in the long run. At first less, so that the mean forgets how the network started: with
    0.999 alone two thirds of it were still random weights after 440 steps.

    Source: TensorFlow's `ExponentialMovingAverage`, `num_updates`.
    """
    return min(decay, (1 + updates) / (10 + updates))


def averaging(decay: float) -> Callable[[Weights, Weights, Tensor | int], None]:
    """What `AveragedModel` takes as `multi_avg_fn`. `decay` in [0, 1); 0 follows the weights."""

    def update(averaged: Weights, current: Weights, updates: Tensor | int) -> None:
        get_ema_multi_avg_fn(decay_after(int(updates), decay))(averaged, current, updates)

    return update
