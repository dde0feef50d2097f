"""Serving the page: the port, the guard around it, and the temporary files. No widgets.

Gradio's own `launch` is not used: it looks for another port when one is taken, gives up when the
machine needs more than five seconds to start, and asks itself over HTTP whether it runs.
"""

import errno
import logging
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import FrameType

import gradio as gr
import platformdirs
import uvicorn
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from gradio.routes import App
from starlette.routing import Mount

from app import heap
from app.api import add_api
from app.guard import Guard, is_loopback
from app.jobs.office import Office
from app.problems import answer_others
from app.store import Store
from app.tidy import own_folder, tidied
from app.web.models import installed
from app.web.page import NOTHING_MORE, Allowed, build
from app.web.theme import HEAD, STYLES, theme
from app.web.upload import take_uploads_only
from app.web.words import I18N, language_of, retell_refusal
from cyclegan import __version__
from cyclegan.contract.errors import InputError

# Of a zip; a 100 megapixel photo as PNG takes about 200 MB.
MAX_FILE_SIZE = "2gb"

_OPEN_FILES = 8192  # most systems start with 1024

log = logging.getLogger(__name__)


def launch(
    weights: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    auth: tuple[str, str] | None = None,
    insecure: bool = False,
    jobs: Path | None = None,
    allowed: Allowed = NOTHING_MORE,
    open_browser: bool = False,
) -> None:
    """Serve the models of a folder until interrupted; what is uploaded is gone afterwards.

    Args:
        weights: the folder of models.
        host, port: where to listen.
        auth: user and password that the page and the API ask for.
        insecure: listen without them where others can reach it.
        jobs: the folder of the jobs, which go on when it is served again; None: one that is of
            this user and port, so that two servers do not have the same.
        allowed: what visitors may do besides translating.
        open_browser: open the page there.

    Raises: InputError if the address cannot be listened on, or is open to others without `auth`;
    StorageError if the folder of jobs, or that of trainings, cannot be used; KeyboardInterrupt
    after a clean end by Ctrl-C.
    """
    if not (auth or insecure or is_loopback(host)):
        raise InputError(
            f"--host {host} lets other machines in; give --auth USER:PASSWORD, or --insecure if "
            "everyone who can reach this machine may use it"
        )
    if allowed.training_root and os.name != "posix":
        raise InputError("--allow-training works on Linux and macOS only; leave it out")
    _allow_open_files()
    heap.use_one()  # before there are threads: one that has its own keeps up to 64 MB there
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    url = _url(host, port)
    store = Store(weights)
    jobs = jobs or platformdirs.user_state_path("cyclegan") / f"jobs-{port}"
    with (
        listener,
        own_folder() as folder,
        Office(jobs, store) as office,
    ):
        os.environ["GRADIO_TEMP_DIR"] = str(folder)  # uploads and results, read by Gradio
        config = uvicorn.Config(
            application(store, office, auth=auth, only_local=is_loopback(host), allowed=allowed),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=3,  # seconds; open pages hold connections for ever
        )
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _exit)
        count = sum(entry.card is not None for entry in installed(store))
        models = f"{count} model{'s' * (count != 1)} of {weights}"
        folder_is = "" if weights.is_dir() else ", which does not exist yet,"
        log.info("serving %s%s on %s (Ctrl-C ends it)", models, folder_is, url)
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        with tidied(folder):
            uvicorn.Server(config).run(sockets=[listener])


def application(
    store: Store,
    office: Office,
    *,
    auth: tuple[str, str] | None = None,
    only_local: bool = True,
    allowed: Allowed = NOTHING_MORE,
) -> FastAPI:
    """The whole web application: the page at "/", the API beside it, and the guard around both.

    Args:
        store: the models.
        office: the jobs.
        auth: user and password that both ask for.
        only_local: it is served on this machine alone.
        allowed: what visitors may do besides translating.
    """
    app = FastAPIOffline(
        title="CycleGAN",
        version=__version__,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        static_url="/api/static",  # the page that describes the API needs no other host
    )
    add_api(app, store, office, lambda request, why: retell_refusal(language_of(request), why))
    take_uploads_only()
    page = build(store, office, allowed)
    page.state_session_capacity = 200  # sessions in memory; Gradio keeps 10,000
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=theme(),
        css_paths=STYLES,
        head=HEAD,
        i18n=I18N,
        auth=auth,
        max_file_size=MAX_FILE_SIZE,
        show_error=False,  # unexpected ones; those for people are shown all the same
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
    )
    apps = [route.app for route in mounted.routes if isinstance(route, Mount)]
    gradio = next(each for each in apps if isinstance(each, App))
    answer_others(gradio)
    is_signed_in = partial(_is_signed_in, gradio)
    mounted.add_middleware(Guard, auth=auth, is_signed_in=is_signed_in, only_local=only_local)
    return mounted


def _is_signed_in(page: App, cookies: Mapping[str, str]) -> bool:
    """Whether the cookies have a token that the page gave for the password."""
    return not page.tokens.keys().isdisjoint(cookies.values())


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        place = f"port {port} on {host}"
        if isinstance(error, UnicodeError | socket.gaierror):
            reason = f'"{host}" is not an address of this machine; use --host 127.0.0.1'
        elif error.errno == errno.EADDRINUSE:
            reason = f"{place} is in use; stop what listens there or choose another with --port"
        elif error.errno == errno.EACCES:
            reason = f"{place} needs rights that this user lacks; use --port with 1024 or more"
        else:
            reason = f"{place} cannot be listened on: {error.strerror or error}"
        raise InputError(reason) from error
    except OverflowError as error:
        raise InputError(f"port {port} does not exist; use one of 1 to 65535") from error


def _allow_open_files() -> None:
    """Let a request have a thousand files, each of which is open until all are there."""
    try:
        import resource  # lazy: Windows has none, and no such limit
    except ModuleNotFoundError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}/" if ":" in reachable else f"http://{reachable}:{port}/"


def _exit(signum: int, frame: FrameType | None) -> None:
    """Leave through the `finally`s, so that the temporary files go too."""
    sys.exit(128 + signum)
