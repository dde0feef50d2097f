"""The tab for one photo: give it, choose a model, see before and after, take the result away."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from app.progress import Progress
from app.store import Store
from app.web.back import shown_back, translate_back, way_back
from app.web.compare import pair
from app.web.desk import Parts, Updates, lay_out
from app.web.models import without_folder
from app.web.options import read_options
from app.web.picker import follow
from app.web.run import Run, preview, run_model, set_region, write_file
from app.web.upload import read_upload
from app.web.words import language_of, say, word
from cyclegan.contract.errors import CycleGANError, PictureError, StoppedError

# On a narrow screen the result is below what was pressed.
_SHOW_RESULT = """() => {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (document.querySelector('#result :is(.compare, .refusal)')) document.querySelector('#result')
    .scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'nearest' });
}"""

# A click made by hand may be over before the file is there, and the page has no link to it.
_TAKE = """file => {
  if (!file) return;
  const link = document.createElement('a');
  link.href = file.url;
  link.download = file.orig_name;
  link.click();
}"""

Handler = Callable[..., Updates]
_BAR = gr.Progress()  # a parameter of an event whose default is one is given one of its own

log = logging.getLogger(__name__)


def photo_tab(page: gr.Blocks, store: Store) -> None:
    """Fill the tab; the models are looked up again and again while the page is open."""
    parts = lay_out(store)
    answering = _answering(parts, store)
    under_way: dict[str | None, Progress] = {}  # of each visitor

    @answering
    def translate(
        event: gr.EventData,
        request: gr.Request,
        payload: Any,
        model: Any,
        last: Run | None,
        bar: gr.Progress = _BAR,
        *values: Any,
    ) -> Updates:
        pressed = event.target is not None and event.target._id == parts.start._id
        upload = read_upload(payload)
        if upload is None and pressed:
            return parts.clear(word("photo.none"))
        if upload is None and last:  # the visitor took it away
            return parts.clear()
        recipe = read_options(values).recipe
        is_known = last and upload and last.is_of(upload, model, recipe.size)
        # A refusal took it away and must stay; or Gradio reports a picture that replaces another
        # one for the second time.
        if upload is None or (is_known and not pressed):
            return {parts.run: gr.skip()}
        language = language_of(request)
        doing = say(language, "photo.translating")
        progress = Progress(lambda done, total: bar(done / total, desc=doing))
        under_way[request.session_hash] = progress
        try:
            run = run_model(store, upload, str(model or ""), recipe.size, progress, last, language)
        finally:
            if under_way.get(request.session_hash) is progress:
                del under_way[request.session_hash]
        return {
            **parts.clear(),
            parts.note: run.note,
            parts.download: gr.Button(interactive=True),
            parts.back: gr.Button(interactive=way_back(store, run.model) is not None),
            parts.run: run,
            **refine(run, *values),
        }

    @answering
    def refine(run: Run | None, *values: Any) -> Updates:
        if run is None:
            return {parts.run: gr.skip()}
        return {parts.compare: pair(preview(store, run, read_options(values).recipe))}

    @answering
    def draw(event: gr.EventData, run: Run | None, *values: Any) -> Updates:
        if run is not None:
            set_region(run, str(event.region))
        return refine(run, *values)

    @answering
    def write(run: Run, *values: Any) -> Updates:
        wanted = read_options(values)
        file = write_file(store, run, wanted.recipe, wanted.format)
        return {parts.file: str(file), parts.download: gr.Button(word("photo.download"))}

    @answering
    def go_back(run: Run) -> Updates:
        back = shown_back(translate_back(store, run))
        return {parts.there_and_back: back, parts.back: gr.Button(word("photo.back"))}

    def leave(request: gr.Request) -> None:
        if progress := under_way.get(request.session_hash):
            progress.stop()

    def stop(request: gr.Request) -> Updates:
        leave(request)
        return parts.clear() | {parts.note: str(word("photo.stopped"))}

    options = parts.options
    inputs = [parts.run, *options.widgets()]
    quietly: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    translation = gr.on(
        [parts.photo.change, parts.picker.input, parts.start.click, options.size.input],
        translate,
        inputs=[parts.photo, parts.picker, *inputs],
        outputs=parts.outputs(),
        preprocess=False,  # see read_upload
        show_progress_on=parts.compare,
        trigger_mode="always_last",
        api_visibility="private",
    )
    translation.success(fn=None, js=_SHOW_RESULT, api_visibility="private")
    parts.cancel.click(
        stop,
        outputs=parts.outputs(),
        cancels=translation,  # takes it out of the queue, and does not wait for its end
        queue=False,
        **quietly,
    )
    live = [options.strength.input, options.keep_colors.input, options.detail.input]
    latest: dict[str, Any] = {"outputs": parts.outputs(), "trigger_mode": "always_last", **quietly}
    gr.on(live, refine, inputs=inputs, **latest)
    parts.compare.draw(draw, inputs=inputs, **latest)
    slow: dict[str, Any] = {"outputs": parts.outputs(), **quietly}
    parts.download.click(
        lambda: gr.Button(word("photo.writing")), outputs=parts.download, queue=False, **quietly
    ).then(write, inputs=inputs, **slow).success(
        fn=None, inputs=parts.file, js=_TAKE, api_visibility="private"
    )
    parts.back.click(
        lambda: gr.Button(word("photo.going-back")), outputs=parts.back, queue=False, **quietly
    ).then(go_back, inputs=parts.run, **slow)
    page.unload(leave)  # nobody waits for it any more
    follow(page, parts.picker, store)


def _answering(parts: Parts, store: Store) -> Callable[[Handler], Handler]:
    """What makes a sentence for the visitor of every error that an event raises."""

    def wrap(handler: Handler) -> Handler:
        @wraps(handler)
        def answer(*inputs: Any) -> Updates:
            try:
                return handler(*inputs)
            except StoppedError:
                log.info("%s was stopped", handler.__name__)
                return parts.clear() | {parts.note: str(word("photo.stopped"))}
            except CycleGANError as error:
                log.info("refused to %s: %s", handler.__name__, error)
                emptied: Updates = {parts.photo: None} if isinstance(error, PictureError) else {}
                return parts.clear(without_folder(str(error), store)) | emptied
            except Exception:  # a bug of ours is logged, and its visitor gets a sentence
                log.exception("cannot %s", handler.__name__)
                return parts.clear(word("photo.bug"))

        return answer

    return wrap
