import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from app.store import Store
from cyclegan.contract.card import Metric, ModelCard

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

from app.web import cards
from app.web.models import describe
from app.web.picker import offer


@pytest.fixture
def card(weights_dir: Path) -> ModelCard:
    return Store(weights_dir).card("negate")


def test_markup_in_a_card_is_shown_and_not_run(card: ModelCard) -> None:
    evil = "<script>alert(1)</script>"
    metric = Metric(name=evil, value=1.0, unit=evil, direction="lower", protocol=f'"{evil}')
    hostile = dataclasses.replace(
        card, title=evil, description=evil, licence=evil, known_limits=(evil,), metrics=(metric,)
    )
    for html in (cards.choice(hostile, chosen=True), cards.full(hostile), cards.broken(evil, evil)):
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_factor_belongs_to_the_name_of_a_metric(card: ModelCard) -> None:
    kid = Metric(name="KID", value=18.726, unit="x100", direction="lower", protocol="how")
    share = Metric(name="zebras", value=62.5, unit="%", direction="higher", protocol="how")
    html = cards.choice(dataclasses.replace(card, metrics=(kid, share)), chosen=False)
    assert "KID ×100 18.73" in html
    assert "zebras 62.5%" in html
    assert html.index("lower is better") < html.index("higher is better")


def test_picker_keeps_a_choice_that_is_still_there(
    weights_dir: Path, add_model: Callable[..., ModelCard]
) -> None:
    add_model(weights_dir, "same", "Identity")
    store = Store(weights_dir)
    assert offer(store, "same")[0] == "same"
    (weights_dir / "same.json").unlink()
    chosen, listed = offer(store, "same")
    assert chosen == "negate"
    assert 'value="same"' not in listed


def test_broken_model_is_listed_with_its_reason_after_the_usable_ones(weights_dir: Path) -> None:
    (weights_dir / "broken.json").write_text("{", "utf-8")
    html = describe(Store(weights_dir))
    assert html.index("Photo to negative") < html.index("broken.json is not JSON")
    assert str(weights_dir) not in html


@pytest.mark.parametrize("folder", ["", "missing"])
def test_without_models_the_page_says_what_to_do(tmp_path: Path, folder: str) -> None:
    store = Store(tmp_path / folder)
    assert offer(store, None)[0] == ""
    for html in (offer(store, None)[1], describe(store)):
        assert "No model is installed" in html
        assert "cyclegan train" in html
