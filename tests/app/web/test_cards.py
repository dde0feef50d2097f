import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from app.store import Store
from app.translator import Pace
from cyclegan.contract.card import Metric, ModelCard
from cyclegan.contract.errors import CycleGANError

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

from app.web import cards
from app.web.models import describe, hold_against_cards, without_folder
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
    for html in (
        cards.choice(hostile, Path(), chosen=True),
        cards.full(hostile, Path()),
        cards.broken(evil, evil),
    ):
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_nothing_in_a_card_turns_the_letters_round(
    weights_dir: Path, add_model: Callable[..., ModelCard]
) -> None:
    turned, plain = "Zebra\u202e\nesroh \u2066to", r"Zebra\u202e esroh \u2066to"
    told = dict.fromkeys(("title", "description", "licence"), turned)
    card = add_model(weights_dir, "turned", **told, known_limits=(turned,))
    for html in (
        cards.choice(card, Path(), chosen=True),
        cards.full(card, Path()),
        cards.broken(turned, turned),
    ):
        assert plain in html
        assert not {"\u202e", "\u2066"} & set(html)


def test_a_card_shows_its_example_where_there_is_one_that_is_small(
    card: ModelCard, tmp_path: Path
) -> None:
    told = dataclasses.replace(card, example="pair.jpg")
    assert "<img" not in cards.full(told, tmp_path)
    (tmp_path / "pair.jpg").write_bytes(b"jpeg")
    for html in (cards.full(told, tmp_path), cards.choice(told, tmp_path, chosen=False)):
        assert 'src="data:image/jpeg;base64,anBlZw=="' in html
    assert "<img" not in cards.full(card, tmp_path)
    (tmp_path / "pair.jpg").write_bytes(bytes(cards.EXAMPLE_BYTES + 1))
    assert "<img" not in cards.full(told, tmp_path)


def test_what_is_not_known_of_a_model_is_not_told(card: ModelCard, tmp_path: Path) -> None:
    assert "Network" in cards.full(card, tmp_path)
    unknown = dict.fromkeys(("architecture", "training", "parity", "training_size"))
    html = cards.full(dataclasses.replace(card, **unknown), tmp_path)
    assert "made elsewhere" in html
    assert "Network" not in html
    assert "None" not in html


def test_a_licence_is_called_one(card: ModelCard, tmp_path: Path) -> None:
    told = dataclasses.replace(card, licence="not stated")
    assert "<li>Licence: not stated</li>" in cards.choice(told, tmp_path, chosen=True)
    assert "<p>Licence: not stated</p>" in cards.full(told, tmp_path)
    address = dataclasses.replace(card, licence="https://example.org/licence")
    assert cards.choice(address, tmp_path, chosen=True).count(f"Licence: {address.licence}<") == 2
    assert "许可：not stated" in cards.choice(told, tmp_path, chosen=True, language="zh")


def test_what_is_long_or_only_for_experts_is_folded_away(card: ModelCard, tmp_path: Path) -> None:
    licence = "Research use only: trained on pictures, of no licence; and on others"
    figure = Metric("KID", 7.8, "x100", "lower", "all of testA")
    told = dataclasses.replace(card, licence=licence, metrics=(figure,))
    html = cards.choice(told, tmp_path, chosen=True, pace=Pace(0.05, 64, 64))
    folded = html[html.index("<summary>") :]
    assert " · Licence: Research use only</summary>" in folded
    assert all(text in folded for text in (licence, "KID ×100 7.8", "64 pixels here"))
    assert "KID" not in html.removesuffix(folded)


def test_a_card_tells_how_long_a_picture_took_here(card: ModelCard, tmp_path: Path) -> None:
    for seconds, time in ((0.0417, "42 ms"), (1.26, "1.3 s")):
        pace = Pace(seconds, 512, 341)
        short = cards.choice(card, tmp_path, chosen=True, pace=pace)
        for html in (short, cards.full(card, tmp_path, pace=pace)):
            assert f">{time} for 512 × 341 pixels here</" in html
    assert "pixels here" not in cards.full(card, tmp_path)


