"""Model cards as HTML: the short one to choose by, the long one to read, in a visitor's language.

Every text of a card comes from a file that anyone may have dropped into the folder: see `shown`.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from app.translator import Pace
from app.web.words import say
from cyclegan.contract.card import Metric, ModelCard, by_protocol
from cyclegan.contract.errors import on_one_line

EXAMPLE_BYTES = 200_000  # of a picture on a card; more is not shown

# For the component that shows cards: what a visitor unfolded stays open when they are told anew, as
# when a pace is known.
KEEP_UNFOLDED = """
const unfolded = new Set();
watch(['value', 'cards'], () => element.querySelectorAll('details').forEach(each => {
  each.open = unfolded.has(each.dataset.of);
}));
element.addEventListener('toggle', ({ target }) => {
  if (target.open) unfolded.add(target.dataset.of);
  else unfolded.delete(target.dataset.of);
}, true); // it does not bubble
"""

_ARROWS = {"lower": "↓", "higher": "↑"}


def shown(text: str) -> str:
    """A stranger's text as HTML, in which no markup counts and nothing turns the letters round."""
    return escape(on_one_line(" ".join(text.split())))


def choice(
    card: ModelCard,
    folder: Path,
    *,
    chosen: bool,
    pace: Pace | None = None,
    language: str = "en",
    is_alone: bool = True,
) -> str:
    """A radio button as a card: what a model of a folder does, its size, and for what in brief it
    is licensed; folded away its pace, its figures and the whole licence.

    Its name as well, where others have the same title.
    """
    checked = " checked" if chosen else ""
    name = "" if is_alone else f" <code>{shown(card.name)}</code>"
    figures = "".join(f"<li>{_headline(metric, language)}</li>" for metric in card.metrics[:2])
    brief_licence = re.split(r"[:;]\s", card.licence)[0]
    return f"""
<div class="choice">
  <label>
    <input type="radio" name="model" value="{shown(card.name)}"{checked}>
    <span class="choice-title">{shown(card.title)}{name}</span>
    {_example(card, folder, "")}
    <span class="choice-text">{shown(card.description)}</span>
  </label>
  <details data-of="{shown(card.name)}">
    <summary>{megabytes(card.bytes)} · {_licence(brief_licence, language)}</summary>
    <ul class="facts">
      {_pace(pace, language, "li")}{figures}<li>{_licence(card.licence, language)}</li>
    </ul>
  </details>
</div>"""


def full(card: ModelCard, folder: Path, *, pace: Pace | None = None, language: str = "en") -> str:
    """Everything that helps to judge a model of a folder."""
    domains = {"source": card.source_domain, "target": card.target_domain}
    file = f"{card.file}, {megabytes(card.bytes)}, {card.precision}, opset {card.opset}"
    rows = [
        ("card.turns", say(language, "card.turns-into", **domains)),
        ("card.file", file),
        *_origin(card, language),
        ("card.back", card.reverse or say(language, "card.no-back")),
        ("card.hash", card.sha256),
    ]
    table = "".join(
        f"<dt>{shown(say(language, term))}</dt><dd>{shown(text)}</dd>" for term, text in rows
    )
    return f"""
<article class="model">
  <h2>{shown(card.title)} <code>{shown(card.name)}</code></h2>
  <p>{shown(card.description)}</p>
  <div class="sides">
    <div>
      {_example(card, folder, say(language, "card.example", title=card.title))}
      <p>{_licence(card.licence, language)}</p>
      {_pace(pace, language, "p")}
      {_list(say(language, "card.limits"), card.known_limits)}
    </div>
    {_measured(card.metrics, language)}
  </div>
  <details data-of="{shown(card.name)}">
    <summary>{say(language, "card.origin")}</summary><dl>{table}</dl>
  </details>
</article>"""


def _licence(licence: str, language: str) -> str:
    return shown(say(language, "card.licence-is", licence=licence))


def _pace(pace: Pace | None, language: str, tag: str) -> str:
    """An element that says how long a picture took here, where that is known."""
    if pace is None:
        return ""
    time = f"{pace.seconds:.1f} s" if pace.seconds >= 1 else f"{1000 * pace.seconds:.0f} ms"
    told = say(language, "card.pace", time=time, width=pace.width, height=pace.height)
    return f"<{tag}>{told}</{tag}>"


