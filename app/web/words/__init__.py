"""What the page says, in every language that it speaks: one file a language, the same keys in each.
What trainings, the doctor and refusals said in English already is in alarms.py, findings.py and
refusals.py.

Gradio puts the words of the browser's language where a component has a text of its own: `word`.
It looks neither into templates of gr.HTML, which have `texts` and choose in the browser, nor
into HTML that is made for one visitor, whose language `language_of` tells the server.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import Request

from app.web.words import alarms, en, findings, refusals, tr, zh

WORDS: Mapping[str, dict[str, str]] = {"en": en.WORDS, "zh": zh.WORDS, "tr": tr.WORDS}
TOLD: Mapping[str, Mapping[str, str]] = {**findings.TOLD, **alarms.TOLD}  # key -> language
_REFUSALS = [  # what they look like in English; by language
    (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(english)), re.DOTALL), sentences)
    for english, sentences in refusals.TOLD.items()
]
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


def language_of(request: gr.Request | Request) -> str:
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


@lru_cache(maxsize=4096)  # the page of a job asks for the reasons of up to a thousand files again
def retell_refusal(language: str, english: str) -> str:
    """Why something is refused or failed, for one visitor; English if it is not in the table."""
    for pattern, sentences in _REFUSALS:
        if language in sentences and (found := pattern.fullmatch(english)):
            parts = found.groupdict().items()
            return sentences[language].format_map(
                {name: retell_refusal(language, part) for name, part in parts}
            )
    return english


def in_a_row(*sentences: str) -> str:
    """Sentences, those that are not empty, one after the other: with spaces, but in Chinese."""
    return " ".join(filter(None, sentences)).replace("。 ", "。")


def _listed(fact: Any, language: str) -> Any:
    if not isinstance(fact, Mapping):
        return fact
    return ", ".join(
        f"{retell(language, f'fact.{name}', name, {})} {value}" for name, value in fact.items()
    )


def texts(area: str) -> dict[str, dict[str, str]]:
    """The texts whose keys begin with an area, by language."""
    start = f"{area}."
    return {
        language: {
            key.removeprefix(start): text for key, text in words.items() if key.startswith(start)
        }
        for language, words in WORDS.items()
    }


# As a property of the component, `texts` would be lost where that is told something before its tab
# or fold was opened for the first time.
def template(texts: dict[str, dict[str, str]], expression: str) -> str:
    """A template for gr.HTML: a JavaScript expression in which `texts` has the visitor's."""
    return f"${{(texts => {expression})({_chosen(texts)})}}"


def script(texts: dict[str, dict[str, str]], file: Path) -> str:
    """A script for gr.HTML in which `texts` has the visitor's."""
    return f"const texts = {_chosen(texts)};\n{file.read_text('utf-8')}"


def _chosen(texts: dict[str, dict[str, str]]) -> str:
    return f"{_CHOOSE}({json.dumps(texts, ensure_ascii=False)})"
