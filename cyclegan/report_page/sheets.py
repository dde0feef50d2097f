"""The sample sheets of a run for its page: not too many of them, nor too large ones."""

import base64
import io
import logging
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from cyclegan.config import TrainConfig
from cyclegan.contract.errors import brief
from cyclegan.contract.walk import spread

logger = logging.getLogger(__name__)

SHEETS = "sheets"  # folder in a run folder; a file is called after the images seen
MAX_SHEETS = 24
MAX_BYTES = 220_000  # of a sheet: 24 of them as base64 are 7 MB


@dataclass(frozen=True)
class Sheet:
    """A sample sheet that stands in the page itself."""

    images_seen: int
    url: str  # data:image/jpeg;base64,...
    width: int  # pixels
    height: int


def name_columns(config: TrainConfig) -> list[str]:
    """Name what a row of a sheet shows, from left to right, as `report.draw_sheet` lays it out."""
    mask = ["mask"] if config.has_mask else []
    back = ["→ back"] if len(config.directions) == 2 else []
    taught = ["teacher"] if config.method == "distill" else []
    columns = []
    for direction in config.directions:
        source, target = config.names_of(direction)
        columns += [source, f"→ {target}", *mask, *back, *taught]
    return columns


def choose_sheets(folder: Path) -> tuple[int, list[Path]]:
    """Say how many sheets there are, and choose up to MAX_SHEETS, spread from first to last."""
    paths = sorted(path for path in folder.glob("*.jpg") if path.stem.isdecimal())
    return len(paths), spread(paths, MAX_SHEETS)


def embed_sheets(paths: list[Path]) -> list[Sheet]:
    """Read sheets; those of more than MAX_BYTES are made smaller, damaged ones left out."""
    sheets = []
    for path in paths:
        try:
            content = path.read_bytes()
            with Image.open(io.BytesIO(content)) as image:
                size = image.size
                if len(content) > MAX_BYTES:
                    content = _shrink(image)
        except OSError as error:  # Pillow's too
            logger.warning("%s is left out of the report: %s", path, brief(error))
            continue
        url = "data:image/jpeg;base64," + base64.b64encode(content).decode()
        sheets.append(Sheet(int(path.stem), url, *size))
    return sheets


def _shrink(image: Image.Image) -> bytes:
    """Encode a picture again, and smaller as long as it has more than MAX_BYTES."""
    while True:
        stream = io.BytesIO()
        image.save(stream, format="JPEG", quality=80)
        if stream.tell() <= MAX_BYTES:
            return stream.getvalue()
        scale = 0.95 * (MAX_BYTES / stream.tell()) ** 0.5
        image = image.resize(
            (round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS
        )
