"""What may reach the API: from which pages, by which name, with which password, how much."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import anyio
import pytest

pytest.importorskip("fastapi", reason="the API needs FastAPI (extra: web)")

from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from app import guard
from tests.app.jobs.sending import picture
from tests.app.serving import CONVERT, problem, serve


@pytest.fixture
def client(weights_dir: Path) -> Iterator[TestClient]:
    with serve(weights_dir) as client:
        yield client


async def take_all(scope: Scope, receive: Receive, send: Send) -> None:
    await Request(scope, receive).body()


def test_a_body_that_is_too_large_is_refused_whatever_it_says(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_BYTES", 1000)

    def pieces() -> Iterator[bytes]:
        yield from (b"x" * 400 for _ in range(3))  # chunked: no length is said

    for content in (b"x" * 1001, pieces()):
        answer = client.post(CONVERT, content=content)
        assert "too large" in problem(answer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    page = Starlette(routes=[Route("/", ServerErrorMiddleware(take_all))])  # as Gradio's
    inner = TestClient(guard.Guard(page), client.base_url)
    answer = inner.post("/", content=pieces())
    assert "too large" in problem(answer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def test_a_body_that_stops_coming_is_refused_and_a_whole_one_may_be_answered_slowly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "STALL_S", 0.1)

    async def answer_late(scope: Scope, receive: Receive, send: Send) -> None:
        await take_all(scope, receive, send)
        with anyio.move_on_after(0.3):  # as answers that come piece by piece
            await receive()
        await PlainTextResponse("late")(scope, receive, send)

    async def ask(*parts: tuple[bytes, bool]) -> list[Message]:
        coming = [{"type": "http.request", "body": body, "more_body": more} for body, more in parts]
        sent: list[Message] = []

        async def receive() -> Message:
            return coming.pop(0) if coming else await anyio.sleep_forever()

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(b"host", b"127.0.0.1")]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        await guard.Guard(answer_late)(scope, receive, send)
        return sent

    start, body = anyio.run(ask, (b"a", True), (b"b", True))
    assert start["status"] == HTTPStatus.REQUEST_TIMEOUT
    assert b"nothing of the request came for 0.1 seconds" in body["body"]
    start, body = anyio.run(ask, (b"a", True), (b"b", False))
    assert (start["status"], body["body"]) == (HTTPStatus.OK, b"late")


def test_pages_of_other_sites_may_not_send_pictures(client: TestClient) -> None:
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://[::1"},
    ):
        answer = client.post(CONVERT, content=picture(), headers=headers)
        assert "pages of other sites" in problem(answer, HTTPStatus.FORBIDDEN)
    ours = {"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"}
    assert client.post(CONVERT, content=picture(), headers=ours).status_code == HTTPStatus.OK


def test_a_name_that_was_pointed_here_is_not_answered(weights_dir: Path) -> None:
    with serve(weights_dir) as client:
        for host in ("evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "[::1"):
            answer = client.get("/healthz", headers={"host": host})
            detail = problem(answer, HTTPStatus.MISDIRECTED_REQUEST)
            assert detail.startswith("this server answers on its own machine only, not as")
            assert detail.endswith("start it with --host 0.0.0.0 --auth USER:PASSWORD")
        for host in ("localhost:7860", "127.0.0.1", "[::1]:7860"):
            assert client.get("/healthz", headers={"host": host}).status_code == HTTPStatus.OK
    with serve(weights_dir, only_local=False) as client:
        assert client.get("/healthz", headers={"host": "studio.example"}).json()["status"] == "ok"


def test_the_api_asks_for_the_password_and_health_does_not(weights_dir: Path) -> None:
    with serve(weights_dir, auth=("zoë", "s:cret")) as client:
        for path in ("/api/v1/models", "/metrics", "/api/docs"):
            for wrong in (None, ("zoë", "s"), ("", "")):
                answer = client.get(path, auth=wrong)
                assert "--user" in problem(answer, HTTPStatus.UNAUTHORIZED)
                assert answer.headers["www-authenticate"].startswith("Basic ")
        for nonsense in (b"Basic ?", b"Basic \xe9"):
            answer = client.get("/api/v1/models", headers={"authorization": nonsense})
            problem(answer, HTTPStatus.UNAUTHORIZED)
        right = {"authorization": "Basic em/DqzpzOmNyZXQ="}  # zoë:s:cret in UTF-8
        assert client.get("/api/v1/models", headers=right).status_code == HTTPStatus.OK
        assert client.get("/healthz").status_code == HTTPStatus.OK


def test_answers_carry_the_security_headers_refusals_too(client: TestClient) -> None:
    for answer in (client.get("/healthz"), client.get("/healthz", headers={"host": "x.example"})):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
