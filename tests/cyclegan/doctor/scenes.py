"""Pictures that tests of the doctor draw, and how they ask it."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from cyclegan.doctor.findings import Finding

ENOUGH = 40  # pictures of each domain for them to be compared


def scene(rng: np.random.Generator, domain: str, width: int = 40, height: int = 40) -> Image.Image:
    """Soft random colours below stripes: upright ones in domain A, level ones in B."""
    soft = Image.fromarray(rng.integers(30, 226, (5, 5, 3), dtype=np.uint8))
    rgb = np.asarray(soft.resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    places = np.arange(width)[None, :, None] if domain == "A" else np.arange(height)[:, None, None]
    rgb = rgb + 25 * ((places + rng.integers(6)) // 3 % 2) + rng.integers(-8, 9, rgb.shape)
    return Image.fromarray(rgb.clip(0, 255).astype(np.uint8))


Checked = Callable[[], dict[str, Finding]]
