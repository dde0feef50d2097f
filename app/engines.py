"""What translates a folder: this machine, or a cluster; once, or for as long as pictures come."""

from collections.abc import Callable, Generator, Iterable, Mapping
from functools import partial
from typing import Any

from app import batch
from app.conversion import Result
from app.manifest import Manifest, open_manifest
from app.plan import FolderPlan, Job, PicturesPlan
from app.progress import Progress
from app.rendering import Renderer
from app.watch import convert_new

Engine = Callable[[Renderer, Iterable[Job], Manifest], Generator[Result, None, None]]


def choose_engine(name: str, address: str | None, options: Mapping[str, Any]) -> Engine:
    """Return the engine `local`, or `ray` at an address (None: this machine alone).

    `options` are those of `batch.convert_all`.
    """
    if name == "ray":
        from app import ray_engine  # lazy: an extra, and seconds

        return partial(ray_engine.convert_all, address=address, **options)

    def convert_here(
        render: Renderer, jobs: Iterable[Job], manifest: Manifest
    ) -> Generator[Result, None, None]:
        # Ctrl-C does not wait for large pictures: they end with the tile that is under way.
        progress = Progress()
        translate = partial(render, progress=progress)
        return batch.convert_all(translate, jobs, manifest, stop=progress.stop, **options)

    return convert_here


def convert_folder(
    engine: Engine,
    render: Renderer,
    plan: FolderPlan | PicturesPlan,
    *,
    on_wait: Callable[[], object] | None = None,
) -> Generator[Result, None, None]:
    """Translate what is not done yet into a folder; with `on_wait`, as `convert_new` has it, what
    comes later as well.
    """
    with open_manifest(plan.output, render.made_by()) as manifest:

        def convert_these(jobs: Iterable[Job]) -> Generator[Result, None, None]:
            return engine(render, jobs, manifest)

        if on_wait:
            yield from convert_new(plan, convert_these, on_wait=on_wait)
        else:
            yield from convert_these(plan)
