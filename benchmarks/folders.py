"""How near `cyclegan convert` on a folder comes to what network and files take by themselves."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple
from unittest.mock import patch

from app.batch import convert_all
from app.devices import count_cpus
from app.manifest import open_manifest
from app.plan import FolderPlan, Job
from app.recipe import Recipe
from app.rendering import Renderer
from app.translator import Translator
from benchmarks.pictures import draw_pictures
from cyclegan.contract.images import load_picture
from cyclegan.contract.saving import save_picture


class Pictures(NamedTuple):
    """A folder of equal JPEGs, and the size at which the network sees them."""

    count: int
    size: tuple[int, int]  # width and height in pixels
    seen: Literal["auto", "native"] = "native"


# So many that the first to be read and the last to be written, alone both, count for little.
FOLDERS = {
    "256 x 256 pixels": Pictures(300, (256, 256)),
    "12 megapixels": Pictures(8, (4000, 3000)),
    "12 megapixels, by default": Pictures(8, (4000, 3000), "auto"),
}


class _Turn(NamedTuple):
    """Seconds for the same pictures, taken one after the other."""

    network_s: float
    files_s: float
    whole_s: float


def measure(translator: Translator, rounds: int) -> Iterator[dict[str, Any]]:
    """One row a folder: seconds for its pictures in the network alone, as files alone, and whole.

    By turns, for the pace of a machine changes within seconds; the median of all rounds. Alone, the
    network runs on arrays that are there, and the files are read and written by every CPU. The
    whole cannot be quicker than the slower of the two: `of_bound` is how near it comes. Where the
    network computes on the same CPUs, it cannot be quicker than both together either, as far as
    they use all CPUs: `of_sum` is how near it comes to that. By default it sees them made smaller,
    and carrying the change over to all pixels is in neither.
    """
    for what, pictures in FOLDERS.items():
        with TemporaryDirectory() as folder:
            source = Path(folder, "in")
            draw_pictures(source, pictures.count, pictures.size, seed=0)
            render = Renderer(translator, Recipe(size=pictures.seen))
            turns = [
                _take_turn(translator, render, FolderPlan(source, Path(folder, f"out{number}")))
                for number in range(rounds)
            ]
        network_s, files_s, whole_s = map(median, zip(*turns, strict=True))
        yield {
            "what": what,
            "pictures": pictures.count,
            "network_s": round(network_s, 2),
            "files_s": round(files_s, 2),
            "whole_s": round(whole_s, 2),
            "bound": "network" if network_s > files_s else "files",
            "of_bound": round(median(max(turn[:2]) / turn.whole_s for turn in turns), 2),
            "of_sum": round(median(sum(turn[:2]) / turn.whole_s for turn in turns), 2),
        }


def _take_turn(translator: Translator, render: Renderer, plan: FolderPlan) -> _Turn:
    network_s, files_s = _network_s(translator, render, plan), _files_s(plan)
    start = time.perf_counter()
    with open_manifest(plan.output, {}) as manifest:
        for result in convert_all(render, plan, manifest):
            assert result.status == "done", result.reason
    return _Turn(network_s, files_s, time.perf_counter() - start)


class _TimedSession:
    """A session that counts the seconds of its runs."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.seconds = 0.0

    def run(self, *arguments: Any) -> Any:
        start = time.perf_counter()
        answer = self._session.run(*arguments)
        self.seconds += time.perf_counter() - start
        return answer


def _network_s(translator: Translator, render: Renderer, plan: FolderPlan) -> float:
    timed = _TimedSession(translator._session)
    with patch.object(translator, "_session", timed):
        for job in plan:
            render(load_picture(job.source))
    return timed.seconds


def _files_s(plan: FolderPlan) -> float:
    def copy(job: Job) -> None:
        save_picture(load_picture(job.source), plan.output.with_name("copies") / job.output.name)

    with ThreadPoolExecutor(count_cpus()) as workers:
        start = time.perf_counter()
        list(workers.map(copy, plan))
        return time.perf_counter() - start
