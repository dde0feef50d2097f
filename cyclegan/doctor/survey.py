"""What can be measured of one picture: shape, file format, colour, detail, borders, a thumbnail.

Nothing is judged here; `symptoms.py` does that. Every measure is one that a discriminator could
use. What the pictures of a folder are like together is in `facts.py`.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cyclegan.contract.errors import PictureError, brief
from cyclegan.contract.formats import open_header
from cyclegan.contract.images import load_picture

T = TypeVar("T")

THUMBNAIL = 16  # pixels a side
_PROXY = 256  # pixels; larger pictures are measured at this short side, near what training sees
_LONGEST = 4 * _PROXY  # pixels; longer than this no proxy gets

_GREY_SPREAD = 8  # of 255: a pixel whose channels are no further apart has no colour
_FLAT_RANGE = 16  # of 255: what JPEG leaves of a line of one colour
_SMALLEST_BORDER = 0.02  # of the side; narrower ones are frames of a pixel or two, or chance

# Sum of the luminance table at quality 50 of the JPEG standard (ITU-T T.81, table K.1).
_QUALITY_50_SUM = 3692


@dataclass(frozen=True)
class Unreadable:
    """A file that is no usable picture, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Header:
    """What the first bytes of a file tell of its picture."""

    path: Path
    bytes: int  # of the file
    width: int  # pixels, as stored; upright once the picture is decoded
    height: int
    format: str  # of the file, as its content says: "JPEG", "PNG", ...
    jpeg_quality: float | None  # 1 to 100, estimated from its tables; None where it is no JPEG

    @property
    def short_side(self) -> int:
        """In pixels."""
        return min(self.width, self.height)

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height


@dataclass(frozen=True)
class Measured(Header):
    """What is kept of a picture: about a kilobyte."""

    is_transparent: bool  # some pixel is not opaque
    is_grey: bool  # no colour anywhere
    is_blank: bool  # one colour everywhere
    border: float  # share of the area within bars of one colour at opposite sides
    brightness: float  # 0 to 255
    contrast: float  # standard deviation of the brightness
    saturation: float  # mean spread of a pixel's channels, 0 to 255
    warmth: float  # mean of red minus blue, -255 to 255
    detail: tuple[float, ...]  # mean step between neighbours: across, down; at scales 1, 2, 4
    digest: bytes  # equal for equal pixels, whatever the file
    thumbnail: NDArray[np.uint8]  # [THUMBNAIL, THUMBNAIL, 3]


def survey(paths: Iterable[Path]) -> Iterator[Measured | Unreadable]:
    """Measure pictures in order, on every CPU that this process may use, a few at a time."""
    return _map(measure, paths)


def skim(paths: Iterable[Path]) -> Iterator[Header | Unreadable]:
    """Read the headers of pictures, as `survey` reads the pictures: a hundred times as fast."""
    return _map(read_header, paths)


def _map(look: Callable[[Path], T], paths: Iterable[Path]) -> Iterator[T]:
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    rest = iter(paths)
    with ThreadPoolExecutor(workers) as pool:
        while chunk := list(islice(rest, 32)):
            yield from pool.map(look, chunk)


