"""What this process may compute on: CPUs, and the devices of ONNX Runtime."""

import math
import os
import re
from pathlib import Path

import onnxruntime as ort

from cyclegan.contract.errors import InputError

CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"

Provider = tuple[str, dict[str, str]]  # its name in ONNX Runtime, and its options


def providers(device: str) -> list[Provider]:
    """What ONNX Runtime is to compute with: for `auto`, a GPU where there is one, and else the CPU.

    `device` is "auto", "cpu", "cuda" (the first GPU) or "cuda:1". That ONNX Runtime has a provider
    does not mean that it works: `device_of` says which one was taken.

    Raises: InputError if the device is none of these, or not in this ONNX Runtime.
    """
    known = re.fullmatch(r"auto|cpu|cuda(?::(\d+))?", device)
    if not known:
        raise InputError(f'unknown device "{device}"; it is one of auto, cpu, cuda, cuda:1, ...')
    if device == "cpu" or (device == "auto" and CUDA not in ort.get_available_providers()):
        return [(CPU, {})]
    if CUDA not in ort.get_available_providers():
        raise InputError(
            f"{device} was asked for, but this onnxruntime computes on CPUs only; "
            "install onnxruntime-gpu in its place, or take --device cpu"
        )
    options = {
        "device_id": known[1] or "0",
        # Pictures come in all sizes: searched anew for each, or doubled, neither would end.
        "cudnn_conv_algo_search": "HEURISTIC",
        "arena_extend_strategy": "kSameAsRequested",
    }
    return [(CUDA, options), (CPU, {})]


def device_of(session: ort.InferenceSession) -> str:
    """Where a session computes: "cpu", "cuda:0", ..."""
    options = session.get_provider_options().get(CUDA)
    return "cpu" if options is None else f"cuda:{options['device_id']}"


def count_cpus() -> int:
    """How many CPUs this process may use, or OMP_NUM_THREADS where that is set.

    Those that it may run on, and no more than the time that its control groups grant it, rounded
    up: threads beyond that would only wait for each other.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    if hasattr(os, "sched_getaffinity"):  # not everywhere, unlike cpu_count()
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return math.ceil(min(count, granted_cpus()))


def granted_cpus(
    groups: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")
) -> float:
    """CPU seconds a second that this process's control groups grant it; infinite without a limit.

    Source: the kernel's documentation of control groups, version 1 (cfs_quota) and 2 (cpu.max).
    """
    granted = math.inf
    lines = membership.read_text().splitlines() if membership.exists() else []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2
            root = groups
        elif "cpu" in controllers.split(","):
            root = groups / controllers
        else:
            continue
        # A group has no more than those around it. In a container its path may be that of the
        # host, of which there is only the root.
        group = root / path.lstrip("/")
        for each in (group, *group.parents):
            granted = min(granted, _quota(each))
            if each == root:
                break
    return granted


def _quota(group: Path) -> float:
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text()
            period = (group / "cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if int(quota) > 0 else math.inf
    except (OSError, ValueError):  # there is none, or it is "max"
        return math.inf
