"""What axe finds in a page."""

from typing import Any

import pytest

# All of it: colours that fade into each other have no contrast meanwhile.
_SHOWS = """scheme => document.body.classList.contains('dark') === (scheme === 'dark')
  && !document.getAnimations().some(each => each instanceof CSSTransition)"""

# Gradio's own, beside files that were given: a button in a button, its name not translated.
_OF_GRADIO = 'aria-label="common.upload"'

# Placeholders that can be seen, with less than 4.5:1 (WCAG 2.2, 1.4.3); axe does not look at them.
_FAINT = r"""() => {
  const rgba = color => color.match(/[\d.]+/g).map(Number);
  const light = color => rgba(color).slice(0, 3)
    .map(each => each / 255)
    .map(each => each <= .04045 ? each / 12.92 : ((each + .055) / 1.055) ** 2.4)
    .reduce((sum, each, place) => sum + each * [.2126, .7152, .0722][place], 0);
  const behind = each => {
    const color = getComputedStyle(each).backgroundColor;
    return rgba(color)[3] === 0 ? behind(each.parentElement) : color;
  };
  return [...document.querySelectorAll("[placeholder]:not([placeholder=''])")]
    .filter(each => each.checkVisibility())
    .map(each => {
      const shades = [getComputedStyle(each, "::placeholder").color, behind(each)].map(light);
      return [each.placeholder, (Math.max(...shades) + .05) / (Math.min(...shades) + .05)];
    })
    .filter(([, contrast]) => contrast < 4.5)
    .map(([text, contrast]) => `${text} ${contrast.toFixed(2)}:1`);
}"""


def complaints_of_axe(page: Any) -> list[str]:
    """What is serious or critical in what a page shows, in light and in dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="extra: dev")
    complaints = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(_SHOWS, arg=scheme)
        complaints += [
            f"{scheme}, {each['id']}: {node['html']}"
            for each in axe.Axe().run(page).response["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
            if _OF_GRADIO not in node["html"]
        ]
        complaints += [f"{scheme}, placeholder: {each}" for each in page.evaluate(_FAINT)]
    return complaints
