"""Who waits in the queue of the page."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from tests.app.serving import problem

# Two may wait of a client, and all do.
_NOBODY_IS_SERVED = """
from app.web import crowd
from gradio.queueing import Queue
async def rest(queue): pass
crowd.OF_CLIENT, Queue.start_processing = 2, rest
"""


def test_nobody_takes_the_places_of_others(serve: Callable[..., Any], weights_dir: Path) -> None:
    server = serve(weights_dir, first=_NOBODY_IS_SERVED)

    def join(address: str, language: str = "en") -> httpx.Response:
        headers = {"Accept-Language": language}
        transport = httpx.HTTPTransport(local_address=address)
        with httpx.Client(base_url=server.url, headers=headers, transport=transport) as client:
            events = client.get("/config").json()["dependencies"]
            (number,) = (each["id"] for each in events if each["api_name"] == "convert")
            asked = {"data": [], "fn_index": number, "session_hash": "any"}
            return client.post("/gradio_api/queue/join", json=asked)

    for _ in range(2):
        assert join("127.0.0.1").status_code == HTTPStatus.OK
    refused = join("127.0.0.1")
    told = problem(refused, HTTPStatus.TOO_MANY_REQUESTS)
    assert told == "2 of your requests are waiting already; try again later"
    assert refused.headers["retry-after"] == "5"
    assert "isteğiniz" in problem(join("127.0.0.1", "tr"), HTTPStatus.TOO_MANY_REQUESTS)
    assert join("127.0.0.2").status_code == HTTPStatus.OK
