"""A folder on many machines: Ray reads its pictures, a pool of actors translates and writes them.

Which picture becomes which file, and what is done already, is decided where the command runs, as
for one machine (batch.py). All machines see the folders under the same paths or addresses.
"""

import logging
import os
import pickle
import socket
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

# Read when it is imported: it would tell its makers of its use, and everybody of its inner life.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")

from app.batch import Begun, begin
from app.conversion import Result, Translate, attempt
from app.manifest import Manifest
from app.places import read
from app.plan import Job
from cyclegan.contract.errors import CycleGANError, DependencyError, InputError, StorageError, brief
from cyclegan.contract.files import sweep
from cyclegan.contract.saving import DEFAULT_QUALITY

try:
    import ray
    from ray.data import ActorPoolStrategy, DataContext, TaskPoolStrategy
except ModuleNotFoundError as error:
    raise DependencyError(
        f"--engine ray needs {error.name}, which is not installed; run: pip install 'cyclegan[ray]'"
    ) from error

MOST_AT_ONCE = 100_000  # jobs, that Ray and this process hold; 50 MB
TIMEOUT_S = 10.0  # for an answer of the cluster
MOST_A_TASK = 16  # pictures; what is lost with a worker is done again, and small ones are quick

Row = dict[str, Any]
Run = Callable[..., Result]  # `conversion.attempt` with its options


def convert_all(
    translate: Translate,
    jobs: Iterable[Job],
    manifest: Manifest,
    *,
    overwrite: bool = False,
    sidecars: bool = False,
    quality: int = DEFAULT_QUALITY,
    address: str | None = None,
) -> Generator[Result, None, None]:
    """As `batch.convert_all`, on the CPUs of the cluster at `address`, in the order of their ends.

    Without an address, on those of this machine. Work that is lost with a worker is done again.

    Raises: StorageError as that; InputError if there is no cluster.
    """
    waiting = iter(jobs)
    run = partial(attempt, overwrite=True, sidecars=sidecars, quality=quality)
    while some := list(islice(waiting, MOST_AT_ONCE)):
        begun: list[Begun] = []
        for job in some:
            each = begin(job, manifest, overwrite=overwrite, sidecars=sidecars)
            if isinstance(each, Result):
                yield each
            else:
                begun.append(each)
        if not begun:
            continue
        with _cluster(address):
            for place, result in _translate([each.job for each in begun], translate, run):
                yield begun[place].settle(result, manifest)
        for folder in {each.job.output.parent for each in begun}:
            # A worker that was killed may have left something.
            if isinstance(folder, Path) and folder.is_dir():
                sweep(Path(os.path.realpath(folder)))


def _translate(jobs: list[Job], translate: Translate, run: Run) -> Iterator[tuple[int, Result]]:
    """The result of each job, with its place in the list. Raises: StorageError."""
    cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
    tasks = max(len(jobs) // MOST_A_TASK, min(len(jobs), 4 * cpus))
    rows = [{"place": place, "job": pickle.dumps(job)} for place, job in enumerate(jobs)]
    # Actors hold all CPUs: readers, which wait for disks and networks, would get none.
    results = (
        ray.data.from_items(rows, override_num_blocks=tasks)
        .map(_read, num_cpus=0, compute=TaskPoolStrategy(cpus))
        .map(
            _Worker,  # type: ignore[arg-type]  # Ray calls its instances
            fn_constructor_args=(run, ray.put(translate)),
            num_cpus=1,
            compute=ActorPoolStrategy(size=min(cpus, tasks)),
        )
    )
    for row in results.iter_rows():
        result = pickle.loads(row["result"])
        if isinstance(result, StorageError):
            raise result
        yield row["place"], result


def _read(row: Row) -> Row:
    """The content of a picture; None where it cannot be read, which the worker finds out again."""
    try:
        content = read(pickle.loads(row["job"]).source)
    except CycleGANError:
        content = None
    return row | {"content": content}


class _Worker:
    """Translates and writes, with a session of its own on one CPU."""

    def __init__(self, run: Run, translate: "ray.ObjectRef[Translate]") -> None:
        self._run = partial(run, ray.get(translate))

    def __call__(self, row: Row) -> Row:
        try:
            result: Result | StorageError = self._run(
                pickle.loads(row["job"]), content=row["content"]
            )
        except StorageError as error:  # as a value: Ray would wrap it, and try again
            result = StorageError(str(error))
        return {"place": row["place"], "result": pickle.dumps(result)}


@contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    """A connection to a cluster, or a cluster of this machine alone, as long as the block lasts."""
    options: dict[str, Any] = {} if address else {"include_dashboard": False}
    try:
        if address and ":" in address:  # Ray itself would try for minutes
            host, _, port = address.removeprefix("ray://").rpartition(":")
            socket.create_connection((host, int(port)), timeout=TIMEOUT_S).close()
        ray.init(address or "local", logging_level=logging.ERROR, log_to_driver=False, **options)
    except (OSError, ValueError, RuntimeError) as error:
        where = address or "this machine"
        remedy = "; if it asks for a token, set RAY_AUTH_MODE=token" if address else ""
        raise InputError(f"there is no Ray cluster at {where}: {brief(error)}{remedy}") from error
    try:
        context = DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        yield
    finally:
        ray.shutdown()
