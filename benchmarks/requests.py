"""What a server makes of its engine, seen from outside: start, throughput, health and memory."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import numpy as np

from app import heap
from app.recipe import Recipe
from app.rendering import Renderer
from app.store import Store
from benchmarks import memory
from benchmarks.pictures import draw_pictures
from benchmarks.server import TIMEOUT_S, Server, serving
from benchmarks.timing import milliseconds
from cyclegan.contract.images import load_picture
from cyclegan.contract.saving import save_picture

STARTS = 2  # the last one counts
CLIENTS = 16
PICTURES = 32  # that they send together
PHOTO = (1000, 667)  # width and height in pixels
TABS = 30
LARGE = (4000, 3000)  # what is translated meanwhile
HEALTH_S = 30.0
SIZES = ((320, 240), PHOTO, (1600, 1200), (3000, 2000))  # while memory is read


def measure(weights: Path, model: str, requests: int, rounds: int) -> Iterator[dict[str, Any]]:
    """One row a figure, with its unit.

    Args:
        weights: the folder of models. model: the one that translates.
        requests: while memory is read; after a fifth of them the reading begins.
        rounds: turns of server and engine.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for _ in range(STARTS - 1):
            with serving(weights, folder):
                pass
        with serving(weights, folder) as server:
            yield _row(f"from start {STARTS} to the first page", server.start_s, "s")
            yield from _measure_throughput(server, weights, model, folder, rounds)
            yield _measure_health(server, model, folder)
            yield _measure_memory(server, model, folder, requests)


def _row(what: str, figure: float, unit: str) -> dict[str, Any]:
    return {"what": what, "figure": round(figure, 2), "unit": unit}


def _draw(folder: Path, count: int, size: tuple[int, int]) -> list[Path]:
    draw_pictures(folder, count, size, seed=0)
    return sorted(folder.iterdir())


def _measure_throughput(
    server: Server, weights: Path, model: str, folder: Path, rounds: int
) -> Iterator[dict[str, Any]]:
    """How near many clients come to the engine, which reads and writes the same files alone."""
    photos = _draw(folder / "photos", PICTURES, PHOTO)
    render = Renderer(Store(weights).load(model), Recipe())

    def ask_server() -> None:
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(lambda photo: server.convert(model, photo.read_bytes()), photos))

    def ask_engine() -> None:
        for photo in photos:
            save_picture(render(load_picture(photo)), folder / "translation.jpg")

    contestants: dict[str, Callable[[], object]] = {"server": ask_server, "engine": ask_engine}
    ms = milliseconds(contestants, rounds)
    yield _row(f"pictures for {CLIENTS} clients", 1000 * PICTURES / ms["server"], "a second")
    yield _row(f"pictures for {CLIENTS} clients", ms["engine"] / ms["server"], "of the engine's")


def _measure_health(server: Server, model: str, folder: Path) -> dict[str, Any]:
    """How long /healthz takes while tabs are opened and stay, and large photos are translated."""
    large = _draw(folder / "large", 1, LARGE)[0].read_bytes()
    is_over = threading.Event()

    def translate() -> None:
        while not is_over.is_set():
            server.convert(model, large)

    def look() -> float:
        time.sleep(0.05)
        start = time.perf_counter()
        server.ask("healthz")
        return 1000 * (time.perf_counter() - start)

    with ThreadPoolExecutor(TABS + 1) as others:
        busy = [others.submit(translate)]
        busy += [others.submit(_hold_open, server, each / TABS, is_over) for each in range(TABS)]
        end = time.perf_counter() + HEALTH_S
        taken = []
        try:
            while time.perf_counter() < end:
                taken.append(look())
        finally:
            is_over.set()
        for each in busy:
            each.result()
    what = f"/healthz beside {TABS} tabs and a translation, the 99th percentile"
    return _row(what, float(np.percentile(taken, 99)), "ms")


def _hold_open(server: Server, phase: float, is_over: threading.Event) -> None:
    """Do what a tab does: load the page, keep its heartbeat, and ask whenever its timers say so.

    `phase` is the part of a timer's interval after which the tab is opened.
    """
    config = json.loads(server.ask("config"))
    parts = {part["id"]: part["props"] for part in config["components"]}
    session = uuid.uuid4().hex
    calls = []
    for call in config["dependencies"]:
        for part, event in call["targets"]:
            if event == "tick":
                every_s = parts[part]["value"]  # the same for all timers
                data = [parts[each].get("value") for each in call["inputs"]]
                asked = {"data": data, "fn_index": call["id"], "trigger_id": part}
                calls.append(json.dumps(asked | {"session_hash": session}).encode())
    is_over.wait(phase * every_s)
    server.ask("")
    with urlopen(f"{server.url}gradio_api/heartbeat/{session}", timeout=TIMEOUT_S):
        while not is_over.is_set():
            for body in calls:
                server.ask("gradio_api/run/predict", body, "application/json")
            is_over.wait(every_s)


def _measure_memory(server: Server, model: str, folder: Path, requests: int) -> dict[str, Any]:
    bodies = [_draw(folder / f"{size}", 1, size)[0].read_bytes() for size in SIZES]
    random = np.random.default_rng(0)

    def read_mib() -> float:
        time.sleep(2 * heap.GIVE_BACK_AFTER_S)  # what is free is no growth
        return memory.resident_mib(server.pid)

    def convert() -> None:
        server.convert(model, bodies[random.integers(len(bodies))])

    grown = memory.grow(convert, requests, read_mib)
    return _row(
        f"memory, after the first of {requests} requests", grown["MiB_per_1000"], "MiB in 1,000"
    )
