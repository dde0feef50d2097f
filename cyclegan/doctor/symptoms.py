"""What can be wrong with the files of a dataset: one function each, all of them in CHECKS.

A check looks at measures alone (survey.py, duplicates.py) and yields findings, each with a remedy.
How the domains differ is in domain_gap.py. What an estimate of the time comes upon is no check.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclegan.config import TrainConfig
from cyclegan.contract.errors import CheckpointError
from cyclegan.doctor.duplicates import Likeness
from cyclegan.doctor.findings import Code, Evidence, Finding, Level
from cyclegan.doctor.survey import Measured
from cyclegan.domains import MIN_PICTURES, SMALL_SET, dataset_of

_FEW = 100  # pictures of a domain below which little is learned
_LONG = 3.0  # aspect from which a square crop sees less than a third
_SOME = 0.05  # share of a folder from which a peculiarity matters

# How what is said of several things reads where there is one.
_OF_ONE = {
    "are": "is",
    "have": "has",
    "show": "shows",
    "others": "another",
    "each": "it",
    "pictures": "a picture",
    "they": "it",
    "them": "it",
}


def _unreadable(found: Evidence, _config: TrainConfig) -> Iterator[Finding]:
    broken = [each for members in found.unreadable.values() for each in members]
    if broken:
        words = _words(len(broken))
        yield Finding(
            "fix",
            "unreadable",
            f"{_count(broken, 'file')} cannot be read.",
            "Copy {them} again from where {they} came, or delete {them}.".format_map(words),
            tuple((f"{found.name(each.path)} {each.reason}",) for each in broken),
            {"count": len(broken)},
        )


def _too_few(found: Evidence, config: TrainConfig) -> Iterator[Finding]:
    counts = {name: len(found.measured[name]) for name in ("trainA", "trainB")}
    needed = max(MIN_PICTURES, config.batch_size)
    held = " and ".join(f"{count} in {name}" for name, count in counts.items())
    if min(counts.values()) < needed:
        yield Finding(
            "fix",
            "too-few",
            f"Pictures that can be read: {held}. Training needs at least {needed} of each.",
            "Put more there: some hundred of each domain give good results.",
            facts={"counts": counts, "needed": needed},
        )
    elif min(counts.values()) < SMALL_SET:
        yield Finding(
            "warning" if min(counts.values()) < _FEW else "note",
            "few",
            f"Pictures: {held}. With less than {SMALL_SET} the discriminators come to know them "
            "by heart, and results stop getting better early.",
            "Add pictures; "
            + (
                "train with --set diffaugment=auto, which makes more of few."
                if config.diffaugment == "off"
                else f"preset {config.preset} makes the most of these (diffaugment)."
            ),
            facts={
                "counts": counts,
                "enough": SMALL_SET,
                "preset": config.preset,
                "diffaugment": config.diffaugment,
            },
        )


def no_backbone(config: TrainConfig, reason: CheckpointError) -> Finding:
    """What loading the pretrained network that the discriminators look through has come to."""
    return Finding(
        "fix",
        "no-backbone",
        f"Preset {config.preset} cannot train here yet: {reason}.",
        "Connect to the internet for the first training, or take another preset.",
        facts={"preset": config.preset, "reason": str(reason)},
    )


def _both_domains(found: Evidence, _config: TrainConfig) -> Iterator[Finding]:
    shared = [each for each in found.copies if each.folders[0][-1] != each.folders[1][-1]]
    if shared:
        words = _words(len(shared))
        yield Finding(
            "fix",
            "both-domains",
            f"{_count(shared, 'picture')} {words['are']} in both domains{_exactness(shared)}. "
            "A picture in both teaches the discriminators that the domains are the same.",
            f"Keep {words['each']} in the domain that it belongs to.",
            _pairs(found, shared),
            {"count": len(shared), "exact": _count_exact(shared)},
        )


def _leak(found: Evidence, _config: TrainConfig) -> Iterator[Finding]:
    wanted = {"trainA", "testA"}, {"trainB", "testB"}
    leaks = [each for each in found.copies if set(each.folders) in wanted]
    if leaks:
        words = _words(len(leaks))
        yield Finding(
            "fix",
            "leak",
            f"{_count(leaks, 'picture')} {words['are']} in train and test{_exactness(leaks)}. "
            "Figures measured on pictures that were trained on are too good.",
            f"Delete {words['them']} from the train folder.",
            _pairs(found, leaks),
            {"count": len(leaks), "exact": _count_exact(leaks)},
        )


def _copies(found: Evidence, _config: TrainConfig) -> Iterator[Finding]:
    copies = [each for each in found.copies if each.folders[0] == each.folders[1]]
    groups = _groups(copies)
    extra = {
        folder: sum(len(group) - 1 for group in groups if found.folder(group[0].path) == folder)
        for folder, pictures in found.measured.items()
    }
    if groups:
        words = _words(sum(extra.values()))
        yield Finding(
            _level(found, extra),
            "copies",
            f"{_tally(found, extra)} {words['show']} what {words['others']} there {words['show']}"
            f"{_exactness(copies)}. "
            "What is there twice counts twice.",
            "Keep one of each, unless they are to weigh more.",
            tuple(tuple(found.name(each.path) for each in group) for group in groups),
            {"shares": _shares(found, extra), "exact": _count_exact(copies)},
        )


@dataclass(frozen=True)
class _Peculiarity:
    """Something that single pictures have."""

    code: Code
    has: Callable[[Measured, TrainConfig], bool]
    text: str  # goes on after "3 of 90 pictures in trainA "
    remedy: str  # both may name fields of the config, and words of _OF_ONE


_PECULIARITIES = (
    _Peculiarity(
        "borders",
        lambda each, _: each.border > 0,
        "{have} one flat colour along opposite sides, as frames and bars do; generators learn to "
        "paint those too.",
        "Crop frames and bars off.",
    ),
    _Peculiarity(
        "small",
        lambda each, config: each.short_side < config.crop_size,
        "{are} smaller than the {crop_size} pixels that the networks see with preset {preset}, and "
        "will be enlarged and soft.",
        "Find {them} in a larger size, delete {them}, or train at a smaller size (--set "
        "load_size_max=N, with load_size_min and crop_size no larger).",
    ),
    _Peculiarity(
        "transparent",
        lambda each, _: each.is_transparent,
        "{are} partly transparent; training sees the colours that are hidden there, often black.",
        "Put {them} on a background of your choice.",
    ),
    _Peculiarity(
        "grey",
        lambda each, _: each.is_grey and not each.is_blank,
        "{are} without colour, unlike the rest; translations may lose theirs.",
        "Delete {them}, unless grey pictures are to be translated too.",
    ),
    _Peculiarity(
        "blank",
        lambda each, _: each.is_blank,
        "{are} of one colour all over; there is nothing to learn from {them}.",
        "Delete {them}.",
    ),
    _Peculiarity(
        "extreme-shape",
        lambda each, _: abs(math.log(each.aspect)) > math.log(_LONG),
        f"{{are}} more than {_LONG:g} times as long as wide, or as wide as long; training sees "
        "square pieces, so most of {them} is missed.",
        "Cut {them} into squarer pieces that show the subject.",
    ),
)


def _peculiar(found: Evidence, config: TrainConfig) -> Iterator[Finding]:
    for peculiarity in _PECULIARITIES:
        odd = {
            folder: [each for each in pictures if peculiarity.has(each, config)]
            for folder, pictures in found.measured.items()
        }
        for folder, members in odd.items():
            # A domain that is grey as a whole is another matter: see domain_gap.py.
            if peculiarity.code == "grey" and 2 * len(members) > len(found.measured[folder]):
                members.clear()
        counts = {folder: len(members) for folder, members in odd.items()}
        if total := sum(counts.values()):
            words = config.to_dict() | _words(total)
            yield Finding(
                _level(found, counts),
                peculiarity.code,
                f"{_tally(found, counts)} {peculiarity.text.format_map(words)}",
                peculiarity.remedy.format_map(words),
                tuple((found.name(each.path),) for members in odd.values() for each in members),
                {
                    "shares": _shares(found, counts),
                    "crop_size": config.crop_size,
                    "preset": config.preset,
                },
            )


def _no_tests(found: Evidence, _config: TrainConfig) -> Iterator[Finding]:
    missing = [name for name in ("testA", "testB") if not found.measured.get(name)]
    if missing and _is_one_dataset(found):
        yield Finding(
            "note",
            "no-test",
            f"There are no pictures in {' and '.join(missing)}; `cyclegan evaluate` needs both.",
            "Move some hundred pictures there, of which train holds no copies.",
        )
    elif missing:
        yield Finding(
            "note",
            "no-test",
            "No pictures are kept apart, to measure translations on.",
            "Move some hundred of each domain into folders of their own, and train with --set "
            "test_a=DIR --set test_b=DIR.",
        )


def _is_one_dataset(found: Evidence) -> bool:
    """Whether the domains are in the folders of a dataset, not in two from anywhere."""
    return dataset_of(found.folders["trainA"], found.folders["trainB"]) is not None


def _ignored(found: Evidence, _config: TrainConfig) -> Iterator[Finding]:
    files = [path for members in found.ignored.values() for path in members]
    if files:
        suffixes = Counter(path.suffix.lower() or "without suffix" for path in files)
        most = dict(suffixes.most_common(4))
        words = _words(len(files))
        listed = ", ".join(f"{count} {suffix}" for suffix, count in most.items())
        yield Finding(
            "note",
            "ignored",
            f"{_count(files, 'file')} {words['are']} not used, judging by the name: {listed}.",
            "If {they} {are} {pictures}, save {them} as JPEG or PNG.".format_map(words),
            tuple((found.name(path),) for path in files),
            {"count": len(files), "suffixes": most},
        )


def _pairs(found: Evidence, copies: list[Likeness]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(found.name(each.path) for each in copy.pictures) for copy in copies)


def _groups(copies: list[Likeness]) -> list[list[Measured]]:
    """Pairs joined to groups that show the same, each in its order."""
    group_of: dict[Path, dict[Path, Measured]] = {}
    for copy in copies:
        joined = {picture.path: picture for picture in copy.pictures}
        for picture in copy.pictures:
            joined |= group_of.get(picture.path, {})
        group_of |= dict.fromkeys(joined, joined)
    groups = {id(group): group for group in group_of.values()}
    return [[group[path] for path in sorted(group)] for group in groups.values()]


def _level(found: Evidence, counts: dict[str, int]) -> Level:
    """How much it matters that some pictures are peculiar: by their share of a training folder."""
    shares = (counts[name] / max(1, len(found.measured[name])) for name in ("trainA", "trainB"))
    return "warning" if max(shares) >= _SOME else "note"


def _tally(found: Evidence, counts: dict[str, int]) -> str:
    """Like "3 of 90 pictures in trainA and 1 of 9 in testA", the most first."""
    parts = [
        f"{count} of {len(found.measured[folder])} in {folder}"
        for folder, count in sorted(counts.items(), key=lambda item: -item[1])
        if count
    ]
    parts[0] = parts[0].replace(" in ", " pictures in ")
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _shares(found: Evidence, counts: dict[str, int]) -> dict[str, str]:
    """Like {"trainA": "3 / 90", "testA": "1 / 9"}."""
    return {
        folder: f"{count} / {len(found.measured[folder])}"
        for folder, count in counts.items()
        if count
    }


def _count_exact(copies: list[Likeness]) -> int:
    return sum(copy.is_exact for copy in copies)


def _exactness(copies: list[Likeness]) -> str:
    """How many are copies pixel for pixel, in brackets."""
    exact = _count_exact(copies)
    if exact == len(copies):
        return " (pixel for pixel)"
    return f" ({exact} pixel for pixel, the others nearly)" if exact else " (nearly the same)"


def _count(things: list[Any], noun: str) -> str:
    return f"{len(things)} {noun}{'s' * (len(things) != 1)}"


def _words(count: int) -> dict[str, str]:
    """The words of `_OF_ONE`, each as it reads of so many things."""
    return _OF_ONE if count == 1 else {word: word for word in _OF_ONE}


# In order of importance among findings of one level.
CHECKS: tuple[Callable[[Evidence, TrainConfig], Iterator[Finding]], ...] = (
    _unreadable,
    _too_few,
    _both_domains,
    _leak,
    _copies,
    _peculiar,
    _no_tests,
    _ignored,
)
