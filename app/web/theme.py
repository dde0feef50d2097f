"""How the page looks: Gradio's theme, the style sheet and the head. No widgets."""

from pathlib import Path
from urllib.parse import quote

import gradio as gr
from gradio.themes.utils.fonts import Font

STYLES = [Path(__file__).with_name(name) for name in ("style.css", "tabs.css")]

# Two pictures that become each other, drawn into the page so that the browser asks for nothing.
ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' aria-hidden='true'>"
    "<circle cx='12' cy='16' r='10' fill='#0f766e'/>"
    "<circle cx='20' cy='16' r='10' fill='#f59e0b' fill-opacity='.85'/></svg>"
)
HEAD = (
    f'<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,{quote(ICON)}">'
    '<meta name="color-scheme" content="light dark">'
    + "".join(
        f'<script type="module">{Path(__file__).with_name(name).read_text("utf-8")}</script>'
        for name in ("line.js", "stream.js", "page.js")
    )
)


class _SystemFont(Font):
    """A font by the keyword that CSS has for it; Gradio would quote it and find none."""

    def __str__(self) -> str:
        return self.name


_SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]
_MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]


def theme() -> gr.themes.Base:
    """Paper and ink with one accent, in the fonts that the reader's machine has."""
    look = gr.themes.Base(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="stone",
        radius_size="lg",
        font=[_SystemFont(name) for name in _SANS],
        font_mono=[_SystemFont(name) for name in _MONO],
    )
    return look.set(
        background_fill_primary="*neutral_50",
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        color_accent="*primary_700",  # and *primary_400 in the dark: style.css
        body_text_color="*neutral_900",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",  # which empty fields have as well
        input_placeholder_color="*neutral_600",  # at least 4.5:1 on fields, as all text
        input_placeholder_color_dark="*neutral_300",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_400",
        link_text_color_visited="*primary_700",
        link_text_color_visited_dark="*primary_400",
        slider_color_dark="*primary_400",
        checkbox_background_color_selected_dark="*primary_400",
        checkbox_border_color_selected_dark="*primary_400",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_shadow="none",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_400",
        button_primary_background_fill_hover_dark="*primary_300",
        button_primary_text_color="white",
        button_primary_text_color_dark="*neutral_950",
        button_cancel_text_color="#b91c1c",  # what deletes
        button_cancel_text_color_dark="#fecaca",
        button_transition="background-color 120ms ease",
    )
