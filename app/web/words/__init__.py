"""What the page says, in every language that it speaks: one file a language, the same keys in each.
What trainings and the doctor said in English already is in alarms.py and findings.py.

Gradio puts the words of the browser's language where a component has a text of its own: `word`.
It looks neither into the properties of gr.HTML, which get `texts` and choose in the browser, nor
into HTML that is made for one visitor, whose language `language_of` tells the server.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from app.web.words import alarms, en, findings, tr, zh

WORDS: Mapping[str, dict[str, str]] = {"en": en.WORDS, "zh": zh.WORDS, "tr": tr.WORDS}
TOLD: Mapping[str, Mapping[str, str]] = {**findings.TOLD, **alarms.TOLD}  # key -> language
I18N = gr.I18n(**WORDS)  # its languages stand for all their regions

# A function of what `texts` returns, in JavaScript: those of the language that Gradio chose and
# wrote onto the page.
_CHOOSE = "(words => words[document.documentElement.lang.split('-')[0]] ?? words.en)"


def word(key: str) -> Any:
    """A text that the browser chooses; of a string that has several, it finds the first only.

    An I18nData, which components take for more than their signatures say.
    """
    if key not in en.WORDS:
        raise KeyError(key)
    return I18N(key)


def language_of(request: gr.Request) -> str:
    """The language in which `say` answers a visitor: as Gradio's page, the first one asked for."""
    first = request.headers.get("accept-language", "").split(",")[0]
    language = re.split("[-;]", first.strip().lower())[0]
    return language if language in WORDS else "en"


def say(language: str, key: str, **values: object) -> str:
    """A text for one visitor, with its {values}."""
    return WORDS[language][key].format(**values)


def retell(language: str, key: str, english: str, facts: Mapping[str, Any]) -> str:
    """What was told in English, for one visitor, with its {facts}; those that are mappings listed.

    It stays English where it is not in the table, or where facts are missing, as in logs of old.
    """
    sentence = TOLD.get(key, {}).get(language)
    if sentence is None:
        return english
    try:
        return sentence.format_map({name: _listed(fact, language) for name, fact in facts.items()})
    except (KeyError, ValueError):
        return english


def _listed(fact: Any, language: str) -> Any:
    if not isinstance(fact, Mapping):
        return fact
    return ", ".join(
        f"{retell(language, f'fact.{name}', name, {})} {value}" for name, value in fact.items()
    )


def texts(area: str) -> dict[str, dict[str, str]]:
    """The texts whose keys begin with an area, by language, as a property of gr.HTML."""
    start = f"{area}."
    return {
        language: {
            key.removeprefix(start): text for key, text in words.items() if key.startswith(start)
        }
        for language, words in WORDS.items()
    }


def template(expression: str) -> str:
    """A template for gr.HTML: a JavaScript expression in which `texts` has the visitor's."""
    return f"${{(texts => {expression})({_CHOOSE}(texts))}}"


def script(file: Path) -> str:
    """A script for gr.HTML in which `texts` has the visitor's."""
    return f"const texts = {_CHOOSE}(props.texts);\n{file.read_text('utf-8')}"
