"""How different two colours look: CIEDE2000, as Sharma, Wu and Dalal (2005) write it down."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Array = NDArray[np.floating]


def difference_of(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Array:
    """Of each pixel of two sRGB pictures, [H, W, 3] -> [H, W]; 1 is about what an eye can tell."""
    assert a.shape == b.shape, "each pixel is compared with the one at its place"
    return difference(_to_lab(a), _to_lab(b))


def difference(lab_a: Array, lab_b: Array) -> Array:
    """Differences of colours in CIELAB, [..., 3] -> [...]."""
    (L1, a1, b1), (L2, a2, b2) = np.moveaxis(lab_a, -1, 0), np.moveaxis(lab_b, -1, 0)
    c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(c7 / (c7 + 25.0**7))
    a1, a2 = a1 * stretch, a2 * stretch
    C1, C2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    is_grey = C1 * C2 == 0
    turn = np.where(is_grey, 0, (h2 - h1 + 180) % 360 - 180)
    dL, dC = L2 - L1, C2 - C1
    dH = 2 * np.sqrt(C1 * C2) * np.sin(np.radians(turn / 2))
    L, C = (L1 + L2) / 2, (C1 + C2) / 2
    h = np.where(is_grey, h1 + h2, h1 + turn / 2) % 360
    T = (
        1
        - 0.17 * np.cos(np.radians(h - 30))
        + 0.24 * np.cos(np.radians(2 * h))
        + 0.32 * np.cos(np.radians(3 * h + 6))
        - 0.20 * np.cos(np.radians(4 * h - 63))
    )
    SL = 1 + 0.015 * (L - 50) ** 2 / np.sqrt(20 + (L - 50) ** 2)
    SC, SH = 1 + 0.045 * C, 1 + 0.015 * C * T
    angle = np.radians(60 * np.exp(-(((h - 275) / 25) ** 2)))
    RT = -2 * np.sqrt(C**7 / (C**7 + 25.0**7)) * np.sin(angle)
    squared = (dL / SL) ** 2 + (dC / SC) ** 2 + (dH / SH) ** 2 + RT * (dC / SC) * (dH / SH)
    distances: Array = np.sqrt(squared)
    return distances


def _to_lab(rgb: NDArray[np.uint8]) -> Array:
    lab = ImageCms.profileToProfile(
        Image.fromarray(rgb),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert lab is not None
    stored = np.asarray(lab).astype(np.float64)  # L: 0 to 255 for 0 to 100; a, b: signed bytes
    stored[..., 1:] = (stored[..., 1:] + 128) % 256 - 128
    scaled: Array = stored * [100 / 255, 1, 1]
    return scaled