def test_figures_that_were_measured_alike_stand_together(card: ModelCard, tmp_path: Path) -> None:
    metrics = tuple(
        Metric(name, 1.0, "%", "higher", protocol)
        for name, protocol in (("KID", "one"), ("recognised as class 340", "one"), ("SSIM", "two"))
    )
    html = cards.full(dataclasses.replace(card, metrics=metrics), tmp_path)
    assert [html.count(each) for each in (">one<", ">two<", "<li><strong>1%")] == [1, 1, 3]
    assert html.index("340 <small>") < html.index(">one<") < html.index("SSIM")
    assert html.count("340 is the zebra") == 1
    assert html.count("What was measured") == 1
    assert "measured" not in cards.full(dataclasses.replace(card, metrics=()), tmp_path)
    assert "zebra" not in cards.full(dataclasses.replace(card, metrics=metrics[2:]), tmp_path)


def test_files_are_held_against_their_cards(weights_dir: Path) -> None:
    assert "is unchanged: it matches its card" in hold_against_cards(Store(weights_dir))
    model = weights_dir / "negate.onnx"
    model.write_bytes(model.read_bytes().replace(b"Neg", b"Abs"))
    html = hold_against_cards(Store(weights_dir))
    assert "its card says" in html
    assert str(weights_dir) not in html
    assert "no model to verify" in hold_against_cards(Store(weights_dir / "none"))


def test_factor_belongs_to_the_name_of_a_metric(card: ModelCard) -> None:
    kid = Metric(name="KID", value=18.726, unit="x100", direction="lower", protocol="how")
    share = Metric(name="zebras", value=62.5, unit="%", direction="higher", protocol="how")
    html = cards.choice(dataclasses.replace(card, metrics=(kid, share)), Path(), chosen=False)
    assert "KID ×100 18.73" in html
    assert "zebras 62.5%" in html
    assert html.index("lower is better") < html.index("higher is better")


def test_picker_keeps_a_choice_also_while_its_files_are_replaced(
    weights_dir: Path, add_model: Callable[..., ModelCard]
) -> None:
    add_model(weights_dir, "same", "Identity")
    store = Store(weights_dir)
    assert offer(store, "same", "en")[0] == "same"
    (weights_dir / "same.json").unlink()
    chosen, listed = offer(store, "same", "en")
    assert chosen == "same"
    assert 'value="same"' not in listed
    assert "checked" not in listed


def test_no_refusal_tells_where_the_models_are(weights_dir: Path) -> None:
    store = Store(weights_dir)
    (weights_dir / "negate.onnx").write_bytes(b"torn")
    for refused in ("nonsense", "negate"):
        with pytest.raises(CycleGANError) as raised:
            store.card(refused)
        assert str(weights_dir) in str(raised.value)
        assert str(weights_dir) not in without_folder(str(raised.value), store)


def test_models_of_one_title_are_told_apart_by_their_names(
    weights_dir: Path, add_model: Callable[..., ModelCard]
) -> None:
    store = Store(weights_dir)
    assert "<code>" not in offer(store, None, "en")[1]
    add_model(weights_dir, "inverted")
    listed = offer(store, None, "en")[1]
    assert listed.count("<code>") == 2
    assert "Photo to negative <code>inverted</code>" in listed


def test_broken_model_is_listed_with_its_reason_after_the_usable_ones(weights_dir: Path) -> None:
    (weights_dir / "broken.json").write_text("{", "utf-8")
    html = describe(Store(weights_dir), "en")
    assert html.index("Photo to negative") < html.index("broken.json is not JSON")
    assert str(weights_dir) not in html


@pytest.mark.parametrize("folder", ["", "missing"])
def test_without_models_the_page_says_what_to_do(tmp_path: Path, folder: str) -> None:
    store = Store(tmp_path / folder)
    assert offer(store, None, "en")[0] == ""
    for html in (offer(store, None, "en")[1], describe(store, "en")):
        assert "No model is installed" in html
        assert "cyclegan train" in html
