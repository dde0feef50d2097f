"""A run folder to its page. What stands where on it is in `page.html`."""

import json
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cyclegan.config import TrainConfig, read_config
from cyclegan.contract.errors import ConfigError
from cyclegan.contract.files import atomic_write
from cyclegan.contract.log import CONFIG, LATEST, read_log
from cyclegan.contract.standing import read_standing
from cyclegan.doctor.facts import FACTS
from cyclegan.presets import changed_settings
from cyclegan.report_page.commands import export_commands, resume_command
from cyclegan.report_page.history import Names, read_alarms, read_curves, read_metrics
from cyclegan.report_page.sheets import SHEETS, choose_sheets, embed_sheets, name_columns

REPORT = "report.html"  # of a run folder


def write_report(run: Path, *, is_stopped: bool = False) -> None:
    """Write `report.html` into a run folder from what lies there; a part that is missing says so.

    Args:
        run: the run folder.
        is_stopped: the training was told to stop here or ended early, so that the page does not
            wait for news.

    Raises:
        StorageError: it could not be written.
    """
    # Within, so that what cannot be read of the run is a StorageError too.
    with atomic_write(run / REPORT) as temporary:
        temporary.write_text(_render(run, is_stopped), encoding="utf-8")


def _render(run: Path, is_stopped: bool) -> str:
    try:
        config, fault = read_config(run / CONFIG), ""
    except ConfigError as error:
        config, fault = TrainConfig(), str(error)
    rows = read_log(run)
    names = Names(config.name_a, config.name_b)
    standing = read_standing(config.to_dict(), rows)
    sheets_found, sheets = choose_sheets(run / SHEETS)
    template = _environment().get_template("page.html")
    return template.render(
        run=run.resolve(),
        config=config,
        config_fault=fault,
        changed=changed_settings(config),
        now=datetime.now().astimezone().replace(microsecond=0),
        is_stopped=is_stopped,
        standing=standing,
        alarms=read_alarms(rows, names),
        metrics=read_metrics(rows, names),
        curves=read_curves(rows, names),
        sheets_found=sheets_found,
        sheets=embed_sheets(sheets),
        columns=name_columns(config),
        facts=_read_facts(run / FACTS),
        is_saved=(run / LATEST).exists(),
        resume=resume_command(config, run, is_over=standing.share == 1),
        exports=export_commands(config, run),
        parts={path.name: path.read_text() for path in Path(__file__).parent.glob("*.*s")},
    )


def _read_facts(path: Path) -> dict[str, Any] | None:
    """What `facts.write_facts` wrote; None in a run from before there were facts."""
    try:
        facts: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return facts


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cyclegan.report_page", "."),
        autoescape=True,  # names and paths are other people's
        undefined=StrictUndefined,
        auto_reload=False,  # an update while a training runs must not change its page under it
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"default": vars}  # dataclasses
    environment.filters |= {"count": _count, "duration": _duration, "size": _size}
    return environment


def _count(number: float) -> str:
    return f"{number:,}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    days, rest = divmod(timedelta(seconds=seconds), timedelta(days=1))
    hours, minutes = divmod(round(rest.total_seconds() / 60), 60)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _size(number: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} GB"
