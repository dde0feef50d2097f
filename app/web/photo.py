"""The tab for one photo: give it, choose a model, see before and after, take the result away."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from html import escape
from typing import Any

import gradio as gr

from app.progress import Progress
from app.store import Store
from app.web.back import shown_back, translate_back, way_back
from app.web.compare import pair
from app.web.desk import Parts, lay_out
from app.web.models import without_folder
from app.web.options import read_options
from app.web.picker import follow
from app.web.run import Run, preview, run_model, set_region, write_file
from app.web.updates import Updates
from app.web.upload import read_upload
from app.web.words import language_of, retell_refusal, say, word
from cyclegan.contract.errors import CycleGANError, StoppedError

# On a narrow screen the result is below what was pressed, and so is the bar before it, which is
# brought into view where it does not end at once.
_INTO_VIEW = """?.scrollIntoView({
  behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth',
  block: 'nearest',
})"""
_SHOW_BAR = f"""() => {{
  setTimeout(() => document.querySelector(
    '.desk:has(#photo img) #result:has([data-testid=status-tracker]:not(.hide))'
  ){_INTO_VIEW}, 500);
}}"""
_SHOW_RESULT = f"""() => {{
  document.querySelector('#result:has(.compare, .refusal)'){_INTO_VIEW};
}}"""
_SHOW_BACK = f"""async () => {{
  const pictures = [...document.querySelectorAll('.there-and-back img')]; // of no height before
  await Promise.allSettled(pictures.map(each => each.decode()));
  document.querySelector('.there-and-back'){_INTO_VIEW};
}}"""

# A click made by hand may be over before the file is there, and the page has no link to it.
_TAKE = """file => {
  if (!file) return;
  const link = document.createElement('a');
  link.href = file.url;
  link.download = file.orig_name;
  link.click();
}"""

# What a visitor waits for, by its word.
_TRANSLATING, _WRITING, _GOING_BACK = "photo.translating", "photo.writing", "photo.going-back"

Handler = Callable[..., Updates]
_BAR = gr.Progress()  # a parameter of an event whose default is one is given one of its own

log = logging.getLogger(__name__)


def photo_tab(page: gr.Blocks, store: Store) -> None:
    """Fill the tab; the models are looked up again and again while the page is open."""
    desk = _Desk(lay_out(store), store)
    _connect_slow(page, desk)
    _connect_live(desk)
    follow(page, desk.parts.picker, store)


class _Desk:
    """What happens at the components of the tab."""

    def __init__(self, parts: Parts, store: Store) -> None:
        self.parts = parts
        self._store = store
        self._under_way: set[tuple[str | None, str, Progress]] = set()  # by visitor, and what
        self._wishes: dict[str | None, tuple[Any, ...]] = {}  # of visitors: see _wish
        self._options: dict[str | None, Any] = {}  # of those whose photo is translated, as of now

    def translate(
        self,
        event: gr.EventData,
        request: gr.Request,
        payload: Any,
        model: Any,
        last: Run | None,
        bar: gr.Progress = _BAR,
        *values: Any,
    ) -> Updates:
        """Show the network a photo that is new, or asked for again."""
        parts = self.parts
        pressed = event.target is not None and event.target._id == parts.start._id
        upload = read_upload(payload)
        if upload is None:
            return parts.clear(word("photo.none") if pressed else None)
        recipe = read_options(values).recipe
        # Gradio reports a picture that replaces another one for the second time.
        if last and last.is_of(upload, model, recipe.size) and not pressed:
            return {parts.run: gr.skip()}
        language = language_of(request)
        visitor = request.session_hash
        wish = _wish(model, payload, recipe.size)
        if self._wishes.get(visitor, wish) != wish:
            raise StoppedError("something else is wanted by now")
        self._stop(request, _GOING_BACK)  # from what is not shown any more then
        self._options[visitor] = values
        try:
            with self._watched(_TRANSLATING, request, bar) as progress:
                run = run_model(
                    self._store, upload, str(model or ""), recipe.size, progress, last, language
                )
        finally:
            values = self._options.pop(visitor, values)  # they may have changed meanwhile
        return {
            **parts.clear(),
            parts.note: run.note,
            parts.download: gr.Button(interactive=True),
            parts.back: gr.Button(interactive=way_back(self._store, run.card) is not None),
            parts.run: run,
            **self._show(run, values),
        }

    @contextmanager
    def _watched(self, doing: str, request: gr.Request, bar: gr.Progress) -> Iterator[Progress]:
        """Tell a visitor how far the block is, after a word of the page, and let them stop it."""
        tell = partial(bar, desc=say(language_of(request), doing))
        tell(0)
        progress = Progress(lambda done, total: tell(done / total))
        one = request.session_hash, doing, progress
        self._under_way.add(one)
        try:
            yield progress
        finally:
            self._under_way.remove(one)

    def _stop(self, request: gr.Request, *what: str) -> None:
        for visitor, doing, progress in tuple(self._under_way):
            if visitor == request.session_hash and doing in what:
                progress.stop()

    def make_way(self, request: gr.Request, model: Any, payload: Any, size: Any) -> None:
        """Stop translating what a visitor does not want any more, and remember what they want."""
        wish = _wish(model, payload, size)
        if self._wishes.get(request.session_hash, wish) != wish:
            self._stop(request, _TRANSLATING)
        self._wishes[request.session_hash] = wish

    def leave(self, request: gr.Request) -> None:
        """Stop all that a visitor waits for."""
        self._stop(request, _TRANSLATING, _WRITING, _GOING_BACK)
        self._wishes.pop(request.session_hash, None)

    def stop(
        self, request: gr.Request, run: Run | None, model: Any, payload: Any, size: Any
    ) -> Updates:
        """The same, and say so, and what it is that is still shown."""
        self.leave(request)
        language = language_of(request)
        told = [say(language, "photo.stopped")]
        if run is not None:
            upload = read_upload(payload)
            if not (upload and run.is_of(upload, model, size)):
                told[0] += " " + say(language, "photo.still", name=escape(run.upload.name))
            told.append(run.note)
        return self.parts.stopped("<br>".join(told))

    def refine(self, request: gr.Request, run: Run | None, *values: Any) -> Updates:
        """Show the result by other options, without the network."""
        if request.session_hash in self._options:
            self._options[request.session_hash] = values
        return self._show(run, values)

    def draw(
        self, event: gr.EventData, request: gr.Request, run: Run | None, *values: Any
    ) -> Updates:
        """The same, where a visitor drew."""
        if run is not None:
            set_region(run, str(event.region))
        return self._show(run, values)

    def _show(self, run: Run | None, values: Any) -> Updates:
        if run is None:
            return {self.parts.run: gr.skip()}
        return {self.parts.compare: pair(preview(run, read_options(values).recipe))}

    def write(
        self, request: gr.Request, run: Run, bar: gr.Progress = _BAR, *values: Any
    ) -> Updates:
        """Make the file to take away."""
        wanted = read_options(values)
        with self._watched(_WRITING, request, bar) as progress:
            file = write_file(run, wanted.recipe, wanted.format, progress)
        return {self.parts.note: run.note, self.parts.file: str(file)}

    def go_back(self, request: gr.Request, run: Run, bar: gr.Progress = _BAR) -> Updates:
        """Show what the way there and back loses."""
        with self._watched(_GOING_BACK, request, bar) as progress:
            back = translate_back(self._store, run, progress)
        return {self.parts.note: run.note, self.parts.there_and_back: shown_back(back)}

    def answering(self, handler: Handler, *, keeps: bool = False) -> Handler:
        """A handler that makes a sentence for the visitor of every error.

        Where it `keeps` the result, nothing is wrong with that, and it stays beside the sentence.
        """
        parts = self.parts

        def refuse(sentence: str) -> Updates:
            if keeps:
                return parts.stopped(f"<strong>{escape(sentence)}</strong>")
            return parts.clear(sentence)

        @wraps(handler)
        def answer(*inputs: Any) -> Updates:
            language = language_of(next(each for each in inputs if isinstance(each, gr.Request)))
            try:
                return handler(*inputs)
            except StoppedError:
                log.info("%s was stopped", handler.__name__)
                return {parts.file: None}
            except CycleGANError as error:
                log.info("refused to %s: %s", handler.__name__, error)
                return refuse(retell_refusal(language, without_folder(str(error), self._store)))
            except Exception:  # a bug of ours is logged, and its visitor gets a sentence
                log.exception("cannot %s", handler.__name__)
                return refuse(say(language, "page.bug"))

        return answer


def _wish(model: Any, payload: Any, size: Any) -> tuple[Any, ...]:
    """What tells a translation from others: Gradio may report the same one twice."""
    upload = read_upload(payload)
    return model, upload and upload.path, size


_QUIETLY: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def _inputs(parts: Parts) -> list[Any]:
    return [parts.run, *parts.options.widgets()]


def _connect_slow(page: gr.Blocks, desk: _Desk) -> None:
    """What says how far it is, and ends by Cancel or when its visitor leaves."""
    parts = desk.parts
    slow: dict[str, Any] = {
        "outputs": parts.outputs(),
        "show_progress_on": parts.compare,
        "api_visibility": "private",
    }
    asked = [parts.photo.change, parts.picker.input, parts.start.click, parts.options.size.input]
    wish = [parts.picker, parts.photo, parts.options.size]
    # Gradio asks for what happens at an event one after another, so these come first; while one
    # translation is under way or in the queue, the next waits in the page for its end.
    gr.on(asked, fn=None, js=_SHOW_BAR, trigger_mode="multiple", api_visibility="private")
    gr.on(
        asked,
        desk.make_way,
        inputs=wish,
        preprocess=False,
        trigger_mode="multiple",
        queue=False,
        **_QUIETLY,
    )
    translation = gr.on(
        asked,
        desk.answering(desk.translate),
        inputs=[parts.photo, parts.picker, *_inputs(parts)],
        preprocess=False,  # see read_upload
        trigger_mode="always_last",
        **slow,
    )
    writing = parts.download.click(
        desk.answering(desk.write, keeps=True),
        inputs=_inputs(parts),
        preprocess=False,  # read_options mends what is out of range
        **slow,
    )
    going_back = parts.back.click(
        desk.answering(desk.go_back, keeps=True), inputs=parts.run, **slow
    )
    translation.success(fn=None, js=_SHOW_RESULT, api_visibility="private")
    writing.success(fn=None, inputs=parts.file, js=_TAKE, api_visibility="private")
    going_back.success(fn=None, js=_SHOW_BACK, api_visibility="private")
    parts.cancel.click(
        desk.stop,
        inputs=[parts.run, *wish],
        preprocess=False,
        # Were `compare` among them, Gradio could lose count of what that waits for: the ring stays.
        outputs=[parts.note, parts.file],
        # Takes them out of the queue, and does not wait for their end.
        cancels=[translation, writing, going_back],
        queue=False,
        **_QUIETLY,
    )
    page.unload(desk.leave)  # nobody waits for it any more


def _connect_live(desk: _Desk) -> None:
    parts, options = desk.parts, desk.parts.options
    latest: dict[str, Any] = {
        "inputs": _inputs(parts),
        "outputs": parts.outputs(),
        "preprocess": False,  # as in writing
        "trigger_mode": "always_last",
        **_QUIETLY,
    }
    live = [options.strength.input, options.keep_colors.input, options.detail.input]
    gr.on(live, desk.answering(desk.refine), **latest)
    parts.compare.draw(desk.answering(desk.draw), **latest)
