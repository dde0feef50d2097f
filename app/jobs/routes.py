"""Jobs over HTTP, for programs and for the Folder tab: sent, asked for, cancelled, removed.

An id cannot be guessed, and of those whom app/guard.py lets in whoever has it may do all of that.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Message, Receive, Scope, Send

from app.asked import USEFUL_ALONE, AskedRecipe, is_form, refuse_fields
from app.jobs.intake import Sent
from app.jobs.limits import TooLargeError, UnknownJobError
from app.jobs.office import GONE, Office, Status
from app.jobs.records import ENDED, PictureState
from app.naming import Format
from app.public import DISK
from app.refusal import DESCRIBED, RefusalError
from cyclegan.contract.files import map_storage_errors

# What is told in English, as one who asks wants to be told.
Retell = Callable[[Request, str], str]

PATH = "/api/v1/jobs"
_IN_MEMORY = 2**16  # bytes of each of up to a thousand files of a request; the rest goes to disk
_FIELDS = 16  # that a form may have beside its files; none of them may be a parameter


class _KeptFile(FileResponse):
    """A file of a job, which may be removed before it is read; what is wrong is a problem."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raise UnknownJobError; RefusalError: the request wants bytes that the file has not."""
        is_answered = False

        async def answer(message: Message) -> None:
            nonlocal is_answered
            if (status := message.get("status", 0)) >= HTTPStatus.BAD_REQUEST:
                raise RefusalError(
                    HTTPStatus(status),
                    "the header Range asks for bytes that the file does not have; leave it out",
                )
            is_answered = True
            await send(message)

        try:
            await super().__call__(scope, receive, answer)
        except (RuntimeError, OSError) as error:
            if is_answered or Path(self.path).exists():
                raise
            raise UnknownJobError(GONE) from error


def jobs_router(office: Office, retell: Retell) -> APIRouter:
    """The routes; errors are raised as they are."""
    router = APIRouter(prefix=PATH, responses=DESCRIBED)

    def describe(status: Status, request: Request) -> dict[str, Any]:
        return _describe(status, office, partial(retell, request))

    @router.post(
        "",
        summary="Send many pictures, or a zip",
        dependencies=USEFUL_ALONE,
        status_code=HTTPStatus.CREATED,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": {
                        "schema": {
                            "type": "object",
                            "properties": {
                                "file": {
                                    "type": "array",
                                    "items": {"type": "string", "format": "binary"},
                                }
                            },
                            "required": ["file"],
                        }
                    }
                },
            }
        },
    )
    async def create(
        request: Request,
        recipe: AskedRecipe,
        model: Annotated[
            str | None, Query(description="Its name; not needed if there is only one.")
        ] = None,
        format: Annotated[
            Format, Query(description="Of the translations; auto: that of each picture.")
        ] = "auto",
    ) -> Response:
        """The form has files: pictures, or zips of them. The answer has the job's id."""
        client = request.client.host if request.client else ""
        with office.admit(client) as id:  # before its files come
            files = await _receive(request, office.limits.files)
            try:
                sent = [Sent(file.filename or "", cast(Any, file.file)) for file in files]
                await run_sync(lambda: office.create(sent, model, recipe, format, client, id))
            finally:
                for file in files:
                    await file.close()
        status = await run_sync(office.status, id)
        return JSONResponse(
            describe(status, request), HTTPStatus.CREATED, {"Location": f"{PATH}/{id}"}
        )

    @router.get("/{id}", summary="How far a job is")
    def status(id: str, request: Request) -> dict[str, Any]:
        """Its state, its place in the queue, what became of each picture, and why some failed."""
        return describe(office.status(id), request)

    @router.post("/{id}/cancel", summary="End a job, and keep what is done")
    def cancel(id: str, request: Request) -> dict[str, Any]:
        """The rest is not translated; the result has what was."""
        office.cancel(id)
        return describe(office.status(id), request)

    @router.delete("/{id}", summary="End a job, and remove it", status_code=HTTPStatus.NO_CONTENT)
    def remove(id: str) -> None:
        """Its pictures are gone then."""
        office.remove(id)

    @router.get(
        "/{id}/result",
        summary="All translations",
        response_class=FileResponse,
        responses={200: {"content": {"application/zip": {}}}},
    )
    def result(id: str) -> FileResponse:
        """A zip of them under the names that were sent, and failures.csv."""
        model = office.status(id).job.model
        return _KeptFile(office.result(id), filename=f"{model}.zip")

    @router.get(
        "/{id}/pictures/{number}/{when}",
        summary="A picture, small",
        response_class=FileResponse,
        responses={200: {"content": {"image/jpeg": {}}}},
    )
    def preview(id: str, number: int, when: Literal["before", "after"]) -> FileResponse:
        """As JPEG, if the status says that it has a preview."""
        path = office.preview(id, number, when)
        if path is None:
            raise RefusalError(HTTPStatus.NOT_FOUND, "there is no preview of this picture")
        return _KeptFile(path, headers={"Cache-Control": "private, max-age=86400, immutable"})

    return router


async def _receive(request: Request, most: int) -> Sequence[UploadFile]:
    """The files of a form.

    Raises: RefusalError: it is none, or has parameters in it; TooLargeError; StorageError.
    """
    if not is_form(request):
        raise RefusalError(HTTPStatus.BAD_REQUEST, "send a form with files (multipart/form-data)")
    parser = MultiPartParser(request.headers, request.stream(), max_files=most, max_fields=_FIELDS)
    parser.spool_max_size = _IN_MEMORY
    try:
        with map_storage_errors(DISK):
            form = await parser.parse()
    except MultiPartException as error:
        if "Too many files" in error.message:
            raise TooLargeError(f"there is room for {most} files at once; send fewer") from error
        raise RefusalError(
            HTTPStatus.BAD_REQUEST, f"the form cannot be read: {error.message}"
        ) from error
    await refuse_fields(form)
    return [part for _, part in form.multi_items() if isinstance(part, UploadFile)]


def _describe(status: Status, office: Office, retell: Callable[[str], str]) -> dict[str, Any]:
    job, pictures = status.job, status.pictures
    states = [picture.state for picture in pictures]
    ends = job.ended and job.ended + office.limits.keep_s
    return {
        "id": job.id,
        "state": job.state,
        "position": status.position,
        "problem": job.problem and retell(job.problem),
        "model": job.model,
        "created": _date(job.created),
        "ended": _date(job.ended),
        "kept_until": _date(ends),
        "counts": {"all": len(states)} | {state: states.count(state) for state in PictureState},
        "pictures": [
            {"name": p.name, "state": p.state, "has_preview": p.has_preview} for p in pictures
        ],
        "failures": [
            {"name": p.name, "reason": retell(p.reason or "")}
            for p in pictures
            if p.state == PictureState.failed
        ],
        "result": f"{PATH}/{job.id}/result" if job.state in ENDED else None,
    }


def _date(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
