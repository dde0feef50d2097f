"""What a run's log.jsonl holds: one flat JSON object a line, each with `images_seen`.

Who writes it is cyclegan/report.py; its report and the page read it. What both must know of what
lies beside it stands here too: of sample sheets when the first is due, and where its caption ends.
"""

import json
from pathlib import Path
from typing import Any

LOG = "log.jsonl"  # of a run folder
CONFIG = "config.json"  # its settings
LATEST = "latest.pt"  # its checkpoint, which it goes on from
CAPTION_HEIGHT = 20  # pixels of a sample sheet, from its top: in English, how much was seen

Row = dict[str, Any]  # numbers, and texts of what happened, by name


def first_sheet(sheet_every: int) -> int:
    """After how many pictures a run draws its first sample sheet, which people wait for.

    A tenth of what lies between two sheets.
    """
    return sheet_every // 10 or sheet_every


def read_log(run: Path) -> list[Row]:
    """Read the lines of a run's log; none where there is no log.

    What a kill cut short, or is not ours, is left out.
    """
    try:
        lines = (run / LOG).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
            row["images_seen"] + 0  # a number
        except (ValueError, TypeError, KeyError):
            continue
        rows.append(row)
    return rows
