"""What may reach the page and the API: who, from which page, how much. Pure ASGI, no widgets."""

import base64
import ipaddress
import secrets
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.refusal import BUG, RefusalError

MAX_BYTES = 400 * 2**20  # of a request: a 100 megapixel photo as PNG takes about 200 MB
MAX_JOB_BYTES = 2200 * 2**20  # of one with many pictures, which are counted again in app/jobs/
# Between two pieces of a request, as nginx waits: a laptop that fell asleep in the middle says no
# more, and would keep its place among those that wait for ever.
STALL_S = 60

# The page needs nothing from elsewhere; with this the browser refuses to fetch it, whatever a
# model's card or a new version of Gradio says. Gradio compiles templates, hence 'unsafe-eval'.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
        "frame-ancestors 'self'; form-action 'self'; base-uri 'self'; object-src 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# Gradio keeps videos outside the folder that is tidied, and hands them to ffmpeg if there is one.
_OF_NO_USE = "/gradio_api/process_recording"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_FOR_PROGRAMS = ("/api/", "/metrics")  # the page asks for the password itself
_OF_A_SCRIPT = "empty"  # what a browser says that `fetch` wants: no document and no picture
_MANY_PICTURES = ("/api/v1/jobs", "/gradio_api/upload")


class Guard:
    """Adds the security headers to every answer, and refuses what should not be answered.

    Args:
        app: what is guarded.
        auth: user and password that the API asks for (HTTP Basic); None: nobody is asked.
        is_signed_in: whether cookies are those of a visitor who gave them to the page, whose
            scripts ask the API about jobs.
        only_local: the server listens on this machine alone. Then a request for any other host
            comes from a page that made its own name point here.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        auth: tuple[str, str] | None = None,
        is_signed_in: Callable[[Mapping[str, str]], bool] = lambda cookies: False,
        only_local: bool = True,
    ) -> None:
        self._app = app
        self._auth = auth
        self._is_signed_in = is_signed_in
        self._only_local = only_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        refusal: RefusalError | None = None
        is_answered = False
        send = _with_headers(send)
        most, received, is_whole = max_bytes(scope["path"]), 0, False

        async def receive_some() -> Message:
            nonlocal refusal, received, is_whole
            try:
                # After the whole body comes only the word that the client is gone.
                with anyio.fail_after(None if is_whole else STALL_S):
                    message = await receive()
            except TimeoutError as error:
                refusal = RefusalError(
                    HTTPStatus.REQUEST_TIMEOUT,
                    f"nothing of the request came for {STALL_S} seconds; send it again",
                )
                raise refusal from error
            is_whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > most:  # a body may be larger than it says, or say nothing
                refusal = too_large(most)
                raise refusal
            return message

        async def answer(message: Message) -> None:
            nonlocal is_answered
            is_answered = is_answered or refusal is None
            if is_answered:  # else Gradio calls what is too large a bug of its own
                await send(message)

        try:
            self._check(scope)
            await self._app(scope, receive_some, answer)
        except RefusalError as error:
            refusal = error
        except ClientDisconnect:  # in the middle of what it sends
            return
        except Exception:
            if refusal is None:
                refusal = RefusalError(HTTPStatus.INTERNAL_SERVER_ERROR, BUG)
                raise  # the server logs it
        finally:
            if refusal and not is_answered:
                await refusal.to_response()(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        """Raise RefusalError where a request is not to be answered."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._only_local and not is_loopback(_name_in(host)):
            raise RefusalError(
                HTTPStatus.MISDIRECTED_REQUEST,
                f'this server answers on its own machine only, not as "{host}"; to let others in, '
                "start it with --host 0.0.0.0 --auth USER:PASSWORD",
            )
        if scope["method"] not in _READING and _is_foreign(headers, host):
            raise RefusalError(
                HTTPStatus.FORBIDDEN, "requests from pages of other sites are refused"
            )
        path = scope["path"]
        if path == _OF_NO_USE:
            raise RefusalError(HTTPStatus.NOT_FOUND, "there is nothing at this address")
        if self._auth and path.startswith(_FOR_PROGRAMS):
            self._require_password(HTTPConnection(scope))
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > (most := max_bytes(path)):
            raise too_large(most)

    def _require_password(self, asked: HTTPConnection) -> None:
        if self._is_signed_in(asked.cookies):
            return
        scheme, _, encoded = asked.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
        except ValueError:  # it is not base64, or not even ASCII
            given = b""
        wanted = ":".join(self._auth or ()).encode()
        if not secrets.compare_digest(given, wanted):
            # Told how, a browser would ask in a window of its own; the page has a form for it.
            is_page = asked.headers.get("sec-fetch-dest") == _OF_A_SCRIPT
            raise RefusalError(
                HTTPStatus.UNAUTHORIZED,
                "give the user and the password of this server (curl --user USER:PASSWORD)",
                **({} if is_page else {"WWW-Authenticate": 'Basic realm="cyclegan"'}),
            )


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine, and nothing that others can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def max_bytes(path: str) -> int:
    """How large a request to a path may be."""
    return MAX_JOB_BYTES if path in _MANY_PICTURES else MAX_BYTES


def too_large(most: int) -> RefusalError:
    """The answer to a body of more bytes than that."""
    return RefusalError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the request is too large, the limit is {most // 2**20} MiB",
    )


def _is_foreign(headers: Headers, host: str) -> bool:
    """Whether a browser says that a page of another site sends this; programs say nothing."""
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin")  # "http://127.0.0.1:7860", or "null"
    return origin is not None and origin.partition("://")[2] != host


def _name_in(host: str) -> str:
    """The name in a Host header, without its port; "" where there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # as "[::1"
        return ""


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
