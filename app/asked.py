"""What a request over HTTP asks of a translation: its query parameters, as a recipe."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from app.recipe import Recipe
from cyclegan.contract.metadata import Keep


def _asked_recipe(
    quality: Annotated[int, Query(ge=1, le=100, description="Of JPEG, WebP and AVIF.")] = 95,
    strength: Annotated[
        float, Query(ge=0, le=1, description="0 is the picture, 1 its translation.")
    ] = 1.0,
    keep_colors: Annotated[
        bool, Query(description="Translate lightness alone; colours stay.")
    ] = False,
    size: Annotated[
        Annotated[int, Query(ge=1)] | Literal["auto", "native"],
        Query(description="Pixels of the long side that the network sees; auto: by the card."),
    ] = "auto",
    detail: Annotated[
        Literal["transfer", "off"],
        Query(description="Whether a picture that is seen smaller keeps its fine detail."),
    ] = "transfer",
    metadata: Annotated[Keep, Query(description="What stays of EXIF, XMP and profile.")] = "all",
    strip_gps: Annotated[bool, Query(description="Take out where it was taken.")] = False,
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
