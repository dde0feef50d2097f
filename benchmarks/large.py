"""What large pictures take in their native size: time in proportion to pixels, memory bounded."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.pictures import draw_pictures

SIDES = {"1 megapixel": 1000, "4": 2000, "16": 4000, "100": 10_000}  # pixels, of squares


def measure(weights: Path, name: str, rounds: int) -> Iterator[dict[str, Any]]:
    """One row a size: `cyclegan convert` of one JPEG, the best of some rounds.

    The seconds are the report's own, reading and writing the file included, and the start of the
    command not. The memory is the most that the command held.
    """
    first = None
    for what, side in SIDES.items():
        with TemporaryDirectory() as folder:
            draw_pictures(Path(folder, "in"), 1, (side, side), seed=0)
            taken = [_convert(weights, name, Path(folder)) for _ in range(rounds)]
        per_pixel_us = min(seconds for seconds, _ in taken) * 1e6 / side**2
        first = first or per_pixel_us
        yield {
            "what": what,
            "seconds": round(per_pixel_us * side**2 / 1e6, 2),
            "us_a_pixel": round(per_pixel_us, 3),
            "of_the_first": round(per_pixel_us / first, 2),
            "most_MiB": round(max(mib for _, mib in taken)),
        }


def _convert(weights: Path, name: str, folder: Path) -> tuple[float, float]:
    """Translate the picture of a folder; return seconds and the MiB held at the most."""
    report = folder / "report.jsonl"
    report.unlink(missing_ok=True)
    command = [Path(sys.executable).with_name("cyclegan"), "convert", folder / "in" / "0.jpg"]
    command += [folder / "out.jpg", "--overwrite", "--size=native", f"--model={name}"]
    command += [f"--weights={weights}", f"--report={report}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    most = 0.0
    while process.poll() is None:
        most = max(most, _held_mib(process.pid))
        time.sleep(0.02)
    assert process.returncode == 0, f"{command} ended with {process.returncode}"
    return json.loads(report.read_text())["seconds"], most


def _held_mib(pid: int) -> float:
    """The most memory that a process has held so far; 0 once it has ended.

    Not the maxrss of wait4: that counts in what this process held when it started the other.
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
