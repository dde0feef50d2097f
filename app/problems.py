"""What goes wrong over HTTP becomes problem details, with the status that programs go by.

What such an answer looks like is in refusal.py.
"""

from collections.abc import Mapping, Sequence
from http import HTTPMethod, HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from app.jobs.limits import BusyError, TooLargeError, UnfinishedJobError, UnknownJobError
from app.public import without_paths
from app.refusal import BUG, RefusalError
from cyclegan.contract.errors import (
    CardError,
    CycleGANError,
    InputError,
    ModelError,
    PictureError,
    StorageError,
)

# The first one that fits counts.
_STATUSES: dict[type[CycleGANError], HTTPStatus] = {
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    BusyError: HTTPStatus.TOO_MANY_REQUESTS,
    UnknownJobError: HTTPStatus.NOT_FOUND,
    UnfinishedJobError: HTTPStatus.CONFLICT,
    PictureError: HTTPStatus.UNPROCESSABLE_ENTITY,
    CardError: HTTPStatus.SERVICE_UNAVAILABLE,
    ModelError: HTTPStatus.NOT_FOUND,
    InputError: HTTPStatus.BAD_REQUEST,
    StorageError: HTTPStatus.INSUFFICIENT_STORAGE,
}
# Of what others refuse without one.
_SENTENCES = {
    HTTPStatus.NOT_FOUND: "there is nothing at this address; /api/docs says what there is",
    HTTPStatus.UNAUTHORIZED: "sign in first: POST username and password to /login, and keep its "
    "cookie",
}


def answer_problems(app: FastAPI, called: Mapping[Path, str]) -> None:
    """Turn what goes wrong in an application's routes into problems.

    `called` says what folders are called in them, see `without_paths`.
    """

    async def answer_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, CycleGANError)
        return refusal_of(error, called).to_response()

    app.add_exception_handler(CycleGANError, answer_error)
    app.add_exception_handler(RefusalError, _answer_refusal)
    answer_others(app)


def answer_others(app: FastAPI) -> None:
    """Turn what routes of others refuse, as those of Gradio, into problems, and their bugs too."""
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(Exception, _answer_bug)


class Other:
    """Answers where nothing is at an address, or nothing that is asked in this way.

    An application, not a function, which would be asked in known ways only.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        """Raise RefusalError."""
        allowed = ", ".join(
            method
            for method in HTTPMethod
            if any(
                each.matches({**scope, "method": method})[0] is Match.FULL for each in self._routes
            )
        )
        if not allowed:
            raise RefusalError(HTTPStatus.NOT_FOUND, _SENTENCES[HTTPStatus.NOT_FOUND])
        raise _refuse_method(scope["method"], allowed)


def refusal_of(error: CycleGANError, called: Mapping[Path, str]) -> RefusalError:
    """What a client is told: what of it is wrong, or what the server lacks."""
    statuses = (status for kind, status in _STATUSES.items() if isinstance(error, kind))
    status = next(statuses, HTTPStatus.INTERNAL_SERVER_ERROR)
    return RefusalError(status, without_paths(str(error), called))


def _refuse_method(method: str, allowed: str) -> RefusalError:
    return RefusalError(
        HTTPStatus.METHOD_NOT_ALLOWED,
        f"this address takes {allowed}, not {method}; /api/docs says more",
        Allow=allowed,
    )


async def _answer_refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)
    return error.to_response()


async def _answer_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # A place is ("query", "size"), or ("query", "size", "int") where there are several types.
    said = "; ".join(f"{each['loc'][:2][-1]}: {each['msg']}" for each in error.errors())
    return RefusalError(HTTPStatus.BAD_REQUEST, said).to_response()


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status, headers = HTTPStatus(error.status_code), error.headers or {}
    detail: Any = error.detail
    if status is HTTPStatus.METHOD_NOT_ALLOWED and "Allow" in headers:
        return _refuse_method(request.method, headers["Allow"]).to_response()
    if not isinstance(detail, str) or detail == status.phrase:
        detail = _SENTENCES.get(status, status.phrase)
    return RefusalError(status, detail, **headers).to_response()


async def _answer_bug(_request: Request, _error: Exception) -> Response:
    return RefusalError(HTTPStatus.INTERNAL_SERVER_ERROR, BUG).to_response()