def measure(path: Path) -> Measured | Unreadable:
    """Decode a picture as training does, and measure it."""
    header = read_header(path)
    if isinstance(header, Unreadable):
        return header
    try:
        picture = load_picture(path)
    except PictureError as error:
        return _unreadable(path, error)
    rgb, alpha = picture.rgb, picture.alpha
    height, width = rgb.shape[:2]
    proxy = _shrink(rgb)
    small = Image.fromarray(proxy).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    # Reductions over a last axis of 3 take longer than decoding the picture did.
    planes = np.ascontiguousarray(proxy.transpose(2, 0, 1))  # [h, w, 3] -> [3, h, w]
    red, green, blue = planes
    brightest, darkest = (f(f(red, green), blue) for f in (np.maximum, np.minimum))
    spread = brightest - darkest  # [h, w]
    luminance = np.asarray(Image.fromarray(proxy).convert("L"), np.float32)
    return Measured(
        **vars(header) | {"width": width, "height": height},
        is_transparent=alpha is not None and bool((alpha < 255).any()),
        is_grey=bool((spread > _GREY_SPREAD).mean() < 0.01),
        is_blank=bool((np.ptp(planes, axis=(1, 2)) <= _FLAT_RANGE).all()),
        border=_border(planes),
        brightness=float(luminance.mean()),
        contrast=float(luminance.std()),
        saturation=float(spread.mean()),
        warmth=float(red.mean() - blue.mean()),
        detail=_detail(luminance),
        digest=hashlib.blake2b(rgb.tobytes(), digest_size=16, key=str(rgb.shape).encode()).digest(),
        thumbnail=np.asarray(small),
    )


def read_header(path: Path) -> Header | Unreadable:
    """Look at a picture's file without decoding it, so what is damaged further on is not seen."""
    try:
        with path.open("rb") as file:
            image = open_header(file, str(path))
            return Header(
                path=path,
                bytes=os.fstat(file.fileno()).st_size,
                width=image.width,
                height=image.height,
                # MPO: as some phones write JPEG
                format="JPEG" if image.format in ("JPEG", "MPO") else str(image.format),
                jpeg_quality=_jpeg_quality(image),
            )
    except PictureError as error:
        return _unreadable(path, error)
    except OSError as error:
        return Unreadable(path, f"cannot be opened: {brief(error)}")


def _jpeg_quality(image: Image.Image) -> float | None:
    tables = getattr(image, "quantization", None)
    if not tables:
        return None
    # libjpeg scales the standard's table by 5000 / q % below quality 50 and 200 - 2q % above.
    percent = 100 * sum(tables[min(tables)]) / _QUALITY_50_SUM
    return float(5000 / percent if percent > 100 else (200 - percent) / 2)


def _unreadable(path: Path, error: PictureError) -> Unreadable:
    return Unreadable(path, str(error).removeprefix(f"{path} "))


def _shrink(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    scale = min(1.0, _PROXY / min(height, width))
    size = (min(round(width * scale), _LONGEST), min(round(height * scale), _LONGEST))
    if size == (width, height):
        return rgb
    image = Image.fromarray(rgb)
    return np.asarray(image.resize(size, Image.Resampling.BOX, reducing_gap=2.0))


def _detail(luminance: NDArray[np.float32]) -> tuple[float, ...]:
    """Mean step between neighbours, across and down, at scales 1, 2 and 4."""
    steps = []
    for _ in range(3):
        for axis in (1, 0):
            step = np.abs(np.diff(luminance, axis=axis))
            steps.append(float(step.mean()) if step.size else 0.0)
        height, width = (side // 2 * 2 for side in luminance.shape)
        if min(height, width) < 2:
            return tuple(steps + [0.0] * (6 - len(steps)))
        blocks = luminance[:height, :width].reshape(height // 2, 2, width // 2, 2)
        luminance = blocks.mean((1, 3))  # [h, w] -> [h / 2, w / 2]
    return tuple(steps)


def _border(planes: NDArray[np.uint8]) -> float:
    """Share of the area within bars of one colour, above and below or left and right."""
    shares = []
    for axis in (2, 1):
        is_flat = (np.ptp(planes, axis=axis) <= _FLAT_RANGE).all(0)  # [lines]
        count = len(is_flat)
        first, last = (int(np.argmin(lines)) for lines in (is_flat, is_flat[::-1]))
        edges = planes.take([0, -1], axis=3 - axis).mean(axis)  # [3, 2]
        is_one = bool((np.ptp(edges, axis=1) <= _FLAT_RANGE).all())
        is_wide = min(first, last) >= max(2, _SMALLEST_BORDER * count)
        shares.append((first + last) / count if is_one and is_wide else 0.0)
    return float(1 - (1 - shares[0]) * (1 - shares[1]))
