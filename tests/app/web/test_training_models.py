"""What the page offers to make of a training."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

pytest.importorskip("gradio", reason="the page needs gradio (extra: web)")

import gradio as gr

from app.trainings.standing import Training
from app.web.training_models import Maker, Offer, find_offer, show_offer

WAYS = (("ink to paper", "AtoB"), ("paper to ink", "BtoA"))
CHECKPOINTS = (("latest", "latest"), ("best", "best"))
STUDENTS = (("Tiny", "tiny"), ("Small", "small"))
OFFER = Offer(WAYS, "AtoB", CHECKPOINTS, "best", STUDENTS, "ink2paper", is_over=True)


@pytest.fixture
def maker() -> Maker:
    """Components that no page lays out: an event answers by them."""
    components: dict[str, Any] = {each.name: gr.Radio() for each in fields(Maker)}
    return Maker(**components)


def value(updates: Any, component: Any) -> Any:
    """What an update makes the choice, None where it leaves the choice alone."""
    return updates[component].constructor_args.get("value")


def test_an_offer_that_grows_leaves_what_is_chosen(maker: Maker) -> None:
    more = replace(OFFER, checkpoints=(("latest, KID 2", "latest"), ("best, KID 1", "best")))
    updates = show_offer(maker, more, OFFER, "AtoB")
    assert updates[maker.checkpoint].choices == [(name, at) for name, at in more.checkpoints]
    assert value(updates, maker.checkpoint) is None
    assert maker.direction not in updates
    assert maker.compared not in updates
    assert maker.name not in updates  # nor does it disturb who types
    assert maker.student not in updates


def test_another_advice_other_pictures_and_another_training_are_chosen_anew(maker: Maker) -> None:
    only = replace(OFFER, checkpoints=OFFER.checkpoints[:1], checkpoint="latest")
    assert value(show_offer(maker, OFFER, only, "AtoB"), maker.checkpoint) == "best"

    back = replace(OFFER, direction="BtoA", name="paper2ink")
    updates = show_offer(maker, back, OFFER, "BtoA")
    assert value(updates, maker.checkpoint) == "best"
    assert value(updates, maker.direction) is None  # the person chose it
    assert updates[maker.compared] is None
    assert updates[maker.name].placeholder == "paper2ink"

    assert maker.student not in updates

    updates = show_offer(maker, OFFER, None, None)
    assert value(updates, maker.student) == "tiny"
    assert (value(updates, maker.direction), value(updates, maker.checkpoint)) == ("AtoB", "best")


@pytest.mark.parametrize(("generator", "first"), [("plain", "shallow"), ("resnet9", "tiny")])
def test_with_the_layers_of_its_teacher_a_student_begins_where_it_can(
    measured: Callable[..., Training], generator: str, first: str
) -> None:
    offer = find_offer(measured({20: 6.0}, generator=generator), "AtoB", "en")
    assert offer.students[0][1] == first
    assert [size for _, size in offer.students][-2:] == ["tiny", "small"]
