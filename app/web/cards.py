"""Model cards as HTML: the short one to choose by, the long one to read.

Every text of a card comes from a file that anyone may have dropped into the folder: it is escaped.
"""

import base64
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from cyclegan.contract.card import Metric, ModelCard

EXAMPLE_BYTES = 200_000  # of a picture on a card; more is not shown

_ARROWS = {"lower": ("↓", "lower is better"), "higher": ("↑", "higher is better")}


def choice(card: ModelCard, folder: Path, *, chosen: bool) -> str:
    """A radio button as a card: what a model of a folder does, its size, figures and licence."""
    checked = " checked" if chosen else ""
    figures = "".join(f"<li>{_headline(metric)}</li>" for metric in card.metrics[:2])
    return f"""
<label class="choice">
  <input type="radio" name="model" value="{escape(card.name)}"{checked}>
  <span class="choice-title">{escape(card.title)}</span>
  {_example(card, folder, "")}
  <span class="choice-text">{escape(card.description)}</span>
  <ul class="facts">
    <li>{megabytes(card.bytes)}</li>{figures}
    <li>{escape(card.licence)}</li>
  </ul>
</label>"""


def full(card: ModelCard, folder: Path) -> str:
    """Everything that helps to judge a model of a folder."""
    rows = [
        ("Turns", f"{card.source_domain} into {card.target_domain}"),
        ("Licence", card.licence),
        ("File", f"{card.file}, {megabytes(card.bytes)}, {card.precision}, opset {card.opset}"),
        *_origin(card),
        ("Way back", card.reverse or "none"),
        ("SHA-256", card.sha256),
    ]
    table = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in rows)
    return f"""
<article class="model">
  <h2>{escape(card.title)} <code>{escape(card.name)}</code></h2>
  <p>{escape(card.description)}</p>
  {_example(card, folder, f"A photo before and after {card.title}")}
  {_measured(card.metrics)}
  {_list("Known limits", card.known_limits)}
  <details><summary>Where it comes from</summary><dl>{table}</dl></details>
</article>"""


def _example(card: ModelCard, folder: Path, alternative: str) -> str:
    """A photo and its translation, where the card has a pair; inside the page, as it is small.

    The alternative text may be empty: beside a title, a screen reader has no use for another.
    """
    path = folder / card.example if card.example else None
    if path is None or not path.is_file() or path.stat().st_size > EXAMPLE_BYTES:
        return ""
    content = base64.b64encode(path.read_bytes()).decode()
    return (
        f'<img class="example" src="data:image/jpeg;base64,{content}" alt="{escape(alternative)}">'
    )


def _origin(card: ModelCard) -> Iterator[tuple[str, str]]:
    """What is known of how a model came to be, as terms and texts."""
    if card.architecture:
        name, parameters = card.architecture.name, card.architecture.parameters
        yield "Network", f"{name}, {_count(parameters)} weights"
    if training := card.training:
        yield "Training data", training.data
        yield (
            "Training",
            f"{training.images_seen:,} pictures in {training.minutes:,.0f} minutes on "
            f"{training.hardware}; preset {training.preset}, pictures of {card.training_size} "
            f"pixels, {training.weights} weights",
        )
    else:
        yield "Training", "made elsewhere; the file does not say how"
    if card.parity:
        sizes = ", ".join(f"{height} × {width}" for height, width in card.parity.sizes)
        yield "Export", f"differs from its checkpoint by {card.parity.max_abs_error:.1g} at {sizes}"


def broken(name: str, reason: str) -> str:
    """A model that cannot be used, and why."""
    return f"""
<article class="model broken">
  <h2>{escape(name)} <span class="tag">cannot be used</span></h2>
  <p>{escape(reason)}</p>
</article>"""


def nothing() -> str:
    """What to do when there is no model."""
    return """
<div class="nothing">
  <p><strong>No model is installed yet.</strong></p>
  <p>A model is an <code>.onnx</code> file with its card, a <code>.json</code> file of the same
  name. Put both into the weights folder that this app was started with, or train your own:</p>
  <pre>cyclegan train --data DIR --out RUN --preset fast
cyclegan export RUN --direction AtoB --name NAME --out weights</pre>
  <p>Then reload this page.</p>
</div>"""


def megabytes(size: int) -> str:
    """A file's size in the unit that people know."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _headline(metric: Metric) -> str:
    arrow, meaning = _ARROWS[metric.direction]
    return (
        f'<span title="{escape(metric.protocol)}">{_name(metric)} {_value(metric)}</span> '
        f'<span role="img" aria-label="{meaning}" title="{meaning}">{arrow}</span>'
    )


def _measured(metrics: Iterable[Metric]) -> str:
    items = "".join(
        f"<li><strong>{_value(metric)}</strong> {_name(metric)} "
        f"<small>{_ARROWS[metric.direction][1]}; {escape(metric.protocol)}</small></li>"
        for metric in metrics
    )
    return f'<ul class="figures">{items}</ul>' if items else ""


def _list(title: str, texts: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<h3>{title}</h3><ul>{items}</ul>" if items else ""


def _name(metric: Metric) -> str:
    # A factor as unit says that the value was multiplied by it: "KID ×100 18.7", not "18.7 ×100".
    return escape(f"{metric.name} ×{metric.unit[1:]}" if _is_factor(metric) else metric.name)


def _value(metric: Metric) -> str:
    unit = "" if _is_factor(metric) else metric.unit if metric.unit == "%" else f" {metric.unit}"
    return escape(f"{metric.value:.4g}{unit}".strip())


def _is_factor(metric: Metric) -> bool:
    return metric.unit[:1] == "x" and metric.unit[1:].isdecimal()


def _count(number: int) -> str:
    return f"{number / 1e6:.1f} million" if number >= 100_000 else f"{number:,}"
