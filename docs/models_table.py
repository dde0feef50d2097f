"""Write the README's table of bundled models from their cards; `make readme` runs it."""

import textwrap
from collections.abc import Iterable
from pathlib import Path

from cyclegan.contract.card import ModelCard

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
WIDTH = 116  # characters of a line
START, END = "<!-- models -->\n", "<!-- /models -->\n"


def render(cards: Iterable[ModelCard]) -> str:
    """The table in Markdown, and the licences of the weights."""
    cards = list(cards)
    if not cards:
        return "No model is bundled yet.\n"
    lines = ["| model | | measured | size | learned from |", "|---|---|---|---|---|"]
    for card in cards:
        turns = f"{card.source_domain} to {card.target_domain}"
        example = card.example and f'<img src="weights/{card.example}" width="256" alt="{turns}">'
        figures = (
            f"{m.name} {m.value:.3g} {m.unit}".strip() for m in card.metrics if m.name != "FID"
        )
        size = f"{card.bytes / 2**20:.1f} MiB, {card.architecture.parameters / 1e6:.2f} M weights"
        lines.append(
            f"| `{card.name}`: {turns} | {example or ''} | {', '.join(figures)} | {size} "
            f"| {card.training.data} |"
        )
    models_of: dict[str, list[str]] = {}
    for card in cards:
        models_of.setdefault(card.licence, []).append(f"`{card.name}`")
    licences = (f"- {', '.join(names)}: {licence}." for licence, names in models_of.items())
    lines += ["", "Licences of the weights:", ""]
    lines += (textwrap.fill(each, WIDTH, subsequent_indent="  ") for each in licences)
    return "\n".join(lines) + "\n"


def rewrite(text: str, table: str) -> str:
    """The text with everything between the two marks replaced by the table."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"README.md must hold the lines {START!r} and {END!r}")
    return before + start + table + end + after


def main() -> None:
    """Bring README.md up to date."""
    cards = [ModelCard.read(path) for path in sorted((ROOT / "weights").glob("*.json"))]
    README.write_text(rewrite(README.read_text(), render(cards)))


if __name__ == "__main__":
    main()