def _example(card: ModelCard, folder: Path, alternative: str) -> str:
    """A photo and its translation, where the card has a pair; inside the page, as it is small.

    The alternative text may be empty: beside a title, a screen reader has no use for another.
    """
    path = folder / card.example if card.example else None
    if path is None or not path.is_file() or path.stat().st_size > EXAMPLE_BYTES:
        return ""
    content = base64.b64encode(path.read_bytes()).decode()
    return (
        f'<img class="example" src="data:image/jpeg;base64,{content}" alt="{shown(alternative)}">'
    )


def _origin(card: ModelCard, language: str) -> Iterator[tuple[str, str]]:
    """What is known of how a model came to be: words for the term, and the text."""
    if card.architecture:
        name, count = card.architecture.name, _count(card.architecture.parameters)
        yield "card.network", say(language, "card.weights", name=name, count=count)
    if training := card.training:
        yield "card.data", training.data
        told = {
            "images": f"{training.images_seen:,}",
            "minutes": f"{training.minutes:,.0f}",
            "hardware": training.hardware,
            "preset": training.preset,
            "size": card.training_size,
            "weights": training.weights,
        }
        yield "card.training", say(language, "card.trained", **told)
    else:
        yield "card.training", say(language, "card.made-elsewhere")
    if card.parity:
        sizes = ", ".join(f"{height} × {width}" for height, width in card.parity.sizes)
        error = f"{card.parity.max_abs_error:.1g}"
        yield "card.export", say(language, "card.differs", error=error, sizes=sizes)


def broken(name: str, reason: str, language: str = "en") -> str:
    """A model that cannot be used, and why."""
    return f"""
<article class="model broken">
  <h2>{shown(name)} <span class="tag">{say(language, "card.broken")}</span></h2>
  <p>{shown(reason)}</p>
</article>"""


def nothing(language: str = "en") -> str:
    """What to do when there is no model."""
    return f"""
<div class="nothing">
  <p><strong>{say(language, "card.nothing")}</strong></p>
  <p>{say(language, "card.what-to-do")}</p>
  <pre>cyclegan train --data DIR --out RUN --preset fast
cyclegan export RUN --direction AtoB --name NAME --out weights</pre>
  <p>{say(language, "card.appears")}</p>
</div>"""


def megabytes(size: int) -> str:
    """A file's size in the unit that people know."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _headline(metric: Metric, language: str) -> str:
    arrow, meaning = _ARROWS[metric.direction], _meaning(metric, language)
    return (
        f'<span title="{shown(metric.protocol)}">{_name(metric)} {_value(metric)}</span> '
        f'<span role="img" aria-label="{meaning}" title="{meaning}">{arrow}</span>'
    )


def _measured(metrics: Sequence[Metric], language: str) -> str:
    if not metrics:
        return ""
    listed = "".join(
        _measured_alike(protocol, figures, language) for protocol, figures in by_protocol(metrics)
    )
    return f"<div><h3>{say(language, 'card.measured')}</h3>{listed}</div>"


def _measured_alike(protocol: str, metrics: list[Metric], language: str) -> str:
    """Figures, and after them how all of them were taken."""
    items = "".join(
        f"<li><strong>{_value(metric)}</strong> {_name(metric)} "
        f"<small>{_meaning(metric, language)}</small></li>"
        for metric in metrics
    )
    how = shown(protocol)
    if any(metric.is_recognition for metric in metrics):
        how += f"<br>{say(language, 'card.recognised')}"
    return f'<div class="figures"><ul>{items}</ul><p>{how}</p></div>'


def _meaning(metric: Metric, language: str) -> str:
    return say(language, f"better.{metric.direction}")


def _list(title: str, texts: Iterable[str]) -> str:
    items = "".join(f"<li>{shown(text)}</li>" for text in texts)
    return f"<h3>{title}</h3><ul>{items}</ul>" if items else ""


def _name(metric: Metric) -> str:
    # A factor as unit says that the value was multiplied by it: "KID ×100 18.7", not "18.7 ×100".
    return shown(f"{metric.name} ×{metric.unit[1:]}" if _is_factor(metric) else metric.name)


def _value(metric: Metric) -> str:
    unit = "" if _is_factor(metric) else metric.unit if metric.unit == "%" else f" {metric.unit}"
    return shown(f"{metric.value:.4g}{unit}".strip())


def _is_factor(metric: Metric) -> bool:
    return metric.unit[:1] == "x" and metric.unit[1:].isdecimal()


def _count(number: int) -> str:
    return f"{number / 1e6:.2f} M" if number >= 100_000 else f"{number:,}"
