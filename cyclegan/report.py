"""What a run tells people: the log, one JSON object a line, and sample sheets.

No training decision is taken here.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from cyclegan.contract.files import atomic_write
from cyclegan.contract.images import load_picture
from cyclegan.contract.pixels import from_network, to_network

GAP = 4  # pixels between the pictures of a sheet
CAPTION_HEIGHT = 20  # pixels


class Log:
    """A file with one flat JSON object a line, in the order of `images_seen`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rewind(self, images_seen: int) -> None:
        """Drop what was logged after a checkpoint at `images_seen`, and any line cut short."""
        if not self.path.exists():
            return
        kept = []
        for line in self.path.read_text().splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:  # the process was killed while it wrote this line
                break
            if row["images_seen"] > images_seen:
                break
            kept.append(line + "\n")
        with atomic_write(self.path) as temporary:
            temporary.write_text("".join(kept))

    def append(self, row: dict[str, Any]) -> None:
        """Write one line."""
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def load_sheet_pictures(paths: list[Path], count: int, size: int) -> list[Tensor]:
    """Load pictures for sample sheets: spread over a domain, the middle square of each.

    Returns: up to `count` tensors, float32 [1, 3, size, size] in [-1, 1].
    """
    places = np.linspace(0, len(paths) - 1, min(count, len(paths))).round().astype(int)
    tensors = []
    for place in places:
        picture = Image.fromarray(load_picture(paths[place]).rgb)
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        square = picture.resize(
            (size, size), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side)
        )
        tensors.append(torch.from_numpy(to_network(np.asarray(square))))
    return tensors


@torch.no_grad()
def draw_sheet(
    reals_A: list[Tensor], reals_B: list[Tensor], G_AB: nn.Module, G_BA: nn.Module, caption: str
) -> Image.Image:
    """Draw input, translation and reconstruction side by side, A to B left, B to A right.

    Args:
        reals_A, reals_B: inputs, each float32 [1, 3, H, W] in [-1, 1].
        G_AB, G_BA: generators, on the CPU or where the first of their weights is.
        caption: text above the sheet.
    """
    device = next(G_AB.parameters()).device
    triples = []
    for reals, there, back in ((reals_A, G_AB, G_BA), (reals_B, G_BA, G_AB)):
        column = []
        for real in reals:
            fake = there(real.to(device))
            column.append([from_network(x.cpu().numpy()) for x in (real, fake, back(fake))])
        triples.append(column)
    size = reals_A[0].shape[-1]
    rows = max(len(column) for column in triples)
    sheet = Image.new(
        "RGB", (6 * (size + GAP) + 3 * GAP, rows * (size + GAP) + CAPTION_HEIGHT), "white"
    )
    ImageDraw.Draw(sheet).text((GAP, GAP), caption, fill="black")
    for side, column in enumerate(triples):
        for row, pictures in enumerate(column):
            for place, picture in enumerate(pictures):
                x = (3 * side + place) * (size + GAP) + 4 * GAP * side
                sheet.paste(Image.fromarray(picture), (x, row * (size + GAP) + CAPTION_HEIGHT))
    return sheet


def save_sheet(sheet: Image.Image, path: Path) -> None:
    """Write a sheet as JPEG."""
    with atomic_write(path) as temporary:
        sheet.save(temporary, format="JPEG", quality=90)
