"""The page in the languages that it speaks."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

import gradio as gr

from app.web.words import WORDS, in_a_row, language_of, word
from benchmarks.browser import settle

WEB = Path(__file__).parents[3] / "app/web"


@pytest.mark.parametrize("language", ["zh", "tr"])
def test_languages_say_the_same_things(language: str) -> None:
    words, english = WORDS[language], WORDS["en"]
    assert list(words) == list(english)
    for key, text in words.items():
        assert text.strip(), key
        assert placeholders(text) == placeholders(english[key]), key


def test_numbers_have_points_in_every_language() -> None:
    texts = [text for words in WORDS.values() for text in words.values()]
    assert not [text for text in texts if re.search(r"\d,\d", text)]


def test_sentences_in_a_row_have_spaces_but_in_chinese() -> None:
    assert in_a_row("One.", "", "Two.") == "One. Two."
    assert in_a_row("一。", "二。") == "一。二。"


def test_every_text_is_in_the_table_and_every_entry_is_used() -> None:
    code = "".join(path.read_text("utf-8") for path in WEB.glob("*.py"))
    shown = r'(?<!-)(?:label|info|placeholder)="[^"$]|gr\.(?:\w*Button|Tab|Accordion)\("'
    assert re.findall(shown, code) == []
    areas = re.findall(r'texts\("(\w+)"\)', code)
    named = set(re.findall(r"[\"']([a-z]+\.[a-z0-9-]+)[\"']", code))
    made = [
        start
        for start in re.findall(r'(?:word\(|say\(\w+, )f"([a-z]+\.(?:\w+-)?)\{', code)
        if start
    ]
    made += ["common.", "status."]  # what Gradio asks for and has not
    for key in WORDS["en"]:
        assert key in named or key.startswith((*(f"{area}." for area in areas), *made)), key


def test_text_that_is_not_in_the_table_is_noticed_when_the_page_is_built() -> None:
    with pytest.raises(KeyError, match=r"photo\.nonsense"):
        word("photo.nonsense")


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("tr;q=0.9", "tr"),
        ("TR", "tr"),
        ("de,tr;q=0.5", "en"),  # as in the browser, where the first one alone counts
        ("*", "en"),
        ("", "en"),
    ],
)
def test_server_answers_in_the_language_that_is_asked_for_first(asked: str, language: str) -> None:
    assert language_of(gr.Request(headers={"accept-language": asked})) == language


@pytest.fixture(scope="module")
def server(
    serve: Callable[..., Any],
    add_model: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    folder = tmp_path_factory.mktemp("weights")
    add_model(folder, "negate")
    return serve(folder)


@pytest.mark.parametrize(
    ("locale", "tabs", "start", "hint", "refusal", "bad", "cat", "note", "origin"),
    [
        (
            "zh-CN",
            ["照片", "批量", "模型"],
            "转换",
            "结果会显示在这里",
            "请先添加一张照片",
            "bad.png 不是可以读取的图片；请使用",
            "猫",
            "451 × 300 像素",
            "来历",
        ),
        (
            "tr-TR",
            ["Fotoğraf", "Toplu", "Modeller"],
            "Dönüştür",
            "Resminiz burada",
            "Önce bir",
            "bad.png okunabilen bir resim değil; şunlardan",
            "Kedi",
            "451 × 300 piksel",
            "Nereden geliyor",
        ),
    ],
)
def test_page_speaks_the_language_of_the_browser(
    server: Any,
    visit: Callable[..., Any],
    locale: str,
    tabs: list[str],
    start: str,
    hint: str,
    refusal: str,
    bad: str,
    cat: str,
    note: str,
    origin: str,
    tmp_path: Path,
) -> None:
    narrow = {"width": 390, "height": 844}
    visitor = visit(server.url, locale=locale, viewport=narrow)
    page = visitor.page
    page.locator("#compare .empty", has_text=hint).wait_for()
    assert [tab.inner_text() for tab in page.get_by_role("tab").all()] == tabs
    assert page.evaluate("document.documentElement.lang").split("-")[0] == locale[:2]
    page.get_by_role("button", name=start, exact=True).click()
    assert refusal in visitor.refusal(containing=refusal)
    text = tmp_path / "bad.png"
    text.write_text("no picture")
    visitor.give(text)
    visitor.refusal(containing=bad)
    page.get_by_role("button", name=cat).click()
    assert note in visitor.note(containing=note)
    for tab in tabs:
        page.get_by_role("tab", name=tab).click()
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, tab
    page.locator("#models summary", has_text=origin).wait_for()
    page.get_by_role("tab", name=tabs[1]).click()
    settle(page)
    page.locator("#files input[type=file]").set_input_files(text)
    page.locator("#files tr").wait_for()
    page.locator("#start-all").click()
    page.locator(".job .failures", has_text=bad).wait_for()
    assert visitor.complaints == []


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{[^}]*\}|%", text))
