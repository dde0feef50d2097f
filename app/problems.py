"""What goes wrong in app/api.py becomes problem details, with the status that programs go by.

What such an answer looks like is in refusal.py.
"""

from collections.abc import Mapping, Sequence
from http import HTTPMethod, HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.routing import BaseRoute, Match

from app.jobs.limits import BusyError, TooLargeError, UnfinishedJobError, UnknownJobError
from app.public import without_paths
from app.refusal import RefusalError
from cyclegan.contract.errors import (
    CardError,
    CycleGANError,
    InputError,
    ModelError,
    PictureError,
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
    app.add_exception_handler(RequestValidationError, _answer_invalid)


def refuse_other(request: Request, routes: Sequence[BaseRoute]) -> RefusalError:
    """What to answer where nothing is at an address, or nothing that is asked in this way."""
    allowed = ", ".join(
        method
        for method in HTTPMethod
        if any(
            each.matches({**request.scope, "method": method})[0] is Match.FULL for each in routes
        )
    )
    if not allowed:
        return RefusalError(
            HTTPStatus.NOT_FOUND, "there is nothing at this address; /api/docs says what there is"
        )
    return RefusalError(
        HTTPStatus.METHOD_NOT_ALLOWED,
        f"this address takes {allowed}, not {request.method}; /api/docs says more",
        Allow=allowed,
    )


def refusal_of(error: CycleGANError, called: Mapping[Path, str]) -> RefusalError:
    """What a client is told: what of it is wrong, or what the server lacks."""
    statuses = (status for kind, status in _STATUSES.items() if isinstance(error, kind))
    status = next(statuses, HTTPStatus.INTERNAL_SERVER_ERROR)
    return RefusalError(status, without_paths(str(error), called))


async def _answer_refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)
    return error.to_response()


async def _answer_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # A place is ("query", "size"), or ("query", "size", "int") where there are several types.
    said = "; ".join(f"{each['loc'][:2][-1]}: {each['msg']}" for each in error.errors())
    return RefusalError(HTTPStatus.BAD_REQUEST, said).to_response()
