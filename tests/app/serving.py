"""The API as a client reaches it, behind its guard, with jobs that are done; and the page as a
program reaches it.
"""

import json
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.api import add_api
from app.guard import Guard
from app.jobs.limits import Limits
from app.jobs.office import Office
from app.store import Store

CONVERT = "/api/v1/convert"


@contextmanager
def serve(weights: Path, limits: Limits | None = None, **guarded: Any) -> Iterator[TestClient]:
    """A client of a server on the models of a folder; its jobs are in `jobs` beside it."""
    app = FastAPI()
    app.add_middleware(Guard, **guarded)
    store = Store(weights)
    with Office(weights.parent / "jobs", store, limits) as office:
        add_api(app, store, office)
        with TestClient(app, "http://127.0.0.1:7860") as client:
            yield client


def problem(answer: Any, status: HTTPStatus) -> str:
    """What a refusal says."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["title"]) == (status.value, status.phrase)
    return str(body["detail"])


def press(url: str, *parts: str, values: tuple[Any, ...]) -> str:
    """What the page's server streams back when a program sends an event on its own: the one whose
    inputs begin with these parts of the page.
    """
    with urllib.request.urlopen(f"{url}config") as answer:
        config = json.load(answer)
    names = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
    (event,) = [
        dependency
        for dependency in config["dependencies"]
        if [names[i] for i in dependency["inputs"]][: len(parts)] == list(parts)
    ]
    session = uuid.uuid4().hex
    body = {"data": values, "fn_index": event["id"], "session_hash": session}
    request = urllib.request.Request(
        f"{url}gradio_api/queue/join",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()
    with urllib.request.urlopen(f"{url}gradio_api/queue/data?session_hash={session}") as answer:
        return str(answer.read().decode())


def sent(path: Path | str) -> dict[str, Any]:
    """A file as the page names one that was uploaded."""
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}
