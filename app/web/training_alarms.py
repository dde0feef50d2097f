"""What rings in a training, as HTML in a visitor's language.

When an alarm rings is decided in cyclegan/alarms.py; its log says so in English.
"""

from collections.abc import Iterator
from html import escape
from typing import Any

from app.trainings.standing import Training
from app.web.words import TOLD, in_a_row, retell, say
from cyclegan.contract.log import Row
from cyclegan.contract.standing import alarms_in_force


def describe_alarms(training: Training, language: str) -> Iterator[str]:
    """Those that are on at the end of the log."""
    return (_describe(training, row, language) for row in alarms_in_force(training.rows))


def _describe(training: Training, row: Row, language: str) -> str:
    code, facts = row["alarm"], _facts(training, row)
    title = retell(language, f"{code}.title", code, {})
    way = say(language, "view.way", **facts) if "source" in facts else ""
    since = say(language, "view.alarm", images=row["images_seen"])
    head = " · ".join(filter(None, (title, way, since)))
    text = retell(language, code, row["text"], facts)
    told = (retell(language, key, "", facts) for key in _advice(code, row["remedy"]))
    remedy = in_a_row(*told) or row["remedy"]
    return (
        f'<div class="alarm" role="alert"><strong>{escape(head)}</strong>'
        f"<p>{escape(in_a_row(text, remedy))}</p></div>"
    )


def _facts(training: Training, row: Row) -> dict[str, Any]:
    """What an alarm may speak of: settings, what was read then, the domains of its direction."""
    source, _, target = row["direction"].partition("to")
    if not target:  # it is about both
        return {**training.config, **row}
    readings = {
        name.removesuffix(f"_{source}{target}"): value
        for each in training.rows
        if each["images_seen"] == row["images_seen"]
        for name, value in each.items()
        if name.endswith(f"_{source}{target}")
    }
    names = training.record.order.names
    ends = {"source": names[source.lower()], "target": names[target.lower()]}
    return {**training.config, **row, **readings, **ends}


def _advice(code: str, remedy: str) -> Iterator[str]:
    """The keys of what to do; of settings, of those that the log advises."""
    for key in TOLD:
        setting = key.removeprefix(f"{code}.")
        if setting == "remedy" or (setting != key and "=" in setting and setting in remedy):
            yield key
