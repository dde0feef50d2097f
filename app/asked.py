"""What a request over HTTP asks of a translation: its query parameters, as a recipe."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from app.recipe import QUALITIES, STRENGTHS, Detail, Recipe
from cyclegan.contract.metadata import Keep


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


AskedRecipe = Annotated[Recipe, Depends(_asked_recipe)]
