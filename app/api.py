"""HTTP for programs: a picture in, a picture out, what is installed, health and metrics.

The page for people is in app/web/, what may reach either in app/guard.py.
"""

import tempfile
import time
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import anyio
import prometheus_client
from anyio.to_thread import run_sync
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse
from fastapi.routing import APIRoute
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Route

from app.asked import USEFUL_ALONE, AskedRecipe, is_form, refuse_fields
from app.jobs.office import Office
from app.jobs.routes import Retell, jobs_router
from app.problems import Other, answer_problems, refusal_of
from app.public import DISK, JOBS, MODELS, without_paths
from app.recipe import Recipe
from app.refusal import DESCRIBED, RefusalError
from app.rendering import Renderer
from app.store import Store
from cyclegan import __version__
from cyclegan.contract.card import ModelCard
from cyclegan.contract.errors import CycleGANError, ModelError
from cyclegan.contract.files import map_storage_errors
from cyclegan.contract.formats import open_header
from cyclegan.contract.images import load_picture
from cyclegan.contract.saving import save_picture

WAITING = 32  # requests that may wait for their turn; more are told to come again
OF_CLIENT = 16  # of these and of those under way, from one address: nobody takes all places
_IN_MEMORY = 2**20  # bytes of a body; a larger one goes to disk

# A network uses every CPU, but reading, writing and scaling a picture does not: that of one is done
# while the network has another. Large ones take much memory, and so their turns one by one.
_AT_ONCE = 2
_LARGE = 16_000_000  # pixels


class Format(StrEnum):
    """What a picture is answered as."""

    png = "png"
    jpg = "jpg"
    webp = "webp"
    avif = "avif"
    tiff = "tiff"


MEDIA_TYPES = {
    Format.png: "image/png",
    Format.jpg: "image/jpeg",
    Format.webp: "image/webp",
    Format.avif: "image/avif",
    Format.tiff: "image/tiff",
}


def add_api(
    app: FastAPI,
    store: Store,
    office: Office,
    retell: Retell = lambda _request, english: english,
) -> None:
    """Add the routes to an application, and turn what goes wrong in them into problems.

    `retell` says why pictures of jobs failed in the language of who asks; problems are in English.
    """
    called = {store.folder: MODELS, office.folder: JOBS, Path(tempfile.gettempdir()): DISK}
    ours = (_router(store, called), jobs_router(office, retell))
    routers = (app.router, *ours)  # the first has the pages that describe the API
    for router in routers:
        _answer_head(router)
    other = Other([route for router in routers for route in router.routes])
    for router in ours:
        app.include_router(router)
    for start in ("/api", "/healthz", "/metrics"):  # else the page would answer
        app.router.routes.append(Route(f"{start}{{rest:path}}", other, include_in_schema=False))
    answer_problems(app, called)


def _answer_head(router: APIRouter) -> None:
    """Let what can be asked for be asked about as well: without its body."""
    for route in list(router.routes):
        if isinstance(route, APIRoute) and route.methods == {"GET"}:
            router.add_api_route(
                route.path.removeprefix(router.prefix),
                route.endpoint,
                methods=["HEAD"],
                include_in_schema=False,
            )


