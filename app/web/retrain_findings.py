"""What is wrong with two sets of pictures, as HTML; no widgets.

The doctor, a process of its own, finds it; what it looks for is in cyclegan/doctor/.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePath
from typing import Any

from app import verbs
from app.trainings.orders import Order
from app.trainings.pictures import left_out, names_of
from app.web.training_view import duration
from app.web.words import in_a_row, retell, say
from cyclegan.contract.formats import PICTURE_SUFFIXES
from cyclegan.contract.walk import find_pictures

CHECK_TIMEOUT_S = 600.0  # for the doctor, on many pictures

_OF_PRESET = "no-backbone"  # the finding that is of the preset, not of the pictures

_NAMED = 8  # files of a finding; in a group that shows the same, as many again

# A picture's name, after which the doctor may have said why it cannot be read.
_PICTURE = re.compile(
    rf".*(?:{'|'.join(map(re.escape, sorted(PICTURE_SUFFIXES)))})(?= )", re.IGNORECASE
)


@dataclass(frozen=True)
class Diagnosis:
    """What was found in the pictures of two folders."""

    folders: tuple[str, str]
    html: str
    must_be_fixed: bool  # something in the pictures
    untrainable: str = ""  # the preset that cannot train here; "" if that which was asked can

    def is_against(self, order: Order) -> bool:
        """Whether something must be fixed before a training learns from these pictures."""
        is_of = self.folders == (order.domain_a, order.domain_b)
        return is_of and (self.must_be_fixed or self.untrainable == order.preset)


def diagnose(order: Order, language: str) -> Diagnosis:
    """Ask the doctor, which takes minutes for many pictures. Raises: CycleGANError."""
    found = json.loads(
        verbs.run(
            *("doctor", "--domain-a", order.domain_a, "--domain-b", order.domain_b),
            *("--preset", order.preset, "--json"),
            timeout_s=CHECK_TIMEOUT_S,
            also_ok=(3,),  # something must be fixed
        )
    )
    html = _describe(found, order, language)
    to_fix = {each["code"] for each in found["findings"] if each["level"] == "fix"}
    return Diagnosis(
        (order.domain_a, order.domain_b),
        html,
        must_be_fixed=bool(to_fix - {_OF_PRESET}),
        untrainable=order.preset if _OF_PRESET in to_fix else "",
    )


def _describe(found: dict[str, Any], order: Order, language: str) -> str:
    names = {"trainA": order.name_a, "trainB": order.name_b}
    lines = [
        say(language, "found.pictures", count=folder["pictures"], name=names[folder["name"]])
        for folder in found["folders"]
    ]
    sets = [(order.name_a, order.domain_a), (order.name_b, order.domain_b)]
    if order.neither:
        neither = say(language, "found.neither")
        count = len(find_pictures(Path(order.neither), recursive=True))
        lines.append(say(language, "found.pictures", count=count, name=neither))
        sets.append((neither, order.neither))
    for name, folder in ((order.name_a, order.test_a), (order.name_b, order.test_b)):
        if folder:
            count = len(find_pictures(Path(folder), recursive=True))
            lines.append(say(language, "found.held-out", count=count, name=name))
    if found["hours"] is not None:
        time = duration(3600 * found["hours"], language)
        lines.append(say(language, "found.time", time=time))
        if order.max_minutes < 60 * found["hours"]:
            limit = duration(60 * order.max_minutes, language)
            lines.append(say(language, "found.limit", limit=limit))
    # Nobody is asked for pictures to judge by.
    findings = [each for each in found["findings"] if each["code"] != "no-test"]
    if not findings:
        lines.append(say(language, "found.fine"))
    facts = "".join(f"<li>{escape(line)}</li>" for line in lines)
    for name, folder in sets:
        if files := left_out(folder):
            line = say(language, "found.left-out", count=len(files), name=name)
            facts += f"<li>{escape(line)}{_list_first(files, language)}</li>"
    sent = names_of(order.domain_a) | names_of(order.domain_b)
    around = os.path.commonpath([order.domain_a, order.domain_b])  # below which the doctor names
    called = {path.relative_to(around).as_posix(): name for path, name in sent.items()}
    listed = "".join(_tell(each, names, called, language) for each in findings)
    return (
        f'<div role="status"><ul class="facts">{facts}</ul><ul class="findings">{listed}</ul></div>'
    )


def _tell(
    finding: dict[str, Any], names: dict[str, str], called: Mapping[str, str], language: str
) -> str:
    """One finding, its remedy, and the files that it is about."""

    def named(text: str) -> str:
        # In one pass: a kind may be called as the other's folder.
        return escape(re.sub("train[AB]", lambda found: names[found[0]], text))

    level, code, facts = finding["level"], finding["code"], finding["facts"]
    text = retell(language, code, finding["text"], facts)
    remedy = retell(language, f"{code}.remedy", finding["remedy"], facts)
    return (
        f'<li class="{escape(level)}"><strong>{say(language, f"found.{level}")}:</strong> '
        f"{named(in_a_row(text, remedy))}{_list_files(finding['files'], called, language)}</li>"
    )


def _list_files(groups: Sequence[Sequence[str]], called: Mapping[str, str], language: str) -> str:
    """The first files of a finding; those of a group show the same."""
    names = [" = ".join(_file_names(group[:_NAMED], called)) for group in groups]
    return _list_first(names, language) if names else ""


def _list_first(names: Sequence[str], language: str) -> str:
    listed = list(names[:_NAMED])
    if len(names) > _NAMED:
        listed.append(say(language, "found.more", count=len(names) - _NAMED))
    return f"<small>{escape(', '.join(listed))}</small>"


def _file_names(files: Sequence[str], called: Mapping[str, str]) -> list[str]:
    """Names as they were sent, else without folders; each once: copies often have the same."""
    found = (_PICTURE.match(file) for file in files)
    paths = [match[0] if match else file for match, file in zip(found, files, strict=True)]
    return list(dict.fromkeys(called.get(path, PurePath(path).name) for path in paths))
