"""The clock: contestants in turns, the median of each, and the machine it was."""

import os
import platform
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from statistics import median

import torch

LEAST_TURN_S = 0.1  # what the threads of the contestant before do at its start counts for little


def milliseconds(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median time of one call of each contestant.

    They take turns, so that a machine which slows down slows all of them. Each turn starts with a
    call that is not counted: it brings back the contestant's caches, and the threads of the one
    before it, which wait for a while at full speed, have gone to sleep by its end. Then it is
    called again and again until the turn is over: one call, if that takes so long.
    """
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, call in contestants.items():
            call()
            start, calls, passed = time.perf_counter(), 0, 0.0
            while passed < LEAST_TURN_S:
                call()
                calls += 1
                passed = time.perf_counter() - start
            taken[name].append(1000 * passed / calls)
    return {name: median(times) for name, times in taken.items()}


def wait(device: torch.device) -> None:
    """Let a GPU finish what it was given; a CPU has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def machine() -> dict[str, str | int | float]:
    """What the figures hold for: processor, threads, load of others (processes), versions."""
    return {
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        **({"gpu": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
        "python": platform.python_version(),
        **{package: version(package) for package in ("torch", "onnxruntime")},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