def _router(store: Store, called: Mapping[Path, str]) -> APIRouter:
    router = APIRouter(responses=DESCRIBED)
    registry = prometheus_client.CollectorRegistry()
    answered = prometheus_client.Counter(
        "cyclegan_conversions", "Pictures asked for, by outcome.", ["status"], registry=registry
    )
    seconds = prometheus_client.Histogram(
        "cyclegan_conversion_seconds", "From the whole request to the answer.", registry=registry
    )
    waiting = prometheus_client.Gauge(
        "cyclegan_conversions_waiting", "Under way or waiting for their turn.", registry=registry
    )
    prometheus_client.ProcessCollector(registry=registry)
    turns, large_turns = anyio.CapacityLimiter(_AT_ONCE), anyio.CapacityLimiter(1)
    under_way: list[str] = []  # whose they are, those that wait among them

    @router.post(
        "/api/v1/convert",
        summary="Translate a picture",
        dependencies=USEFUL_ALONE,
        response_class=Response,
        responses={200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}}},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "image/*": {"schema": {"type": "string", "format": "binary"}},
                    "multipart/form-data": {
                        "schema": {
                            "type": "object",
                            "properties": {"file": {"type": "string", "format": "binary"}},
                            "required": ["file"],
                        }
                    },
                },
            }
        },
    )
    async def convert(
        request: Request,
        recipe: AskedRecipe,
        model: Annotated[
            str | None, Query(description="Its name; not needed if there is only one.")
        ] = None,
        format: Annotated[Format, Query(description="Of the answer.")] = Format.png,
    ) -> Response:
        """The body is a picture, or a form with a file; so is the answer, in the same size."""
        client = request.client.host if request.client else ""
        if under_way.count(client) >= OF_CLIENT:
            raise RefusalError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{OF_CLIENT} of your pictures are not answered yet; wait for one, or send many as "
                "a job (/api/v1/jobs)",
                **{"Retry-After": "5"},
            )
        if len(under_way) > WAITING:
            raise RefusalError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{len(under_way)} pictures are waiting already; try again later",
                **{"Retry-After": "5"},
            )
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        under_way.append(client)
        waiting.set(len(under_way))
        started = time.perf_counter()
        try:
            with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spooled:
                body = cast(BinaryIO, spooled)
                with map_storage_errors(DISK):
                    await _receive(request, body)
                is_large = await run_sync(_count_pixels, body) > _LARGE
                turn = large_turns if is_large else turns
                answer = await run_sync(_convert, store, body, model, format, recipe, limiter=turn)
            status = HTTPStatus.OK
            return answer
        except CycleGANError as error:
            refusal = refusal_of(error, called)
            status = refusal.status
            raise refusal from error
        except RefusalError as refusal:
            status = refusal.status
            raise
        except ClientDisconnect:  # in the middle of the picture
            status = HTTPStatus.BAD_REQUEST
            raise
        finally:
            under_way.remove(client)
            waiting.set(len(under_way))
            answered.labels(status.value).inc()
            seconds.observe(time.perf_counter() - started)

    @router.get("/api/v1/models", summary="What is installed")
    def models() -> list[dict[str, Any]]:
        """Every model: its card, or the reason why it cannot be used."""
        try:
            entries = store.list()
        except ModelError:
            return []
        return [
            {"name": entry.name, "card": entry.card.to_dict() if entry.card else None}
            | ({} if entry.card else {"reason": without_paths(entry.reason or "", called)})
            for entry in entries
        ]

    @router.get("/healthz", summary="Whether the server answers")
    async def healthz() -> dict[str, str]:
        """Answers while pictures are translated as well."""
        return {"status": "ok", "version": __version__}

    @router.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Counts, times and memory in the text format of Prometheus."""
        return Response(
            prometheus_client.generate_latest(registry),
            media_type=prometheus_client.CONTENT_TYPE_LATEST,
        )

    return router


async def _receive(request: Request, body: BinaryIO) -> None:
    """Write the picture of a request to a file.

    Raises: RefusalError: a form without one, or with parameters in it.
    """
    if is_form(request):
        try:
            async with request.form(max_files=1, max_fields=8) as form:
                await refuse_fields(form)
                files = [part for part in form.values() if isinstance(part, UploadFile)]
                if not files:
                    raise RefusalError(
                        HTTPStatus.BAD_REQUEST, "the form has no file; send one as `file`"
                    )
                while chunk := await files[0].read(_IN_MEMORY):
                    body.write(chunk)
        except HTTPException as error:  # Starlette's
            raise RefusalError(
                HTTPStatus.BAD_REQUEST, f"the form cannot be read: {error.detail}"
            ) from error
    else:
        async for chunk in request.stream():
            body.write(chunk)
    body.seek(0)


def _count_pixels(body: BinaryIO) -> int:
    """How large a picture says it is. Raises: PictureError if it is none."""
    width, height = open_header(body, "the picture").size
    body.seek(0)
    return width * height


def _convert(
    store: Store, body: BinaryIO, name: str | None, format: Format, recipe: Recipe
) -> FileResponse:
    """Translate a picture, in a thread of its own. Raises: CycleGANError."""
    card: ModelCard = store.card(name) if name else store.only()
    picture = Renderer(store.load(card.name), recipe)(load_picture(body))
    with map_storage_errors(DISK):
        folder = tempfile.TemporaryDirectory(prefix="cyclegan-")
    try:
        path = Path(folder.name, f"{card.name}.{format}")
        save_picture(picture, path, quality=recipe.quality)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path,
        headers={"X-Model": card.name, "X-Model-SHA256": card.sha256},
        media_type=MEDIA_TYPES[format],
        background=BackgroundTask(folder.cleanup),
    )
