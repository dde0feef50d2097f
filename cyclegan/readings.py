"""What a few fixed pictures tell of a training: readings, named numbers that `alarms.py` judges.

Nothing here changes a training: no weight, no running state of a layer, no random generator.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyclegan import losses
from cyclegan.report import load_sheet_pictures
from cyclegan.step import Step, frozen

PROBE_PICTURES = 8  # of each domain
CELLS = 16  # along each side of a picture
GRID = 4  # pixels; every generator builds its output in squares of this side, or of half of it
_PATCH = 8 * GRID  # pixels; side of the squares in which a pattern may keep its phase
_PINNED = 0.95  # of a value in [-1, 1]: so near an end of the range that nothing more is to come
_MOVED = 0.3  # of a range of 2; a quarter more contrast moves what it pins by less
_LEAST_GRID = 0.01  # share below that of any photograph; flat pictures have no detail at all
_TINY = 1e-8  # keeps quotients of flat pictures finite


def load_probe(paths: list[Path], crop_size: int) -> Tensor:
    """Load the pictures that readings are taken from: float32 [N, 3, crop_size, crop_size]."""
    return torch.cat(load_sheet_pictures(paths, PROBE_PICTURES, crop_size))


def take_readings(step: Step, real_A: Tensor, real_B: Tensor) -> dict[str, float]:
    """Read each direction that is learned: `change_AB`, ..., and `change_BA`, ...

    The generators are those that are trained, not their averages: these are what the
    discriminators judge, and what goes wrong is seen some thousand images earlier in them.

    Args:
        real_A, real_B: what `load_probe` gave.
    """
    reals = {"A": real_A, "B": real_B}
    readings: dict[str, float] = {}
    for name in step.generator_names:
        source, target = name[-2], name[-1]
        real, wanted = reals[source].to(step.device), reals[target].to(step.device)
        generator = step.networks[name]
        with _at_rest(generator):
            with torch.no_grad():
                fake = _one_by_one(generator, real)
            values = {
                "change": measure_change(real, fake),
                "colour_correlation": measure_colour_correlation(real, fake),
                "diversity": measure_diversity(real, fake, wanted),
                "checkerboard": measure_checkerboard(real, fake, wanted),
                "blobs": measure_blobs(real, fake, wanted),
            }
        if step.discriminator_names:
            values |= _read_judge(step, target, wanted, fake)
        readings |= {f"{key}_{source}{target}": value for key, value in values.items()}
    return readings


def _read_judge(step: Step, target: str, wanted: Tensor, fake: Tensor) -> dict[str, float]:
    """Read what the discriminator of a domain makes of real pictures and of fakes."""
    judge = step.judge_of(target)
    with _at_rest(judge):
        with torch.no_grad():
            judged = _one_by_one(judge, wanted), _one_by_one(judge, fake)
        return {
            "told_apart": measure_told_apart(*judged),
            "adv_gradient": measure_gradient(judge, step.config.objective, fake),
        }


def read_student(step: Step, reals: list[Tensor], taught: list[Tensor]) -> dict[str, float]:
    """Read how far a student is from its teacher: `astray_AB` or `astray_BA`.

    In [0, 2]: the mean difference at four resolutions, see `losses.multi_scale_distance`.

    Args:
        reals: pictures of the source domain, each float32 [1, 3, H, W] in [-1, 1].
        taught: what the teacher makes of each, of the same shape and range.
    """
    (name,) = step.generator_names
    generator = step.networks[name]
    with _at_rest(generator), torch.no_grad():
        distances = [
            losses.multi_scale_distance(generator(real.to(step.device)), wanted.to(step.device))
            for real, wanted in zip(reals, taught, strict=True)
        ]
    return {f"astray_{name[-2:]}": float(torch.stack(distances).mean())}


@contextmanager
def _at_rest(*networks: nn.Module) -> Iterator[None]:
    """Keep networks from gathering gradients and, with spectral norm, from iterating on."""
    for network in networks:
        network.eval()
    try:
        with frozen(networks):
            yield
    finally:
        for network in networks:
            network.train()


def _one_by_one(network: nn.Module, pictures: Tensor) -> Tensor:
    """Apply a network in the memory that a single picture takes."""
    return torch.cat([network(picture) for picture in pictures.split(1)])


def measure_change(real: Tensor, fake: Tensor) -> float:
    """Say how far colours moved or texture grew, whichever is more, cell by cell.

    A plain difference of pixels does not tell a copy from a translation: copies by a network are
    a little soft, and a picture at half its resolution differs by 0.055 from itself, the bundled
    horse2zebra changes horses by 0.058. Here it is 0.005 and 0.038.

    Shape: both [N, 3, H, W]. Range: [0, 2], 0 for a copy, also for a soft one.
    """
    (colours, contrast), (new_colours, new_contrast) = _cells(real), _cells(fake)
    moved = (new_colours - colours).abs().mean(dim=1)
    grown = new_contrast - contrast
    return float(torch.maximum(moved, grown).mean())


def measure_colour_correlation(real: Tensor, fake: Tensor) -> float:
    """Correlate the mean colours of cells before and after, each channel around its mean.

    Shape: both [N, 3, H, W]. Range: [-1, 1]; 1 for a copy, -1 for a negative, 0 for flat colour.
    """
    before, after = (
        cells - cells.mean(dim=(0, 2, 3), keepdim=True)
        for cells in (_cells(real)[0], _cells(fake)[0])
    )
    norms = before.norm() * after.norm()
    return float((before * after).sum() / norms.clamp_min(_TINY))


def measure_diversity(real: Tensor, fake: Tensor, wanted: Tensor) -> float:
    """Say how much fakes differ from one another, beside the more uniform of the two domains.

    Shape: all [N, 3, H, W], N at least 2. Range: 0 (all the same) upwards; 1 as diverse.
    """
    spread, *usual = (
        float(_cells(pictures)[0].var(dim=0).mean().sqrt()) for pictures in (fake, real, wanted)
    )
    return spread / max(min(usual), _TINY)


def measure_checkerboard(real: Tensor, fake: Tensor, wanted: Tensor) -> float:
    """Say how much of the finest detail repeats with the grid, beside real pictures.

    Shape: all [N, 3, H, W]. Range: [0, 100]; 1 as in the domain that has more of it.
    """
    share, *usual = (grid_share(pictures) for pictures in (fake, real, wanted))
    return share / max(*usual, _LEAST_GRID)


def grid_share(pictures: Tensor) -> float:
    """Measure which share of the finest detail's energy keeps its phase in a grid of `GRID` pixels.

    Shape: [N, 3, H, W]. Range: [0, 1]; 1 for a checkerboard, 1/64 for white noise, of which each
    phase's mean in a patch averages 64 pixels; 0.014 to 0.025 for photographs and drawings.
    """
    detail = pictures - F.avg_pool2d(F.pad(pictures, (1, 2, 1, 2), mode="reflect"), GRID, stride=1)
    height, width = (side // _PATCH * _PATCH for side in pictures.shape[-2:])
    detail = detail[..., :height, :width]
    # [N, 3, H, W] -> [N, 3, patches, cells of a patch, phases, patches, cells of a patch, phases]
    split = detail.unflatten(3, (-1, 8, GRID)).unflatten(2, (-1, 8, GRID))
    phases = split.mean(dim=(3, 6))
    kept = phases - phases.mean(dim=(3, 5), keepdim=True)
    return float(kept.square().mean() / detail.square().mean().clamp_min(_TINY))


def measure_blobs(real: Tensor, fake: Tensor, wanted: Tensor) -> float:
    """Measure the area that came to be pinned at an end of the range, beside real targets.

    Of the pictures' areas it is the median: blobs are in nearly all translations, and a white sky
    is in some. What was nearly as light or dark before does not count.

    Shape: all [N, 3, H, W]. Range: [-1, 1], a share of the area; 0 or less where fakes have no
    more of plain black, white and full colour than the pictures that they are to look like.
    """
    moved = (_cells(fake)[0] - _cells(real)[0]).abs().amax(dim=1) > _MOVED
    new, usual = (
        float(area.float().mean(dim=(1, 2)).median())
        for area in (_pinned(fake) & moved, _pinned(wanted))
    )
    return new - usual


def measure_told_apart(judged_real: Tensor, judged_fake: Tensor) -> float:
    """Measure how surely a discriminator ranks a real patch above a fake one.

    Shape: logits [N, heads, ...], of which the heads' mean counts: each has a scale of its own.
    Range: [0, 1]; 0.5 it cannot tell, 1 it never errs. Needs no threshold, so it means the same
    with every objective. It is the area under the ROC curve.
    """
    real, fake = (judged.mean(dim=1).flatten() for judged in (judged_real, judged_fake))
    real = real.sort().values
    below = torch.searchsorted(real, fake, right=False)  # reals that are less than each fake
    up_to = torch.searchsorted(real, fake, right=True)
    return 1 - float((below + up_to).double().mean()) / (2 * len(real))


def measure_gradient(judge: Callable[[Tensor], Tensor], objective: str, fake: Tensor) -> float:
    """Measure how steeply the adversarial loss falls where a fake moves as it asks.

    Shape: [N, 3, H, W]. Units: of the loss, for a change of the pixels by 1 (root mean square): an
    L1 loss of weight w pulls with w in the same units, so this compares with `lambda_cycle`.
    """
    total = 0.0
    for picture in fake.split(1):
        point = picture.detach().requires_grad_(True)
        loss = losses.generator_adversarial(objective, judge(point))
        (gradient,) = torch.autograd.grad(loss, point)
        total += float(gradient.norm()) * gradient.numel() ** 0.5
    return total / len(fake)


def _cells(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Divide pictures into cells: their mean colours [N, 3, 16, 16], and contrast [N, 16, 16]."""
    mean = F.adaptive_avg_pool2d(pictures, CELLS)
    variance = F.adaptive_avg_pool2d(pictures.square(), CELLS) - mean.square()
    return mean, variance.mean(dim=1).clamp_min(0).sqrt()


def _pinned(pictures: Tensor) -> Tensor:
    """Find cells whose every pixel is at the same end of the range in some channel: [N, 16, 16]."""
    highest, lowest = (F.adaptive_max_pool2d(sign * pictures, CELLS) for sign in (1, -1))
    return ((-lowest > _PINNED) | (highest < -_PINNED)).any(dim=1)
