"""What trainings, the doctor and refusals say in English, in the other languages of the page."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from string import Formatter
from typing import Any, get_args

import numpy as np
import pytest

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

from app.trainings.runs import Trainings
from app.web.training_view import describe
from app.web.words import TOLD, WORDS, refusals, retell, retell_refusal
from cyclegan.alarms import RULES
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import CheckpointError
from cyclegan.doctor import domain_gap, symptoms
from cyclegan.doctor.duplicates import Likeness
from cyclegan.doctor.findings import Code, Evidence, Finding
from cyclegan.doctor.survey import Measured, Unreadable

OTHERS = [language for language in WORDS if language != "en"]
DATA = Path("/data")
ROOT = Path(__file__).parents[3]


def test_every_language_tells_everything() -> None:
    for key, sentences in (*TOLD.items(), *refusals.TOLD.items()):
        assert list(sentences) == OTHERS, key
        assert all(sentence.strip() for sentence in sentences.values()), key


def picture(folder: str, name: object, side: int = 60, width: int = 60, **facts: Any) -> Measured:
    usual: dict[str, Any] = {"is_transparent": False, "is_grey": False, "is_blank": False}
    tone = dict.fromkeys(("border", "brightness", "contrast", "saturation", "warmth"), 0.0)
    return Measured(
        path=DATA / folder / f"{name}.png",
        bytes=1,
        width=width,
        height=side,
        format="PNG",
        detail=(0.0,) * 6,
        digest=b"",
        thumbnail=np.zeros((16, 16, 3), np.uint8),
        **{"jpeg_quality": None, **usual, **tone, **facts},
    )


def find_everything() -> Iterator[Finding]:
    """All that the doctor can find, in two sets of pictures that have all that can be wrong."""
    a = [picture("trainA", place, brightness=50.0, jpeg_quality=30) for place in range(60)]
    b = [picture("trainB", place, 200, 300, is_grey=True) for place in range(200)]
    odd = {"border": 0.1, "is_transparent": True, "is_grey": True}
    a += [picture("trainA", "odd", 60, 600, **odd), picture("trainA", "blank", is_blank=True)]
    test = picture("testA", 0)
    folders = {name: DATA / name for name in ("trainA", "trainB", "testA")}
    pairs = {("trainA", "trainB"): (a[0], b[0]), ("trainA", "testA"): (a[0], test)}
    pairs[("trainA", "trainA")] = (a[0], a[1])
    evidence = Evidence(
        folders=folders,
        measured={"trainA": a, "trainB": b, "testA": [test]},
        unreadable={name: [Unreadable(folders[name] / "x.png", "is empty")] for name in folders},
        ignored={name: [folders[name] / "notes.txt", folders[name] / "notes"] for name in folders},
        copies=[Likeness(both, names, False) for names, both in pairs.items()],
        distinctness=0.55,
    )
    nothing = Evidence(folders, {"trainA": a, "trainB": []}, {}, {}, [], None)
    config = TrainConfig(load_size_max=286)
    for found in (evidence, nothing):
        for check in (*symptoms.CHECKS, *domain_gap.CHECKS):
            yield from check(found, config)
    yield symptoms.no_backbone(config, CheckpointError("its weights cannot be fetched"))


@pytest.mark.parametrize("language", OTHERS)
def test_whatever_the_doctor_finds_is_told(language: str) -> None:
    told = set()
    for finding in find_everything():
        facts = json.loads(json.dumps(asdict(finding)))["facts"]
        if finding.code == "no-test":  # the page asks nobody for pictures to judge by
            continue
        for key, english in ((finding.code, finding.text), (f"{finding.code}.remedy", "-")):
            sentence = retell(language, key, english, facts)
            assert sentence != english, key
            assert not re.search(r"[{}]", sentence), sentence
        told.add(finding.code)
    assert told == {*get_args(Code)} - {"no-test"}


def test_what_is_counted_has_its_name() -> None:
    facts = next(each.facts for each in find_everything() if each.code == "colour-gap")
    # Of 62 pictures 60 are at 50, two at 0.
    assert "亮度 48 / 0" in retell("zh", "colour-gap", "", facts)
    facts = next(each.facts for each in find_everything() if each.code == "borders")
    assert "trainA 1 / 62" in retell("tr", "borders", "", facts)


@pytest.mark.parametrize("exact", [0, 3, 5])
def test_of_copies_no_others_are_spoken_of_where_there_may_be_none(exact: int) -> None:
    facts = {"count": 5, "exact": exact, "shares": {"trainA": "5 / 9"}}
    pictures = f"（逐像素相同的：{exact} 张）", f"(pikseli pikseline aynı olan: {exact})"
    pairs = f"（逐像素相同的：{exact} 对）", f"(pikseli pikseline aynı olan çiftler: {exact})"
    for code, (zh, tr) in (("both-domains", pictures), ("leak", pictures), ("copies", pairs)):
        for language, told, others in (("zh", zh, "其余"), ("tr", tr, "diğer")):
            sentence = retell(language, code, "", facts)
            assert told in sentence
            assert others not in sentence


@pytest.mark.parametrize("language", OTHERS)
def test_every_alarm_and_all_its_advice_is_told_with_the_same_figures(language: str) -> None:
    for rule in RULES:
        english = {rule.code: rule.text, f"{rule.code}.title": ""}
        for advice in rule.remedy:
            setting = f"{advice.key}={advice.had[0]}" if advice.key else "remedy"
            english[f"{rule.code}.{setting}"] = advice.text
            assert not advice.key or setting in advice.text  # by which the page finds it in a log
        assert {key for key in TOLD if key.startswith(rule.code)} == set(english)
        for key, text in english.items():
            assert placeholders(TOLD[key][language]) == placeholders(text), key


def placeholders(text: str) -> list[tuple[str, str]]:
    return sorted({(name, spec or "") for _, name, spec, _ in Formatter().parse(text) if name})


def test_an_alarm_speaks_the_language_of_the_visitor(run_folder: Path) -> None:
    def shown(
        row: dict[str, Any], language: str, remedy: str = "Wait. --set generator_upsample=resize."
    ) -> str:
        settings = {"max_images": 100, "max_minutes": 0}
        (run_folder / "config.json").write_text(json.dumps(settings))
        reading = {"images_seen": 50, **row}
        alarm = {"images_seen": 50, "alarm": "checkerboard", "state": "on", "direction": "BtoA"}
        alarm |= {"text": "A grid.", "remedy": remedy}
        rows = [json.dumps(each) for each in (reading, alarm)]
        (run_folder / "log.jsonl").write_text("\n".join(rows))
        return describe(Trainings(run_folder.parents[1]).look("horse2zebra"), language)

    html = shown({"checkerboard_BA": 27.51, "checkerboard_AB": 1.0}, "zh")
    assert "网格 · zebra → horse · 从第 50 张图片起" in html
    assert "27.5 倍" in html
    assert "generator_upsample=resize" in html
    assert "A grid." not in html
    assert "Wait." not in html
    has_it = shown({"checkerboard_BA": 27.51}, "zh", remedy="Wait.")
    assert "generator_upsample=resize" not in has_it  # as the log did not advise it
    assert "checkerboard · zebra to horse · since 50 pictures" in shown({}, "en")
    for language in WORDS:
        assert "A grid." in shown({}, language)  # without the figures it stays as it was told


def said_in(folder: str) -> Iterator[str]:
    """Every text of the code, with `{}` for what it fills in."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "{}"
                    for part in node.values
                )


