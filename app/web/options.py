"""What a visitor may ask of a translation beside the model: widgets, and the recipe they make."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.naming import FORMATS_TO_ASK_FOR
from app.recipe import Recipe
from cyclegan.contract.errors import InputError

_MORE = "More"
_STRENGTH = "Strength"
_STRENGTH_INFO = "Percent of the change"
_KEEP_COLORS = "Keep the colours, change lightness alone"
_SIZE = "Size in which the model sees the photo"
_SIZE_INFO = "Pixels of the long side; what comes out has the size of the photo always"
_AUTO, _NATIVE = "As it learned", "Every pixel"
_DETAIL = "Keep the detail of the photo where the model sees it smaller"
_FORMAT = "Format of the download"
_QUALITY = "Quality"
_QUALITY_INFO = "Of JPG, WebP and AVIF"
_METADATA = "Metadata in the download"
_KEPT = {"All": "all", "Colour profile": "icc", "None": "none"}
_STRIP_GPS = "Take out where the photo was taken"

_FORMATS = [each for each in FORMATS_TO_ASK_FOR if each != "auto"]
_SIZES = (256, 512, 1024, 2048)  # pixels


@dataclass(frozen=True)
class Options:
    """The widgets, in the order in which `read_options` takes their values."""

    strength: gr.Slider
    keep_colors: gr.Checkbox
    size: gr.Radio
    detail: gr.Checkbox
    format: gr.Radio
    quality: gr.Slider
    metadata: gr.Radio
    strip_gps: gr.Checkbox

    def widgets(self) -> list[Any]:
        """All of them, as inputs of an event."""
        return list(vars(self).values())


@dataclass(frozen=True)
class Wanted:
    """What the widgets say."""

    recipe: Recipe
    format: str  # png, jpg, ...


def lay_out_options() -> Options:
    """The widgets, folded away."""
    sizes: list[tuple[str, str | int | float]] = [(_AUTO, "auto")]
    sizes += [(str(size), size) for size in _SIZES] + [(_NATIVE, "native")]
    with gr.Accordion(_MORE, open=False, elem_id="more"):
        return Options(
            strength=gr.Slider(0, 100, 100, step=1, label=_STRENGTH, info=_STRENGTH_INFO),
            keep_colors=gr.Checkbox(label=_KEEP_COLORS),
            size=gr.Radio(sizes, value="auto", label=_SIZE, info=_SIZE_INFO),
            detail=gr.Checkbox(True, label=_DETAIL),
            format=gr.Radio(_FORMATS, value=_FORMATS[0], label=_FORMAT),
            quality=gr.Slider(1, 100, 95, step=1, label=_QUALITY, info=_QUALITY_INFO),
            metadata=gr.Radio(list(_KEPT.items()), value="all", label=_METADATA),
            strip_gps=gr.Checkbox(label=_STRIP_GPS),
        )


def read_options(values: Any) -> Wanted:
    """What the values of the widgets ask for. Raises: InputError on what only a program sends."""
    strength, keep_colors, size, detail, format, quality, metadata, strip_gps = values
    try:
        recipe = Recipe(
            size=size,
            detail="transfer" if detail else "off",
            strength=strength / 100,
            keep_colors=bool(keep_colors),
            quality=quality,
            metadata=metadata,
            strip_gps=bool(strip_gps),
        )
    except TypeError as error:
        raise InputError("the options have values without sense; load the page again") from error
    if format not in _FORMATS:
        raise InputError(f"the format must be one of {', '.join(_FORMATS)}, not {format}")
    return Wanted(recipe, format)
