"""A folder `in` converted to `out`, and what became of its pictures."""

from pathlib import Path

from app.batch import convert_all
from app.conversion import Result, Translate
from app.manifest import open_manifest
from app.naming import Naming
from app.plan import FolderPlan
from cyclegan.contract.images import Picture

RECIPE = {"model": "same"}
AS_IT_IS = Naming()


def same(picture: Picture) -> Picture:
    return picture


def run(
    at: Path,
    translate: Translate = same,
    recipe: dict[str, str] = RECIPE,
    recursive: bool = False,
    naming: Naming = AS_IT_IS,
    **options: bool,
) -> list[Result]:
    """Convert the folder `in` to `out`."""
    plan = FolderPlan(at / "in", at / "out", recursive, naming=naming)
    with open_manifest(at / "out", recipe) as manifest:
        return list(convert_all(translate, plan, manifest, **options))


def statuses(results: list[Result]) -> dict[str, str]:
    return {result.source.name: result.reason or result.status for result in results}


def refuse(_picture: Picture) -> Picture:
    raise AssertionError("nothing is to be translated")
