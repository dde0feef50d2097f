"""What is wrong with a dataset, told before hours are spent on it.

Here a dataset is read and what was found is put in order. What a picture's measures are is in
survey.py, what a folder's are together in facts.py, which are copies of others in duplicates.py,
what is wrong with them in symptoms.py and domain_gap.py. No torch here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from cyclegan.config import TrainConfig
from cyclegan.contract.walk import find_pictures
from cyclegan.doctor import domain_gap, symptoms
from cyclegan.doctor.duplicates import find_duplicates
from cyclegan.doctor.facts import FolderFacts, summarize
from cyclegan.doctor.findings import Evidence, Finding, Level
from cyclegan.doctor.survey import Measured, Unreadable, survey


@dataclass(frozen=True)
class Diagnosis:
    """What was found, the most important first."""

    folders: tuple[FolderFacts, ...]
    distinctness: float | None  # see domain_gap.measure_distinctness
    findings: tuple[Finding, ...]

    @property
    def must_be_fixed(self) -> bool:
        """Whether training, or its figures, would suffer for certain."""
        return any(finding.level == "fix" for finding in self.findings)

    @property
    def can_train(self) -> bool:
        """Whether there are pictures enough to begin with."""
        return all(finding.code != "too-few" for finding in self.findings)

    def beginning_with(self, finding: Finding) -> "Diagnosis":
        """The same, with what was found elsewhere."""
        return replace(self, findings=(finding, *self.findings))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "must_be_fixed": self.must_be_fixed,
            "folders": [vars(folder) for folder in self.folders],
            "distinctness": self.distinctness,
            "findings": [vars(finding) for finding in self.findings],
        }


def diagnose(
    folders: dict[str, Path],
    config: TrainConfig,
    on_picture: Callable[[int, int], None] = lambda _done, _total: None,
) -> Diagnosis:
    """Read every picture of a dataset as training would, and say what is wrong with it.

    Args:
        folders: trainA, trainB, and perhaps testA and testB; see `domains.resolve_splits`.
        config: what it is to be trained with; its sizes count.
        on_picture: called with (done, total) after every picture.

    Raises:
        InputError: a folder cannot be listed.
    """
    evidence = _gather(folders, on_picture)
    checks = (*domain_gap.CHECKS, *symptoms.CHECKS)
    findings = [finding for check in checks for finding in check(evidence, config)]
    findings.sort(key=lambda finding: get_args(Level).index(finding.level))
    facts = tuple(
        summarize(name, pictures, evidence.unreadable[name])
        for name, pictures in evidence.measured.items()
    )
    return Diagnosis(facts, evidence.distinctness, tuple(findings))


def _gather(folders: dict[str, Path], on_picture: Callable[[int, int], None]) -> Evidence:
    paths = {name: find_pictures(folder, recursive=True) for name, folder in folders.items()}
    places = [name for name, members in paths.items() for _ in members]
    every = (path for members in paths.values() for path in members)
    measured: dict[str, list[Measured]] = {name: [] for name in paths}
    unreadable: dict[str, list[Unreadable]] = {name: [] for name in paths}
    for done, (name, result) in enumerate(zip(places, survey(every), strict=True), 1):
        if isinstance(result, Measured):
            measured[name].append(result)
        else:
            unreadable[name].append(result)
        on_picture(done, len(places))
    return Evidence(
        folders=folders,
        measured=measured,
        unreadable=unreadable,
        ignored={name: _others(folders[name], members) for name, members in paths.items()},
        copies=find_duplicates(measured),
        distinctness=domain_gap.measure_distinctness(measured["trainA"], measured["trainB"]),
    )


def _others(folder: Path, pictures: list[Path]) -> list[Path]:
    """Files of a folder that are no pictures by their names; hidden ones do not count."""
    known = set(pictures)
    files = (path for path in folder.rglob("*") if path.is_file() and path not in known)
    return sorted(
        path
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
