"""The sample sheets of a training: the latest, and any two of them one over the other.

Which there are is known in app/trainings/sheets.py, how one or two look in sheet.py and compare.py.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from app.trainings.runs import Trainings
from app.trainings.sheets import find_sheets, measured_near
from app.trainings.standing import Training
from app.web.compare import Pair, compare_pair, pair, refusal
from app.web.sheet import lay_out_sheet, show_sheet
from app.web.training_view import alert, measured, ways
from app.web.updates import Updates, lend
from app.web.words import language_of, say, word
from cyclegan.contract.errors import CycleGANError
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.log import CAPTION_HEIGHT
from cyclegan.contract.saving import save_picture


@dataclass(frozen=True)
class Sheets:
    """What shows the sheets of a training."""

    latest: gr.HTML
    choice: gr.Row  # of two, where there are two
    two: tuple[gr.Dropdown, gr.Dropdown]  # by the images seen
    pair: gr.HTML
    figures: gr.HTML  # measured nearest to either

    @property
    def outputs(self) -> list[Any]:
        """What changes as a training goes on."""
        return [self.latest, self.choice, *self.two]


def lay_out_sheets() -> Sheets:
    """Lay out the components; nothing is shown in them yet."""
    with gr.Column():
        latest = lay_out_sheet("watch.sheet", "sheet")
        with gr.Row(visible=False, elem_id="choose-sheets") as choice:
            first = gr.Dropdown([], label=word("sheets.first"), min_width=160)
            second = gr.Dropdown([], label=word("sheets.second"), min_width=160)
        shown = compare_pair("two-sheets")
        figures = gr.HTML(apply_default_css=False, elem_id="sheet-figures")
    return Sheets(latest, choice, (first, second), shown, figures)


def show_sheets(
    sheets: Sheets,
    training: Training | None,
    language: str,
    *,
    known: int | None = None,
    second: Any = None,
) -> Updates:
    """Show the latest sheet of a training and offer all, the first and the latest chosen.

    `known` is the latest that a page shows of it: where it could choose, that stays; but for
    the `second` choice there, which goes on with the latest where it was that.
    """
    found = find_sheets(training.run) if training else {}
    method = training.config.get("method", "cyclegan") if training else "cyclegan"
    choices = [(say(language, "sheets.at", images=images), images) for images in found]
    latest = max(found, default=0)
    could_choose = known is not None and sum(images <= known for images in found) > 1
    two = (min(found), max(found)) if len(found) > 1 else (None, None)
    stays = (could_choose, could_choose and second != known)
    told: list[dict[str, Any]] = [
        {} if stay else {"value": images} for images, stay in zip(two, stays, strict=True)
    ]
    offered = [gr.Dropdown(choices=choices, **each) for each in told]
    return {
        sheets.latest: show_sheet(
            _lend(found[latest]) if found else None,
            say(language, "sheets.at", images=latest),
            say(language, f"sheets.{method}"),
        ),
        sheets.choice: gr.Row(visible=len(found) > 1),
        **dict(zip(sheets.two, offered, strict=True)),
    }


def connect_sheets(sheets: Sheets, chosen: gr.Dropdown, trainings: Trainings) -> None:
    """Compare the two sheets that are chosen."""

    def compare(name: Any, first: Any, second: Any, request: gr.Request) -> Updates:
        value, figures = _compared(trainings, name, (first, second), language_of(request))
        return {sheets.pair: value, sheets.figures: figures}

    boxes = (chosen, *sheets.two)  # sheets of another run may be called alike
    gr.on(
        [each.change for each in boxes],
        compare,
        boxes,
        [sheets.pair, sheets.figures],
        preprocess=False,  # a server that was started again knows no choices to check it against
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )


def _compared(
    trainings: Trainings, name: str | None, seen: tuple[Any, Any], language: str
) -> tuple[Any, Any]:
    """The values of what shows two sheets and their figures; `gr.skip()` where they stay.

    The three boxes change one after the other, and the answer to each may come last: what is chosen
    in between, by no one, must not undo what is shown of the end.
    """
    nothing, as_it_is = (None, ""), (gr.skip(), gr.skip())
    if not name:
        return as_it_is if trainings.names() else nothing
    try:
        training = trainings.look(name)
        found = find_sheets(training.run)
        if len(found) < 2 or (seen[0] == seen[1] and seen[0] in found):
            return nothing
        if not set(seen) <= found.keys():
            return as_it_is
        value = _shown(training, seen, (found[seen[0]], found[seen[1]]), language)
        return value, _figures(training, seen, language)
    except CycleGANError as error:
        return None, alert(error, trainings.root, language)


def _lend(file: Path) -> Path:
    """A copy of a sheet where Gradio serves it, without its caption: the page has words for it."""
    copy = lend(file)
    with suppress(CycleGANError):  # it is shown as it is
        save_picture(Picture(load_picture(copy).rgb[CAPTION_HEIGHT:]), copy, quality=92)
    return copy


def _shown(
    training: Training, seen: tuple[int, int], files: tuple[Path, Path], language: str
) -> Any:
    """The value of the component that lays one sheet over the other."""
    (height, width), other = (load_picture(file).rgb.shape[:2] for file in files)
    if (height, width) != other:
        return refusal(say(language, "sheets.differ"))
    first, second = (say(language, "sheets.at", images=images) for images in seen)
    before, after = map(_lend, files)
    return pair(
        Pair(before, after, width, height - CAPTION_HEIGHT, training.run.name, (first, second))
    )


def _figures(training: Training, seen: Sequence[int], language: str) -> str:
    """What was measured nearest to either, as a table; nothing where nothing was."""
    names = ways(training, language)
    rows = ""
    for direction in training.directions:
        near = (measured_near(training, direction, images) for images in seen)
        cells = [measured(each, language) for each in near if each]
        if cells:
            listed = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            rows += f'<tr><th scope="row">{escape(names[direction])}</th>{listed}</tr>'
    if not rows:
        return ""
    titles = (say(language, "sheets.at", images=images) for images in seen)
    heads = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table>"
