"""The queue in which visitors of the page wait for their turn: Gradio's, with a bound for each."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import gradio as gr
from fastapi import HTTPException, Request

from app.web.words import language_of, retell_refusal

WAITING = 64  # events that may wait for their turn; more are told to come again
OF_CLIENT = 32  # of these, from one address: nobody takes all places


def open_queue(page: gr.Blocks) -> None:
    """Give the page its queue."""
    page.queue(max_size=WAITING, api_open=False, default_concurrency_limit=1)
    queue = page._queue
    push = queue.push

    async def push_some(body: Any, request: Request, username: str | None) -> Any:
        if list(_whose(queue)).count(_client(request)) >= OF_CLIENT:
            why = f"{OF_CLIENT} of your requests are waiting already; try again later"
            said = retell_refusal(language_of(request), why)
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, said, {"Retry-After": "5"})
        return await push(body, request, username)

    queue.push = push_some  # type: ignore[method-assign]


def _whose(queue: Any) -> Iterator[str]:
    """The clients of the events that wait."""
    for events in queue.event_queue_per_concurrency_id.values():
        yield from (_client(event.request) for event in events.queue)


def _client(request: Request) -> str:
    return request.client.host if request.client else ""