def test_what_is_refused_is_still_said_like_that() -> None:
    parts = r"([:; ]*\{\w*\}[; ]*)+"  # some come with what is between them
    code = {text for folder in ("app", "cyclegan/contract") for text in said_in(folder)}
    code |= {f"{{}} {text}" for text in code}  # a name is put before some
    code = {re.sub(parts, "*", text) for text in code}
    for english, sentences in refusals.TOLD.items():
        assert re.sub(parts, "*", english) in code, english
        for sentence in sentences.values():
            assert set(re.findall(r"\{\w+\}", sentence)) <= set(re.findall(r"\{\w+\}", english))


def test_a_refusal_speaks_the_language_of_the_visitor() -> None:
    why = "b.txt is not named as a picture (.jpg .png)"
    assert retell_refusal("en", why) == why
    assert retell_refusal("tr", why) == "b.txt adı bir resim adı değil (.jpg .png)"
    inside = f"there is no picture in what was sent: {why}"
    assert retell_refusal("zh", inside) == (
        "发送的内容中没有图片：b.txt 的扩展名不是图片的扩展名（.jpg .png）"
    )
    assert retell_refusal("zh", "the moon is full") == "the moon is full"
    braces = "{name}{0}.png is empty (0 bytes); save or copy it again"
    assert retell_refusal("tr", braces).startswith("{name}{0}.png boş")
