"""What a visitor may ask of a translation beside the model: widgets, and the recipe they make."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.naming import FORMATS_TO_ASK_FOR
from app.recipe import Recipe
from app.web.words import word
from cyclegan.contract.errors import InputError

_KEPT = ("all", "icc", "none")  # of the metadata; Recipe says what each means

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
    sizes: list[tuple[str, str | int | float]] = [(word("options.auto"), "auto")]
    sizes += [(str(size), size) for size in _SIZES] + [(word("options.native"), "native")]
    kept = [(word(f"options.{each}"), each) for each in _KEPT]
    with gr.Accordion(word("options.more"), open=False, elem_id="more"):
        return Options(
            strength=gr.Slider(
                0,
                100,
                100,
                step=1,
                label=word("options.strength"),
                info=word("options.strength-info"),
            ),
            keep_colors=gr.Checkbox(label=word("options.keep-colors")),
            size=gr.Radio(
                sizes, value="auto", label=word("options.size"), info=word("options.size-info")
            ),
            detail=gr.Checkbox(True, label=word("options.detail")),
            format=gr.Radio(_FORMATS, value=_FORMATS[0], label=word("options.format")),
            quality=gr.Slider(
                1, 100, 95, step=1, label=word("options.quality"), info=word("options.quality-info")
            ),
            metadata=gr.Radio(kept, value="all", label=word("options.metadata")),
            strip_gps=gr.Checkbox(label=word("options.strip-gps")),
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
