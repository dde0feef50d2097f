"""One job done: its pictures by the engine for folders, small copies to look at, and one zip.

Which job is next, and what is stopped or removed, is in office.py.
"""

import csv
import io
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

from app.batch import convert_all
from app.conversion import Result
from app.effects import shrink
from app.jobs.limits import Limits
from app.jobs.records import Job, JobPicture, PictureState, Records
from app.manifest import IS_DONE, open_manifest
from app.naming import Naming
from app.plan import FolderPlan
from app.progress import Progress
from app.public import JOBS, MODELS, without_paths
from app.recipe import Recipe
from app.rendering import Renderer
from app.store import Store
from cyclegan.contract.errors import InputError
from cyclegan.contract.files import atomic_write
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.saving import save_picture

INBOX, OUTBOX, PREVIEWS, RESULT = "in", "out", "previews", "result.zip"
FAILURES = "failures.csv"
PREVIEW_SIDE = 320  # pixels
_WHITE = (255, 255, 255)
_COMPUTED = ("=", "+", "-", "@")  # how formulas start


def naming_of(job: Job) -> Naming:
    """How the job's translations are called."""
    return Naming(job.format)  # type: ignore[arg-type]  # which checks it


def do(
    job: Job,
    folder: Path,
    store: Store,
    records: Records,
    limits: Limits,
    progress: Progress,
) -> None:
    """Translate what is not translated yet of a job, and record what becomes of each picture.

    Raises: StoppedError soon after `progress` was stopped; other CycleGANErrors if the job cannot
    go on.
    """
    recipe = Recipe(**job.recipe)
    render = Renderer(store.load(job.model), recipe)
    plan = FolderPlan(folder / INBOX, folder / OUTBOX, naming=naming_of(job))
    pictures = {picture.file: picture for picture in records.pictures(job)}
    made_bytes = previews = 0

    def translate(picture: Picture) -> Picture:
        if made_bytes > limits.result_bytes:
            raise InputError(
                f"the job's results fill {limits.result_bytes / 2**30:.3g} GiB already"
            )
        return render(picture, progress)

    with (
        open_manifest(plan.output, render.made_by()) as manifest,
        closing(convert_all(translate, plan, manifest, quality=recipe.quality)) as results,
    ):
        for result in results:
            progress.check()  # what was stopped has not failed
            picture = pictures[result.source.name]
            if result.status == "done" or result.reason == IS_DONE:
                made_bytes += Path(result.output).stat().st_size
                has_preview = previews < limits.previews
                if has_preview:
                    _make_preview(result, folder / PREVIEWS, picture.number)
                    previews += 1
                found = {"state": PictureState.done, "has_preview": has_preview}
            else:
                files = {
                    Path(result.source): picture.name,
                    Path(result.output): "the translation",
                }
                reason = tell(result.reason or "", folder, store, files)
                found = {"state": PictureState.failed, "reason": reason}
            records.change_picture(job, picture.number, **found)


def tell(
    text: str, folder: Path, store: Store, files: Mapping[Path, str] = MappingProxyType({})
) -> str:
    """A sentence for the owner of the job in a folder, who knows `files` by these names."""
    folders = {folder: "the folder of the job", folder.parent: JOBS, store.folder: MODELS}
    return without_paths(text, {**folders, **files})


def pack(job: Job, folder: Path, pictures: Sequence[JobPicture]) -> None:
    """Make the zip of what was translated. Raises: StorageError."""
    naming = naming_of(job)
    # Pictures are as small as they get: to deflate them takes time and gains nothing.
    with atomic_write(folder / RESULT) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for picture in pictures:
            if picture.state == PictureState.done and picture.file:
                made = folder / OUTBOX / naming.name(Path(picture.file))
                archive.write(made, picture.result)
        archive.writestr(FAILURES, _failures(pictures))


def strip(folder: Path) -> None:
    """Remove what the zip of a job was made from."""
    for name in (INBOX, OUTBOX):
        shutil.rmtree(folder / name, ignore_errors=True)


def result_bytes(folder: Path) -> int:
    """The bytes of what remains of a job when it is stripped."""
    kept = [folder / RESULT, *folder.glob(f"{PREVIEWS}/*")]
    return sum(path.stat().st_size for path in kept if path.exists())


def preview_paths(folder: Path, number: int) -> dict[str, Path]:
    """Where the small copies of a picture are, "before" and "after" it was translated."""
    return {when: folder / PREVIEWS / f"{number:06}-{when}.jpg" for when in ("before", "after")}


def _make_preview(result: Result, folder: Path, number: int) -> None:
    paths = preview_paths(folder.parent, number)
    for source, path in zip((result.source, result.output), paths.values(), strict=True):
        if not path.exists():
            picture = load_picture(Path(source)).flattened(_WHITE)
            save_picture(Picture(shrink(picture.rgb, PREVIEW_SIDE)), path, quality=85)


def _failures(pictures: Sequence[JobPicture]) -> str:
    """What was not translated and why, for spreadsheets."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(("file", "reason"))
    for picture in pictures:
        if picture.state != PictureState.done:
            row = picture.name, picture.reason or "the job ended before its turn"
            # A cell that starts like this would be computed, and names come from anyone.
            table.writerow(f"'{cell}" if cell.startswith(_COMPUTED) else cell for cell in row)
    return text.getvalue()
