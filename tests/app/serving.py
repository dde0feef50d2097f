"""The API as a client reaches it: behind its guard, with jobs that are done."""

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
