"""What a request over HTTP asks of a translation: its query parameters, as a recipe."""

import inspect
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from starlette.datastructures import FormData

from app.recipe import QUALITIES, STRENGTHS, Detail, Recipe
from app.refusal import RefusalError
from cyclegan.contract.errors import nearest
from cyclegan.contract.metadata import Keep


def is_form(request: Request) -> bool:
    """Whether the body is a form with files; the names of types may be in any letters."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def refuse_fields(form: FormData) -> None:
    """Close and refuse a form with parameters in it, where nobody reads them.

    Raises: RefusalError.
    """
    for name, part in form.multi_items():
        if isinstance(part, str) and name in _NAMES:
            await form.close()
            raise RefusalError(
                HTTPStatus.BAD_REQUEST,
                f"{name} is a field of the form; it belongs to the address, as ?{name}=...",
            )


def _refuse_useless(request: Request) -> None:
    """Refuse parameters that would do nothing, as "strenght" does, or the first of two.

    Raises: RefusalError.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in _NAMES:
            raise RefusalError(
                HTTPStatus.BAD_REQUEST,
                f'unknown parameter "{name}"{nearest(name, _NAMES) or ";"} '
                f"there are {', '.join(sorted(_NAMES))}",
            )
        if (times := names.count(name)) > 1:
            raise RefusalError(
                HTTPStatus.BAD_REQUEST, f"{name} is given {times} times; give it once"
            )


def _asked_recipe(
    quality: Annotated[
        int, Query(ge=QUALITIES[0], le=QUALITIES[1], description="Of JPEG, WebP and AVIF.")
    ] = Recipe.quality,
    strength: Annotated[
        float,
        Query(ge=STRENGTHS[0], le=STRENGTHS[1], description="0 is the picture, 1 its translation."),
    ] = Recipe.strength,
    keep_colors: Annotated[
        bool, Query(description="Translate lightness alone; colours stay.")
    ] = Recipe.keep_colors,
    size: Annotated[
        Annotated[int, Query(ge=1)] | Literal["auto", "native"],
        Query(description="Pixels of the long side that the network sees; auto: by the card."),
    ] = Recipe.size,
    detail: Annotated[
        Detail,
        Query(description="Whether a picture seen smaller keeps fine detail; auto: by the card."),
    ] = Recipe.detail,
    metadata: Annotated[
        Keep, Query(description="What stays of EXIF, XMP and profile.")
    ] = Recipe.metadata,
    strip_gps: Annotated[
        bool, Query(description="Take out where it was taken.")
    ] = Recipe.strip_gps,
) -> Recipe:
    return Recipe(
        size=size,
        detail=detail,
        strength=strength,
        keep_colors=keep_colors,
        quality=quality,
        metadata=metadata,
        strip_gps=strip_gps,
    )


# Beside those of a recipe each route that takes one has these.
_NAMES = frozenset((*inspect.signature(_asked_recipe).parameters, "model", "format"))

AskedRecipe = Annotated[Recipe, Depends(_asked_recipe)]
USEFUL_ALONE = [Depends(_refuse_useless)]  # of a route
