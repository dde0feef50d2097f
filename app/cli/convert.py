"""The verb `convert`."""

import os
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from app.store import Store
from cyclegan.cli.exits import EXIT_TO_FIX
from cyclegan.cli.options import Weights
from cyclegan.contract.errors import InputError, StorageError
from cyclegan.contract.folder import default_folder

if TYPE_CHECKING:
    from app.conversion import Result
    from app.naming import Format, Naming
    from app.places import Place


def convert(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT... OUTPUT",
            help="A picture, a folder, or several pictures, and where to write: of several a "
            "folder. - is a pipe, s3://... a store.",
        ),
    ] = None,
    input_: Annotated[str | None, typer.Option("-i", "--input", help="Same as INPUT.")] = None,
    output: Annotated[str | None, typer.Option("-o", "--output", help="Same as OUTPUT.")] = None,
    model: Annotated[
        str | None,
        typer.Option("-m", "--model", help="Name of the model; not needed if there is only one."),
    ] = None,
    weights: Weights = None,
    device: Annotated[
        str,
        typer.Option(metavar="auto|cpu|cuda[:N]", help="What computes; auto: a GPU, else the CPU."),
    ] = "auto",
    recursive: Annotated[
        bool, typer.Option("-r", "--recursive", help="Also translate the folders inside INPUT.")
    ] = False,
    glob: Annotated[
        str,
        typer.Option(
            metavar="PATTERN", help="Only paths inside INPUT that match, such as 'day1/*.jpg'."
        ),
    ] = "*",
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the first N pictures.")
    ] = None,
    copy_sidecars: Annotated[
        bool, typer.Option("--copy-sidecars", help="Copy a.txt, a.json, a.xml along with a.jpg.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Translate again what is there already.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Then wait for more pictures, until Ctrl-C.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first picture that fails.")
    ] = False,
    size: Annotated[
        str,
        typer.Option(
            metavar="N|native",
            help="Scale the long side to this for the network; the result keeps its size.",
        ),
    ] = "auto",
    tile: Annotated[
        int | None,
        typer.Option(
            min=16,
            metavar="N",
            help="Tiles of large pictures have N x N pixels and surroundings; fewer save memory.",
        ),
    ] = None,
    detail: Annotated[
        Literal["auto", "transfer", "off"],
        typer.Option(help="transfer: keep the photo's own fine detail; auto: as the card says."),
    ] = "auto",
    strength: Annotated[
        float,
        typer.Option(
            metavar="0-1", help="How much to change: 0 is the picture, 1 its translation."
        ),
    ] = 1.0,
    keep_colors: Annotated[
        bool, typer.Option("--keep-colors", help="Keep the colours; translate only the lightness.")
    ] = False,
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|model",
            help="Translate only where this picture is white; model: use the model's mask.",
        ),
    ] = None,
    format_: Annotated[
        Literal["auto", "png", "jpg", "jpeg", "webp", "avif"],
        typer.Option(
            "--format",
            case_sensitive=False,
            help="Format of the results; auto: each picture's own.",
        ),
    ] = "auto",
    quality: Annotated[
        int, typer.Option(metavar="1-100", help="Quality of JPEG, WebP and AVIF.")
    ] = 95,
    suffix: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Add this to names: a.jpg becomes aTEXT.jpg.")
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help='Names of the results, such as "{stem}_{model}.{ext}".'),
    ] = None,
    alpha: Annotated[
        str,
        typer.Option(
            metavar="keep|flatten:#rrggbb", help="Keep transparency, or show it on a colour."
        ),
    ] = "keep",
    metadata: Annotated[
        Literal["all", "icc", "none"],
        typer.Option(help="What to keep of EXIF, XMP and colour profile."),
    ] = "all",
    strip_gps: Annotated[
        bool, typer.Option("--strip-gps", help="Remove where the photo was taken.")
    ] = False,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="ray: use all machines of a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDR", help="Address of the Ray cluster; else this machine alone."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a JSON line for each picture to this file."),
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Print a JSON line for each picture, for scripts.")
    ] = False,
) -> None:
    """Translate a picture, several, or a folder of them. Each keeps its size.

    The same command again skips what is done. Exits with 3 if some of many pictures failed; the
    others are done all the same.
    """
    sources, target, into_folder = _places(paths or [], input_, output)
    source = sources[0]
    from app import terminal  # lazy: rich
    from app.conversion import attempt  # lazy: numpy, Pillow, onnxruntime
    from app.engines import choose_engine, convert_folder
    from app.places import kind_of
    from app.plan import PIPE, FolderPlan, PicturesPlan, plan_file
    from app.progress import Progress
    from app.recipe import Recipe
    from app.rendering import Renderer
    from cyclegan.contract.formats import PICTURE_SUFFIXES

    recipe = Recipe(
        size=int(size) if size.isdecimal() else cast(Any, size),  # it says what else there is
        detail=detail,
        strength=strength,
        keep_colors=keep_colors,
        mask="model" if mask == Path("model") else mask,
        alpha=alpha,
        quality=quality,
        metadata=metadata,
        strip_gps=strip_gps,
    )
    naming = _naming("jpg" if format_ == "jpeg" else format_, suffix, template)
    are_several = len(sources) > 1
    found = "pictures" if are_several else "file" if source == PIPE else kind_of(source)
    if found is None:
        raise InputError(f"{source} does not exist; give a picture or a folder of pictures")
    is_folder = found == "folder"
    if are_several and (PIPE in sources or glob != "*"):
        raise typer.BadParameter("- is one picture, and --glob wants one folder, as the only INPUT")
    if target == PIPE and (found != "file" or json_ or not sys.stdout or sys.stdout.isatty()):
        raise typer.BadParameter("- as OUTPUT wants one picture, and standard output for it alone")
    if copy_sidecars and PIPE in (source, target):
        raise typer.BadParameter("--copy-sidecars wants files or folders as INPUT and OUTPUT")
    if report is not None and report.suffix.lower() in PICTURE_SUFFIXES:
        raise typer.BadParameter(f"--report {report} would replace a picture; call it report.jsonl")
    if watch and (not is_folder or limit or not isinstance(source, Path)):
        raise typer.BadParameter("--watch wants a folder of this machine as INPUT, and no --limit")
    if engine == "ray" and (found == "file" or watch):
        raise typer.BadParameter("--engine ray wants a folder or several pictures, and no --watch")
    if address is not None and engine != "ray":
        raise typer.BadParameter("--address is that of a cluster; it wants --engine ray")
    store = Store(weights or default_folder(), device)
    naming = replace(naming, model=model or store.only(" with -m").name)
    plan: FolderPlan | PicturesPlan | None = None  # of one picture there is none
    if is_folder:
        plan = FolderPlan(source, target, recursive, glob, limit, naming)
    elif are_several:
        plan = PicturesPlan(sources, target, limit, naming)
    others: Counter[str] = Counter()  # files that are no pictures, by suffix
    total = 1 if plan is None else None if watch else plan.count(others)
    files = [] if plan else [plan_file(source, target, naming, into_folder=into_folder)]
    translator = store.load(naming.model)
    translator.tile_size = tile or translator.tile_size
    render = Renderer(translator, recipe)
    options: dict[str, Any] = {
        "overwrite": overwrite,
        "sidecars": copy_sidecars,
        "quality": recipe.quality,
    }
    parts = terminal.Parts()  # of one picture
    translate = partial(render, progress=Progress(parts.tell))
    waiting = f"waiting for more pictures in {source}, until Ctrl-C"
    on_wait = partial(typer.echo, waiting, err=True) if watch else None
    results = (
        convert_folder(choose_engine(engine, address, options), render, plan, on_wait=on_wait)
        if plan
        else (attempt(translate, job, **options) for job in files)
    )
    tally = _Tally()
    started = time.monotonic()
    show = terminal.progress(total) if plan else parts
    try:
        with closing(results), terminal.report(report) as note, show as advance:
            for result in results:
                tally.add(result)
                note(result)
                advance(result)
                if json_:
                    terminal.print_json(result)
                if fail_fast and result.status == "failed":
                    break
    except StorageError:
        if tally.counts:  # a disk that is full now, and was not at the start
            typer.echo(terminal.interruption(tally.counts), err=True)
        raise
    except KeyboardInterrupt:
        if not watch:  # which has no other end
            typer.echo(terminal.interruption(tally.counts) if plan else "stopped", err=True)
            raise
    if not plan and result.status == "failed":
        raise InputError(result.reason)
    if plan or not json_:
        seconds = time.monotonic() - started
        counts = tally.counts
        told = terminal.summary(target, counts, seconds) if plan else terminal.describe(result)
        where = f" on {translator.device}" if plan or result.status == "done" else ""
        # Where stdout has the results, this is not one of them.
        if others:
            typer.echo(terminal.left_alone(others), err=json_)
        typer.echo(told + where, err=json_ or target == PIPE)
    if tally.counts["failed"]:
        raise typer.Exit(EXIT_TO_FIX)


