"""The tab for many photos: send them, see how far they are, take all results away at once.

What is done with them is in app/jobs/; folder.js shows a job, which it asks the API for. So a page
that is opened again, a second one, or one that outlived its server shows it as well.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from app.jobs.intake import Sent
from app.jobs.office import Office
from app.store import Store
from app.web.models import LOOK_EVERY_S, installed, without_folder
from app.web.options import lay_out_options, read_options
from app.web.updates import Updates, rechoose
from app.web.upload import read_upload
from app.web.words import language_of, retell_refusal, script, texts, word
from cyclegan.contract.errors import CycleGANError, on_one_line
from cyclegan.contract.formats import PICTURE_SUFFIXES

TAB = "folder-tab"  # its id

# A page that was opened with a job in its address is for that job.
_SHOW_TAB = f"""() => {{
  if (!new URLSearchParams(location.search).has('job')) return;
  document.querySelector('#{TAB}-button')?.click();
}}"""

# The pictures of a folder join those that were dropped, each with its folders in its name, which
# Gradio leaves out where a folder is uploaded.
_CHOOSE = f"""() => {{
  const ends = {sorted(PICTURE_SUFFIXES)};
  const chooser = document.createElement('input');
  Object.assign(chooser, {{ type: 'file', webkitdirectory: true }});
  chooser.onchange = () => {{
    const chosen = new DataTransfer();
    for (const file of chooser.files) {{
      const name = file.name.toLowerCase();
      if (name.startsWith('.') || !ends.some(end => name.endsWith(end))) continue;
      chosen.items.add(new File([file], file.webkitRelativePath || file.name));
    }}
    if (!chosen.files.length) return document.dispatchEvent(new Event('no-pictures'));
    const input = document.querySelector('#files input[type=file]');
    input.files = chosen.files;
    input.dispatchEvent(new Event('change', {{ bubbles: true }}));
  }};
  chooser.click();
}}"""

# What was sent leaves the field; what was added meanwhile stays.
_KEEP_THE_REST = """(job, files) => {
  const rest = (files ?? []).filter(file => !job?.sent?.includes(file.path));
  return [rest.length ? rest : null];
}"""

log = logging.getLogger(__name__)


def folder_tab(page: gr.Blocks, store: Store, office: Office) -> None:
    """Fill the tab; the models are looked up again and again while the page is open."""
    with gr.Row(elem_classes="desk"):
        with gr.Column():
            files = gr.File(
                label=word("folder.files"), file_count="multiple", height=240, elem_id="files"
            )
            choose = gr.Button(word("folder.choose"), elem_id="choose-folder")
            choices, first = _offer(store, None)
            model = gr.Dropdown(choices, value=first, label=word("folder.model"), filterable=False)
            options = lay_out_options(many=True)
            start = gr.Button(word("folder.start"), variant="primary", elem_id="start-all")
        with gr.Column(elem_classes="take"):
            job = gr.HTML(
                html_template='<div class="job-refusal"></div><div class="job"></div>',
                js_on_load=script(texts("job"), Path(__file__).with_name("folder.js")),
                apply_default_css=False,
                elem_id="job",
            )

    def send(payload: Any, name: Any, request: gr.Request, *values: Any) -> Updates:
        uploads = [each for each in payload or [] if read_upload(each)]
        if not uploads or not name:
            return {job: str(word("folder.no-model" if uploads else "folder.no-files"))}
        client = request.client.host if request.client else ""
        try:
            wanted = read_options(values)
            id = office.create(_read(uploads), str(name), wanted.recipe, wanted.format, client)
        except CycleGANError as error:
            log.info("refused %d files: %s", len(uploads), error)
            why = without_folder(str(error), store)
            return {job: {"refusal": retell_refusal(language_of(request), why)}}
        except Exception:  # a bug of ours is logged, and its visitor gets a sentence
            log.exception("sending %d files for %s", len(uploads), name)
            return {job: str(word("page.bug"))}
        return {job: {"id": id, "sent": [each["path"] for each in uploads]}}

    stamp = gr.State("")

    def look(chosen: Any, known: str) -> tuple[Any, str]:
        now = store.stamp()
        if now == known:
            return gr.skip(), known
        choices, value = _offer(store, chosen)
        return gr.update(choices=choices, **rechoose(value, chosen=chosen)), now

    choose.click(fn=None, js=_CHOOSE, api_visibility="private")
    # What was refused is another question once a person has changed the files.
    gr.on(
        [files.upload, files.delete, files.clear],
        fn=None,
        outputs=job,
        js="() => ['']",
        api_visibility="private",
    )
    sending = start.click(
        send,
        inputs=[files, model, *options.widgets()],
        outputs=job,
        preprocess=False,  # see read_upload
        show_progress="minimal",
        show_progress_on=start,
        api_visibility="private",
    )
    sending.success(
        fn=None, inputs=[job, files], outputs=files, js=_KEEP_THE_REST, api_visibility="private"
    )
    gr.on(
        [page.load, gr.Timer(LOOK_EVERY_S).tick],
        look,
        inputs=[model, stamp],
        outputs=[model, stamp],
        preprocess=False,  # what was chosen may not be among the choices any more
        show_progress="hidden",
        queue=False,
        api_visibility="private",
    )
    page.load(fn=None, js=_SHOW_TAB, api_visibility="private")


def _offer(store: Store, chosen: str | None) -> tuple[list[tuple[str, str]], str | None]:
    """The models to choose from, by title and name, and the one to choose."""
    cards = [entry.card for entry in installed(store) if entry.card]
    titles = [on_one_line(card.title) for card in cards]
    labels = [
        title if titles.count(title) == 1 else f"{title} ({card.name})"
        for title, card in zip(titles, cards, strict=True)
    ]
    value = chosen or next((card.name for card in cards), None)
    return [(label, card.name) for label, card in zip(labels, cards, strict=True)], value


def _read(payload: Sequence[Any]) -> Iterator[Sent]:
    """The files, each open as long as it is read, under the names that `_CHOOSE` gave them."""
    for each in payload:
        if upload := read_upload(each):
            with upload.path.open("rb") as content:
                yield Sent(str(each.get("orig_name") or upload.name), content)
