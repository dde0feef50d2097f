import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.refusal import BUG
from cyclegan.contract.errors import InputError
from tests.app.serving import press, problem, sent

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

from app.web import launch
from app.web.desk import EXAMPLES


def test_port_in_use_is_one_sentence(weights_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"^port {port} on 127.0.0.1 is in use; .*--port"):
            launch(weights_dir, port=port)


def test_address_of_another_machine_is_one_sentence(weights_dir: Path) -> None:
    with pytest.raises(InputError, match=r"--host"):
        launch(weights_dir, host="not an address", port=0)
    with pytest.raises(InputError, match=r'^"my\.\.host" is not an address of this machine'):
        launch(weights_dir, host="my..host", port=0, insecure=True)  # which is no name at all
    with pytest.raises(InputError, match=r"^port 0 on 192\.0\.2\.1 cannot be listened on"):
        launch(weights_dir, host="192.0.2.1", port=0, insecure=True)  # TEST-NET-1, never ours


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_others_are_let_in_only_where_this_is_said(weights_dir: Path, host: str) -> None:
    with pytest.raises(InputError, match=r"lets other machines in; give --auth .* or --insecure"):
        launch(weights_dir, host=host, port=0)


def test_who_names_a_folder_that_is_not_there_is_told(
    serve: Callable[..., Any], weights_dir: Path
) -> None:
    told = serve(weights_dir).log.read_text()
    assert f"serving 1 model of {weights_dir} on http://" in told
    missing = weights_dir / "missing"
    told = serve(missing).log.read_text()
    assert f"serving 0 models of {missing}, which does not exist yet, on http://" in told


def test_server_fetches_no_address_and_lets_the_page_fetch_none(
    serve: Callable[..., Any], weights_dir: Path
) -> None:
    server = serve(weights_dir)
    with urllib.request.urlopen(server.url) as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self' ")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    options = (100, False, "auto", "auto", "png", 95, "all", False)
    cat = EXAMPLES / "cat.jpg"
    for path in ("http://example.com/horse.png", cat, EXAMPLES / ".." / "examples" / "cat.jpg"):
        values = (sent(path), "negate", None, *options)
        answer = press(server.url, "photo", "picker", values=values)
        assert "Pictures are uploaded, not " in answer
        assert "Photo to negative" not in answer
        for file in ({"path": str(path)}, {"path": str(path), "meta": {"_type": "no file"}}):
            answer = press(server.url, "photo", "picker", values=(file, "negate", None, *options))
            assert '"success":true' in answer
            assert "Photo to negative" not in answer
    assert server.asked_network_for() == []


def test_no_video_of_a_visitor_is_taken(serve: Callable[..., Any], weights_dir: Path) -> None:
    request = urllib.request.Request(
        f"{serve(weights_dir).url}gradio_api/process_recording",
        b'--x\r\nContent-Disposition: form-data; name="video"; filename="a"\r\n\r\na\r\n--x--\r\n',
        {"Content-Type": "multipart/form-data; boundary=x"},
    )
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(request)


def test_what_the_page_refuses_programs_is_a_problem_too(
    serve: Callable[..., Any], weights_dir: Path
) -> None:
    auth = ("zoë", "s:cret")
    server = serve(weights_dir, "--auth", ":".join(auth))
    with httpx.Client(base_url=server.url, auth=auth) as client:
        for method, path in (("GET", "/healthz/"), ("GET", "/api"), ("FOO", "/api/v1")):
            answer = client.request(method, path)
            assert "nothing at this address" in problem(answer, HTTPStatus.NOT_FOUND)
        for path in ("/api/docs", "/api/openapi.json"):
            answer = client.post(path)
            assert "takes GET, HEAD, not POST" in problem(answer, HTTPStatus.METHOD_NOT_ALLOWED)
            assert client.head(path).status_code == HTTPStatus.OK
        told = problem(client.get("/config"), HTTPStatus.UNAUTHORIZED)
        assert told == "sign in first: POST username and password to /login, and keep its cookie"
        client.post("/login", data=dict(zip(("username", "password"), auth, strict=True)))
        problem(client.get("/gradio_api/nothing"), HTTPStatus.NOT_FOUND)
        answer = client.put("/config")
        assert "takes GET, not PUT" in problem(answer, HTTPStatus.METHOD_NOT_ALLOWED)
        answer = client.post("/gradio_api/cancel", json={"session_hash": "x", "fn_index": 0})
        assert problem(answer, HTTPStatus.BAD_REQUEST) == "event_id: Field required"
        answer = client.post("/gradio_api/upload", content=b"x")
        assert problem(answer, HTTPStatus.BAD_REQUEST) == "Invalid content type."
        answer = client.post("/gradio_api/upload", files={"files": (None, "no file")})
        assert problem(answer, HTTPStatus.INTERNAL_SERVER_ERROR) == BUG


def test_uploads_are_gone_when_the_server_is(
    serve: Callable[..., Any], weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    killed, server = serve(weights_dir), serve(weights_dir)
    killed.end(signal.SIGKILL)
    before = set(tmp_path.glob("cyclegan-*"))
    last = serve(weights_dir)
    after = set(tmp_path.glob("cyclegan-*"))
    assert [len(before), len(after), len(before & after)] == [2, 2, 1]  # and not of one that lives
    for each in (server, last):
        each.end(signal.SIGTERM)
    assert not list(tmp_path.glob("cyclegan-*"))
