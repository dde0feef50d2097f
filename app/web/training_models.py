"""Models of a training: what its checkpoints make of pictures, and one of them as a model.

What is known of checkpoints is in app/trainings/checkpoints.py and comparison.py.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder

from app.store import Store
from app.trainings.checkpoints import Checkpoint, choose_checkpoint, find_checkpoints
from app.trainings.comparison import Comparison, compare
from app.trainings.runs import Trainings
from app.trainings.standing import Training
from app.web.models import installed
from app.web.training_view import alert, measured, wait, ways
from app.web.updates import Updates, rechoose
from app.web.upload import read_upload
from app.web.words import language_of, say, word
from cyclegan.contract.card import MODEL_NAME
from cyclegan.contract.directions import Direction
from cyclegan.contract.errors import CycleGANError, InputError
from cyclegan.contract.images import Picture, load_picture
from cyclegan.contract.saving import save_picture

STUDENTS = ("tiny", "small")
OF_PLAIN = ("shallow", *STUDENTS)  # those of a plain teacher, with whose layers one can begin


@dataclass(frozen=True)
class Maker:
    """What compares the checkpoints of a training, and makes models of them."""

    direction: gr.Radio
    own: gr.File
    compare: gr.Button
    compared: gr.HTML
    checkpoint: gr.Radio
    name: gr.Textbox
    as_int8: gr.Checkbox
    make: gr.Button
    student: gr.Radio
    minutes: gr.Number
    teach: gr.Button
    told: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        """What changes with the training that is chosen."""
        chosen = [self.direction, self.checkpoint, self.name, self.student]
        return [*chosen, self.compared, *self.buttons]

    @property
    def buttons(self) -> list[gr.Button]:
        """What needs a checkpoint."""
        return [self.compare, self.make, self.teach]


@dataclass(frozen=True)
class Offer:
    """What can be made of a training now."""

    directions: tuple[tuple[str, str], ...]  # label, value
    direction: Direction
    checkpoints: tuple[tuple[str, str], ...]  # label, value
    checkpoint: str | None  # the one that the command would take
    students: tuple[tuple[str, str], ...]  # label, value; the best first
    name: str  # of the model, unless told otherwise; "" for none
    is_over: bool  # else the training needs the machine, and changes its checkpoint


def lay_out_maker() -> Maker:
    """Lay out the components, for no training yet."""
    students = [(word(f"student.{size}"), size) for size in STUDENTS]
    with gr.Accordion(word("watch.export"), open=False, elem_id="export"):
        direction = gr.Radio([], label=word("watch.direction"))
        own = gr.File(label=word("watch.own"), height=140, elem_id="own")
        compare = gr.Button(
            word("watch.compare"), size="md", interactive=False, elem_id="compare-checkpoints"
        )
        compared = gr.HTML(html_template=_TEMPLATE, apply_default_css=False, elem_id="compared")
        checkpoint = gr.Radio([], label=word("watch.checkpoint"))
        name = gr.Textbox("", label=word("watch.name"), max_lines=1, max_length=100)
        as_int8 = gr.Checkbox(label=word("watch.int8"))
        make = gr.Button(word("watch.make"), variant="primary", size="md", interactive=False)
        with gr.Accordion(word("watch.smaller"), open=False):
            with gr.Row():
                student = gr.Radio(students, value="tiny", label=word("watch.student"))
                minutes = gr.Number(60, label=word("retrain.minutes"), minimum=0.1, maximum=10_000)
            teach = gr.Button(word("watch.teach"), size="md", interactive=False)
        told = gr.HTML(apply_default_css=False, elem_id="made")
    return Maker(
        *(direction, own, compare, compared, checkpoint, name, as_int8, make),
        *(student, minutes, teach, told),
    )


def find_offer(training: Training, direction: Any, language: str) -> Offer:
    """What can be made of a training in a direction, or in its first if it has no such."""
    learned = training.directions
    chosen = direction if direction in learned else learned[0]
    checkpoints = find_checkpoints(training, chosen)
    by_kid = [
        each.name
        for each in checkpoints
        if each.name == "best" and each.measured and "KID" in each.measured.figures
    ]
    sizes = OF_PLAIN if training.config.get("generator") == "plain" else STUDENTS
    return Offer(
        tuple((label, each) for each, label in ways(training, language).items() if each in learned),
        chosen,
        tuple((_label(each, language), each.name) for each in checkpoints),
        next(iter(by_kid), "latest") if checkpoints else None,
        tuple((say(language, f"student.{size}"), size) for size in sizes),
        training.model_name(chosen),
        not training.is_alive,
    )


def show_offer(maker: Maker, offer: Offer, before: Offer | None, direction: Any) -> Updates:
    """Let a person choose of an offer; unless it is of the same pictures, nothing is compared.

    `before` is what the page offers of the same training, and `direction` what is chosen there.
    """
    can_make = offer.is_over and bool(offer.checkpoints)
    is_same = before is not None and before.direction == offer.direction
    checkpoint = before.checkpoint if before and is_same else None
    updates: Updates = {
        maker.checkpoint: gr.Radio(
            choices=list(offer.checkpoints), **rechoose(offer.checkpoint, chosen=checkpoint)
        ),
        **{button: gr.Button(interactive=can_make) for button in maker.buttons},
    }
    if not is_same:
        updates |= {
            maker.direction: gr.Radio(
                choices=list(offer.directions), **rechoose(offer.direction, chosen=direction)
            ),
            maker.name: gr.Textbox(placeholder=offer.name),
            maker.compared: None,
        }
    if not before or before.students != offer.students:
        updates[maker.student] = gr.Radio(choices=list(offer.students), value=offer.students[0][1])
    return updates


def connect_maker(maker: Maker, chosen: gr.Dropdown, trainings: Trainings, store: Store) -> None:
    """Do what the buttons say with the training that is chosen."""

    def try_all(name: Any, direction: Any, own: Any, request: gr.Request) -> Iterator[Updates]:
        language, upload = language_of(request), read_upload(own)
        yield {maker.compared: {"wait": say(language, "watch.comparing")}, maker.told: ""}
        try:
            training = trainings.look(name or "")
            picture = load_picture(upload.path, name=upload.name) if upload else None
            comparison = compare(training, direction, picture)
        except CycleGANError as error:
            yield {maker.compared: None, maker.told: alert(error, trainings.root, language)}
        else:
            yield {maker.compared: _shown(comparison, language)}

    def make(
        name: Any, direction: Any, checkpoint: Any, model: Any, as_int8: Any, request: gr.Request
    ) -> Iterator[str]:
        language = language_of(request)
        try:
            found = choose_checkpoint(trainings.look(name or ""), direction, checkpoint)
            called = str(model or "").strip() or found.training.model_name(found.direction)
            _check_name(called, store, language)
            yield wait(say(language, "watch.making"))
            found.export(called, store.folder, as_int8=bool(as_int8))
        except CycleGANError as error:
            yield alert(error, trainings.root, language, models=store.folder)
        else:
            made = say(language, "watch.made", name=called)
            yield f'<p role="status">{escape(made)}</p>'

    def teach(
        name: Any,
        direction: Any,
        checkpoint: Any,
        student: Any,
        minutes: Any,
        request: gr.Request,
    ) -> Iterator[Updates]:
        language = language_of(request)
        yield {maker.told: wait(say(language, "watch.making"))}
        try:
            teacher = choose_checkpoint(trainings.look(name or ""), direction, checkpoint)
            started = trainings.start(teacher.teach(student, float(minutes or 60)))
        except CycleGANError as error:
            yield {maker.told: alert(error, trainings.root, language)}
        else:
            yield {
                maker.told: "",
                chosen: gr.Dropdown(choices=trainings.names(), value=started),
            }

    # Without preprocessing: a server that was started again knows no choices to check it against.
    maker.compare.click(
        try_all,
        [chosen, maker.direction, maker.own],
        [maker.compared, maker.told],
        preprocess=False,
        show_progress="hidden",
        api_visibility="private",
    )
    maker.make.click(
        make,
        [chosen, maker.direction, maker.checkpoint, maker.name, maker.as_int8],
        maker.told,
        preprocess=False,
        show_progress="hidden",
        api_visibility="private",
    )
    maker.teach.click(
        teach,
        [chosen, maker.direction, maker.checkpoint, maker.student, maker.minutes],
        [maker.told, chosen],
        preprocess=False,
        show_progress="hidden",
        api_visibility="private",
    )


def _check_name(name: str, store: Store, language: str) -> None:
    """Raises: InputError: it is no name for a model, or that of one that would be lost."""
    if not MODEL_NAME.fullmatch(name):
        raise InputError(say(language, "watch.no-name"))
    if name in {entry.name for entry in installed(store)}:
        raise InputError(say(language, "watch.taken", name=name))


def _label(checkpoint: Checkpoint, language: str) -> str:
    """What a checkpoint is called, with what was measured of it."""
    name = say(language, f"checkpoint.{checkpoint.name}")
    if checkpoint.measured is None:
        return name
    return f"{name} ({measured(checkpoint.measured, language)})"


def _shown(comparison: Comparison, language: str) -> dict[str, Any]:
    """The value of the component that shows a comparison."""
    folder = Path(tempfile.mkdtemp(dir=get_upload_folder()))
    columns = [comparison.pictures, *(each.translations for each in comparison.candidates)]
    return {
        "picture": say(language, "watch.picture"),
        "titles": [
            {
                "name": escape(_label(each.checkpoint, language)),
                "seen": say(language, "view.seen", images=each.images_seen),
            }
            for each in comparison.candidates
        ],
        "rows": [
            [
                _save(picture, folder / f"{place}-{column}.webp")
                for column, picture in enumerate(row)
            ]
            for place, row in enumerate(zip(*columns, strict=True))
        ],
    }


def _save(picture: Picture, path: Path) -> dict[str, Any]:
    save_picture(picture, path, quality=92)
    return FileData(path=str(path)).model_dump()


# With its words in the value: what a closed accordion is told loses properties such as `texts`.
_TEMPLATE = """
${!value ? "" : value.wait ? `<p class="under-way" role="status">${value.wait}</p>` : `
<table>
  <thead><tr>
    <th scope="col">${value.picture}</th>
    ${value.titles.map(each => `
    <th scope="col">${each.name}<small>${each.seen}</small></th>`).join("")}
  </tr></thead>
  <tbody>${value.rows.map(row => `
    <tr>${row.map((file, column) => `
      <td><img src="${file.url}" alt="${value.titles[column - 1]?.name ?? value.picture}"></td>`
    ).join("")}</tr>`).join("")}
  </tbody>
</table>`}"""
