"""What a run tells people: the log, one JSON object a line, and sample sheets.

No training decision is taken here.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
from torch import Tensor, nn
from torch.utils.tensorboard.summary import image, scalar, text
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid

from cyclegan.contract.errors import DatasetError
from cyclegan.contract.files import PlainFile, atomic_write, map_storage_errors
from cyclegan.contract.log import CAPTION_HEIGHT, LOG, read_log
from cyclegan.contract.pixels import to_network
from cyclegan.contract.walk import spread
from cyclegan.layers import Generator
from cyclegan.squares import middle_square
from cyclegan.unreadable import load_readable

GAP = 4  # pixels between the pictures of a sheet


class Log:
    """What a run says as it goes: log.jsonl, one flat JSON object a line, and TensorBoard."""

    def __init__(self, run: Path, images_seen: int) -> None:
        """Open the log of a run folder, and forget what it says beyond `images_seen`."""
        self.path = run / LOG
        self._rewind(run, images_seen)
        self._board = Board(run / "tensorboard", images_seen)

    def _rewind(self, run: Path, images_seen: int) -> None:
        if not self.path.exists():
            return
        rows = [row for row in read_log(run) if row["images_seen"] <= images_seen]
        with atomic_write(self.path) as temporary:
            temporary.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def append(self, row: dict[str, Any]) -> None:
        """Write one line; it holds `images_seen` and numbers. Raises StorageError."""
        self._write(row)
        for name, value in row.items():
            if name != "images_seen":
                self._board.add(scalar(name, value), row["images_seen"])

    def tell(self, alarm: dict[str, Any]) -> None:
        """Write an alarm's row: a line of the log, words in TensorBoard. Raises StorageError."""
        self._write(alarm)
        words = "{alarm} {direction} {state}: {text} {remedy}".format_map(alarm)
        self._board.add(text("alarm", words), alarm["images_seen"])

    def _write(self, row: dict[str, Any]) -> None:
        with map_storage_errors(self.path), self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def show(self, sheet: Image.Image, images_seen: int) -> None:
        """Show a sample sheet in TensorBoard. Raises StorageError."""
        self._board.add(image("sheet", np.asarray(sheet), dataformats="HWC"), images_seen)


class Board:
    """A TensorBoard event file, written at once.

    TensorBoard's own writer uses a thread, from which a full disk comes as a traceback on stderr.
    """

    def __init__(self, folder: Path, images_seen: int) -> None:
        """Start a file in which what older ones say beyond `images_seen` counts as purged."""
        with map_storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"events.out.tfevents.{time.time_ns()}"
        self._write(Event(file_version="brain.Event:2"))
        self._write(Event(step=images_seen + 1, session_log=SessionLog(status=SessionLog.START)))

    def add(self, summary: Summary, images_seen: int) -> None:
        """Add what one of TensorBoard's summary functions made. Raises StorageError."""
        self._write(Event(step=images_seen, summary=summary))

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        with map_storage_errors(self._path), self._path.open("ab") as file:
            RecordWriter(file).write(event.SerializeToString())


def load_sheet_pictures(paths: list[Path], count: int, size: int) -> list[Tensor]:
    """Load pictures for sample sheets: spread over a domain, the middle square of each.

    The next one takes the place of one that cannot be read: training says so when it meets it.

    Returns:
        Up to `count` tensors, float32 [1, 3, size, size] in [-1, 1].

    Raises:
        DatasetError: not one of them can be read.
    """
    tensors = []
    for place in spread(range(len(paths)), count):
        rgb, unreadable = load_readable(paths, np.arange(len(paths)), place)
        if rgb is not None:
            tensors.append(torch.from_numpy(to_network(middle_square(rgb, size))))
    if not tensors:
        raise DatasetError(
            "none of the pictures for sample sheets can be read (`cyclegan doctor` names every "
            f"one that cannot): {min(unreadable.values())}"
        )
    return tensors


@torch.no_grad()
def draw_sheet(
    reals_A: list[Tensor],
    reals_B: list[Tensor],
    generators: Mapping[str, nn.Module],
    caption: str,
    taught: list[Tensor] | None = None,
) -> Image.Image:
    """Draw input, translation and, where there is a way back, reconstruction, side by side.

    A to B is left; B to A right; each where it is learned. A mask comes beside its translation:
    black where the input stayed. The page of the run names the columns (report_page/sheets.py).

    Args:
        reals_A, reals_B: inputs, each float32 [1, 3, H, W] in [-1, 1], all of one size.
        generators: "G_AB", "G_BA" or both. caption: text above the sheet.
        taught: a teacher's translations, drawn last, of the inputs of the one direction.
    """
    routes = [route for route in (("G_AB", "G_BA"), ("G_BA", "G_AB")) if route[0] in generators]
    pictures = []
    for row, reals in enumerate(zip(reals_A, reals_B, strict=False)):
        for there, back in routes:
            generator, real = generators[there], reals["AB".index(there[-2])]
            picture = real.to(next(generator.parameters()).device)
            if isinstance(generator, Generator) and generator.has_mask:
                fake, mask = generator.with_mask(picture)
                grey = (2 * mask[0].cpu() - 1).expand_as(real[0])  # [1, H, W] -> [3, H, W]
                pictures += [real[0], fake[0].cpu(), grey]
            else:
                fake = generator(picture)
                pictures += [real[0], fake[0].cpu()]
            if back in generators:
                pictures.append(generators[back](fake)[0].cpu())
        if taught:
            pictures.append(taught[row][0])
    columns = len(pictures) // min(len(reals_A), len(reals_B))
    grid = make_grid(
        pictures, nrow=columns, padding=GAP, normalize=True, value_range=(-1, 1), pad_value=1
    )
    rows = to_pil_image(grid)
    sheet = Image.new("RGB", (rows.width, rows.height + CAPTION_HEIGHT), "white")
    sheet.paste(rows, (0, CAPTION_HEIGHT))
    ImageDraw.Draw(sheet).text((GAP, GAP), caption, fill="black")
    return sheet


def save_sheet(sheet: Image.Image, path: Path) -> None:
    """Write a sheet as JPEG."""
    with atomic_write(path) as temporary, PlainFile(temporary) as file:
        sheet.save(file, format="JPEG", quality=90)


def forget_sheets(folder: Path, images_seen: int) -> None:
    """Remove sheets of beyond `images_seen`, as the log forgets its lines. Raises StorageError."""
    with map_storage_errors(folder):
        for path in folder.glob("*.jpg"):
            if path.stem.isdecimal() and int(path.stem) > images_seen:
                path.unlink()
