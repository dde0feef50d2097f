import json
import signal
import socket
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cyclegan.contract.errors import InputError

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
    with pytest.raises(InputError, match=r"^port 0 on 192\.0\.2\.1 cannot be listened on"):
        launch(weights_dir, host="192.0.2.1", port=0, insecure=True)  # TEST-NET-1, never ours


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_others_are_let_in_only_where_this_is_said(weights_dir: Path, host: str) -> None:
    with pytest.raises(InputError, match=r"lets other machines in; give --auth .* or --insecure"):
        launch(weights_dir, host=host, port=0)


def test_server_fetches_no_address_and_lets_the_page_fetch_none(
    serve: Callable[..., Any], weights_dir: Path
) -> None:
    server = serve(weights_dir)
    with urllib.request.urlopen(server.url) as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self' ")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer = translate(server.url, {"path": "http://example.com/horse.png"})
    assert "Pictures are uploaded" in answer
    for path in (EXAMPLES / "cat.jpg", EXAMPLES / ".." / "examples" / "cat.jpg"):
        answer = translate(server.url, {"path": str(path)})
        assert "Pictures are uploaded, not named." in answer
        assert "Photo to negative" not in answer
    assert server.asked_network_for() == []


def test_uploads_are_gone_when_the_server_is(
    serve: Callable[..., Any], weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    server = serve(weights_dir)
    (folder,) = tmp_path.glob("cyclegan-*")
    server.end(signal.SIGTERM)
    assert not folder.exists()


def translate(url: str, photo: dict[str, str]) -> str:
    """What the server streams back when a client asks for a translation on its own."""
    with urllib.request.urlopen(f"{url}config") as answer:
        config = json.load(answer)
    components = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
    (run,) = [
        dependency
        for dependency in config["dependencies"]
        if [components[i] for i in dependency["inputs"]][:2] == ["photo", "picker"]
    ]
    options = (100, False, "auto", True, "png", 95, "all", False)
    session = uuid.uuid4().hex
    body = {
        "data": [photo | {"meta": {"_type": "gradio.FileData"}}, "negate", None, *options],
        "fn_index": run["id"],
        "session_hash": session,
    }
    request = urllib.request.Request(
        f"{url}gradio_api/queue/join",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()
    with urllib.request.urlopen(f"{url}gradio_api/queue/data?session_hash={session}") as answer:
        return str(answer.read().decode())
