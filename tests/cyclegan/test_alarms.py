"""The rules: what rings, when, and with which remedy."""

import pytest

from cyclegan.alarms import GRACE, PATIENCE, RULES, judge
from cyclegan.config import TrainConfig

HEALTHY = {
    "change": 0.04,
    "colour_correlation": 0.98,
    "diversity": 1.1,
    "checkerboard": 1.0,
    "blobs": 0.0,
    "told_apart": 0.9,
    "adv_gradient": 30.0,
    "astray": 0.05,
}
# By alarm, a reading in which it holds; in the order of RULES.
SICK = {
    "discriminator-saturated": {"told_apart": 1.0},
    "copying": {"change": 0.01},
    "colours-inverted": {"colour_correlation": -0.9},
    "mode-collapse": {"diversity": 0.1},
    "checkerboard": {"checkerboard": 10.0},
    "blobs": {"blobs": 0.1},
    "diverging": {"astray": 0.4},
}


def of_both(**changes: float) -> dict[str, float]:
    """Readings of both directions, from A to B with changes."""
    reading = HEALTHY | changes
    return {f"{name}_AB": value for name, value in reading.items()} | {
        f"{name}_BA": value for name, value in HEALTHY.items()
    }


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_an_alarm_rings_once_with_its_remedy_and_is_over_once(
    config: TrainConfig, code: str
) -> None:
    held: dict[str, int] = {}
    said = [
        judge(readings, held, config, share=0.5)
        for readings in [of_both(**SICK[code])] * (PATIENCE + 2) + [of_both()] * 2
    ]
    assert [len(alarms) for alarms in said] == [0] * (PATIENCE - 1) + [1, 0, 0, 1, 0]
    (begins,), (ends,) = said[PATIENCE - 1], said[PATIENCE + 2]
    assert (begins.code, begins.direction, begins.is_on) == (code, "AtoB", True)
    assert "from red to blue" in begins.text
    assert begins.remedy
    assert "{" not in begins.text + begins.remedy
    assert (ends.code, ends.direction, ends.is_on) == (code, "AtoB", False)
    assert held == {}


@pytest.mark.parametrize(
    ("code", "settings", "advice"),
    [
        ("discriminator-saturated", {"diffaugment": "on"}, "diffaugment=on"),
        ("discriminator-saturated", {"discriminator_norm": "spectral"}, "spectral"),
        ("discriminator-saturated", {"discriminator": "projected"}, "spectral"),
        ("mode-collapse", {"diffaugment": "on"}, "diffaugment=on"),
        ("mode-collapse", {"diffaugment": "auto"}, "diffaugment=on"),
        (
            "checkerboard",
            {"generator": "resnet9", "generator_upsample": "resize"},
            "generator_upsample=resize",
        ),
        ("blobs", {"generator": "plain"}, "generator=plain"),
    ],
)
def test_a_remedy_does_not_advise_what_a_run_has_or_cannot_have(
    config: TrainConfig, code: str, settings: dict[str, str], advice: str
) -> None:
    lacking = config.replace(generator="resnet9")
    for run, is_told in ((lacking, True), (lacking.replace(**settings), False)):
        held = {f"{code}_AB": PATIENCE - 1}
        (alarm,) = judge(of_both(**SICK[code]), held, run, share=0.5)
        assert (advice in alarm.remedy) == is_told
        assert alarm.remedy


def test_health_is_silence(config: TrainConfig) -> None:
    held: dict[str, int] = {}
    assert [judge(of_both(), held, config, share=0.5) for _ in range(5)] == [()] * 5


def test_a_single_sick_reading_is_no_alarm(config: TrainConfig) -> None:
    held: dict[str, int] = {}
    for readings in [of_both(change=0.0), of_both()] * 3:
        assert judge(readings, held, config, share=0.5) == ()


def test_the_start_of_a_run_is_not_judged(config: TrainConfig) -> None:
    held: dict[str, int] = {}
    for _ in range(PATIENCE + 1):
        assert judge(of_both(change=0.0), held, config, share=GRACE / 2) == ()
    assert held == {}


def test_a_critic_may_tell_all_apart_while_its_gradient_lives(config: TrainConfig) -> None:
    critic = config.replace(objective="wgan-gp")
    for changes, codes in (
        ({"told_apart": 1.0}, []),
        ({"adv_gradient": 0.1}, ["discriminator-saturated"]),
    ):
        held = {"discriminator-saturated_AB": PATIENCE - 1}
        alarms = judge(of_both(**changes), held, critic, share=0.5)
        assert [alarm.code for alarm in alarms] == codes