def _places(
    paths: list[str], source: str | None, target: str | None
) -> "tuple[list[Place], Place, bool]":
    """What to translate and where to, each by its place or by its option; and whether that is said
    to be a folder, as in `out/`.
    """
    given = [each for each in (source, *paths, target) if each is not None]
    if len(given) < 2:
        raise typer.BadParameter(
            "expected an INPUT and an OUTPUT, as in: cyclegan convert photo.jpg out.png"
        )
    from app.places import place_of  # lazy: Pillow

    *sources, output = map(place_of, given)
    return sources, output, given[-1].endswith(("/", os.sep))


def _naming(format_: "Format", suffix: str | None, template: str | None) -> "Naming":
    """How results are called. Raises: typer.BadParameter, InputError."""
    from app.naming import Naming  # lazy: as above

    if suffix is not None and template is not None:
        raise typer.BadParameter("--suffix and --template both make names; give one of them")
    try:
        return Naming(format_, template or f"{{stem}}{suffix or ''}.{{ext}}")
    except InputError as error:
        if suffix is None:
            raise
        raise InputError(
            f"--suffix {suffix!r} cannot be part of a file name; leave slashes, braces and "
            "control characters out"
        ) from error


class _Tally:
    """How many pictures became what."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._failed: set[Place] = set()

    def add(self, result: "Result") -> None:
        """Count a picture; one that failed is tried again by --watch once it has changed."""
        if result.status == "failed":
            self._failed.add(result.source)
        else:
            self.counts[result.status] += 1
            self._failed.discard(result.source)
        self.counts["failed"] = len(self._failed)
