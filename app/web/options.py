"""What a visitor may ask of a translation beside the model: widgets, and the recipe they make."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.naming import FORMATS_TO_ASK_FOR, Format, Naming
from app.recipe import DETAILS, QUALITIES, STRENGTHS, Recipe
from app.web.words import word
from cyclegan.contract.errors import InputError
from cyclegan.contract.metadata import KEEPS

_SIZES = (256, 512, 1024, 2048)  # pixels
_PERCENTS = (100 * STRENGTHS[0], 100 * STRENGTHS[1])
_STRENGTH = round(100 * Recipe.strength)


@dataclass(frozen=True)
class Options:
    """The widgets, in the order in which `read_options` takes their values."""

    strength: gr.Slider
    keep_colors: gr.Checkbox
    size: gr.Radio
    detail: gr.Radio
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
    format: Format


def lay_out_options(*, many: bool = False) -> Options:
    """The widgets, folded away, for one photo or for many."""
    sizes: list[tuple[str, str | int | float]] = [(word("options.auto"), "auto")]
    sizes += [(str(size), size) for size in _SIZES] + [(word("options.native"), "native")]
    same = word("options.each-format" if many else "options.same-format")
    formats: list[tuple[str, Format]] = [
        (same if each == "auto" else each, each) for each in FORMATS_TO_ASK_FOR
    ]
    details = [(word(f"options.{each}"), each) for each in DETAILS]
    kept = [(word(f"options.{each}"), each) for each in KEEPS]
    with gr.Accordion(word("options.more"), open=False):
        return Options(
            strength=gr.Slider(
                *_PERCENTS,
                _STRENGTH,
                step=1,
                label=word("options.strength"),
                info=word("options.strength-info"),
            ),
            keep_colors=gr.Checkbox(Recipe.keep_colors, label=word("options.keep-colors")),
            size=gr.Radio(
                sizes, value=Recipe.size, label=word("options.size"), info=word("options.size-info")
            ),
            detail=gr.Radio(
                details,
                value=Recipe.detail,
                label=word("options.detail"),
                info=word("options.detail-info"),
            ),
            format=gr.Radio(formats, value="auto", label=word("options.format")),
            quality=gr.Slider(
                *QUALITIES,
                Recipe.quality,
                step=1,
                label=word("options.quality"),
                info=word("options.quality-info"),
            ),
            metadata=gr.Radio(kept, value=Recipe.metadata, label=word("options.metadata")),
            strip_gps=gr.Checkbox(Recipe.strip_gps, label=word("options.strip-gps")),
        )


def read_options(values: Any) -> Wanted:
    """What the values of the widgets ask for, for events with `preprocess=False`.

    The sliders have a box to type in; their own preprocessing would refuse what is out of range, in
    English. Raises: InputError on what only a program sends.
    """
    strength, keep_colors, size, detail, format, quality, metadata, strip_gps = values
    try:
        recipe = Recipe(
            size=size,
            detail=detail,
            strength=_within(strength, _PERCENTS, _STRENGTH) / 100,
            keep_colors=bool(keep_colors),
            quality=_within(quality, QUALITIES, Recipe.quality),
            metadata=metadata,
            strip_gps=bool(strip_gps),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError("the options have values without sense; load the page again") from error
    return Wanted(recipe, Naming(format).format)


def _within(number: Any, bounds: tuple[int, int], default: int) -> int:
    """What is typed, or the nearest that may be asked for; the default for an empty box."""
    least, most = bounds
    return default if number is None else round(min(max(number, least), most))
