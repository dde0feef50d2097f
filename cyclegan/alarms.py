"""What can go wrong in a training, and when to say so: one rule each, all of them in RULES.

A rule looks at readings alone (`readings.py`); who hears of an alarm is up to `chronicle.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cyclegan.coherence import DISCRIMINATORS_WITH
from cyclegan.config import TrainConfig

PATIENCE = 2  # readings in a row of which an alarm takes notice
GRACE = 0.05  # share of a run for which generators learn unjudged: untaught ones look sick

# Healthy are, on horse2zebra: the bundled models' translations of four probes at 128 pixels, 2000
# images of resnet6 at 96 pixels and 1500 of plain at 64. Sick is what each line says.
TOLD_APART = 0.99  # healthy 0.51 to 0.90; a discriminator alone: 0.98 after 100 steps, 1.00 at 400
LEAST_GRADIENT = 1.0  # an L1 loss of weight 1; healthy 12 to 129, a dead discriminator 0
LEAST_CHANGE = 0.02  # 2.5 of 255; healthy 0.033 and more, copies by networks 0.010 to 0.022
INVERTED = -0.3  # healthy 0.77 and more, pictures of others -0.19 to 0.24, negatives -1.0
LEAST_DIVERSITY = 0.3  # healthy 0.80 and more; 80 of 100 parts one picture: 0.20 to 0.29
# Healthy 0.7 to 4.3, untrained 6 to 98; dots of a mask gone wrong, plain to see, 5.3 to 7.5; 13 of
# 255 up and down 12 to 16.
MOST_CHECKERBOARD = 5.0
MOST_BLOBS = 0.03  # healthy 0 and less, pictures of others up to 0.020; a ninth covered: 0.06
# Healthy 0.16 after 100 images and 0.03 after 9000, of a tiny student; plain grey is 0.4 away.
MOST_ASTRAY = 0.25

_AUGMENTED = ("on", "auto")  # `diffaugment`, where pictures are few


@dataclass(frozen=True)
class Alarm:
    """Something that began, or ceased, to go wrong in one direction, and what to do about it."""

    code: str  # for scripts: "copying", "mode-collapse", ...
    direction: str  # "AtoB" or "BtoA"; "" where it is about both
    is_on: bool  # False: it is over
    text: str
    remedy: str  # "" where it is over

    def to_row(self, images_seen: int) -> dict[str, Any]:
        """Return it as a line of the log: flat, plain JSON values."""
        return {
            "images_seen": images_seen,
            "alarm": self.code,
            "state": "on" if self.is_on else "off",
            "direction": self.direction,
            "text": self.text,
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class Advice:
    """A sentence of a remedy; not told to a run that has what it advises, or cannot have it."""

    text: str
    key: str = ""  # of a config; "" is told always
    had: tuple[str, ...] = ()  # values of it with which a run has what is advised

    def suits(self, config: TrainConfig) -> bool:
        """Whether there is any news in it for a run."""
        if not self.key:
            return True
        discriminators = DISCRIMINATORS_WITH.get(self.key, (config.discriminator,))
        return config.discriminator in discriminators and getattr(config, self.key) not in self.had


@dataclass(frozen=True)
class Rule:
    """When an alarm rings, and what it says; the texts may name readings and fields of a config."""

    code: str
    holds: Callable[[Mapping[str, float], TrainConfig], bool]  # readings of a direction, "change"
    text: str
    remedy: tuple[Advice, ...]


RULES = (
    Rule(
        "discriminator-saturated",
        # A critic of wgan-gp is to tell all apart: its penalty keeps the gradient alive.
        lambda reading, config: (
            reading.get("adv_gradient", 1.0) < LEAST_GRADIENT  # a student may have no judge
            or (reading.get("told_apart", 0.5) > TOLD_APART and config.objective != "wgan-gp")
        ),
        "The discriminator leaves the generator from {source} to {target} nothing to learn from: "
        "it ranks {told_apart:.1%} of real patches above fake ones, and its gradient is "
        "{adv_gradient:.2g}.",
        (
            Advice(
                "If sheets stop getting better, start a new run with more pictures or a smaller "
                "discriminator_width than {discriminator_width}."
            ),
            Advice("--set diffaugment=on helps where pictures are few.", "diffaugment", _AUGMENTED),
            Advice(
                "--set discriminator_norm=spectral keeps the gradient alive.",
                "discriminator_norm",
                ("spectral",),
            ),
        ),
    ),
    Rule(
        "copying",
        lambda reading, _: reading["change"] < LEAST_CHANGE,
        "The generator from {source} to {target} copies its input: colours and texture change by "
        "{change:.3f}, of a range of 2.",
        (
            Advice(
                "Start a new run in which changing weighs less: lower lambda_identity (now "
                "{lambda_identity:g}), lambda_self ({lambda_self:g}) or lambda_cycle "
                "({lambda_cycle:g}); and let `cyclegan doctor` say whether the domains differ."
            ),
        ),
    ),
    Rule(
        "colours-inverted",
        lambda reading, _: reading["colour_correlation"] < INVERTED,
        "The generator from {source} to {target} turns colours into their opposites (correlation "
        "{colour_correlation:+.2f}); going there and back undoes it, so no loss forbids it.",
        (
            Advice(
                "Start a new run with another --seed, or with a higher lambda_identity than "
                "{lambda_identity:g}, which keeps colours; unless {source} and {target} are "
                "negatives."
            ),
        ),
    ),
    Rule(
        "mode-collapse",
        lambda reading, _: reading["diversity"] < LEAST_DIVERSITY,
        "The generator from {source} to {target} answers different pictures with much the same "
        "one: its translations differ {diversity:.0%} as much as real pictures do.",
        (
            Advice(
                "Start a new run with a higher lambda_cycle than {lambda_cycle:g} (simgan: "
                "lambda_self), or a lower learning_rate than {learning_rate:g}."
            ),
            Advice("--set diffaugment=on helps where pictures are few.", "diffaugment", _AUGMENTED),
        ),
    ),
    Rule(
        "checkerboard",
        lambda reading, _: reading["checkerboard"] > MOST_CHECKERBOARD,
        "Translations from {source} to {target} show a grid: {checkerboard:.1f} times as much of "
        "their finest detail repeats every few pixels as in real pictures.",
        (
            Advice("It often fades as training goes on."),
            Advice(
                "If it stays: --set generator=resnet6 --set generator_upsample=resize, in a new "
                "run.",
                "generator_upsample",
                ("resize",),
            ),
        ),
    ),
    Rule(
        "blobs",
        lambda reading, _: reading["blobs"] > MOST_BLOBS,
        "Translations from {source} to {target} have blobs: {blobs:.1%} more of their area than "
        "of real pictures is plain black, white or full colour that was not there.",
        (
            Advice(
                "Start a new run with a lower learning_rate than {learning_rate:g} or a higher "
                "lambda_identity than {lambda_identity:g}."
            ),
            Advice(
                "Norms of ResNets make blobs, --set generator=plain has none.",
                "generator",
                ("plain",),
            ),
        ),
    ),
    Rule(
        "diverging",
        lambda reading, _: reading.get("astray", 0.0) > MOST_ASTRAY,
        "The student from {source} to {target} does not follow its teacher: its translations are "
        "{astray:.2f} away from the teacher's, of a range of 2.",
        (
            Advice(
                "The teacher and the last checkpoints are as they were; start a new run with a "
                "lower learning_rate than {learning_rate:g}, or a higher lambda_teacher than "
                "{lambda_teacher:g}."
            ),
        ),
    ),
)


def judge(
    readings: Mapping[str, float], held: dict[str, int], config: TrainConfig, share: float
) -> tuple[Alarm, ...]:
    """Say which alarms begin and which are over with these readings.

    Args:
        readings: of `take_readings`, by name: "change_AB", ...
        held: for how many readings in a row each rule has held, by "copying_AB"; brought up to
            date here.
        share: of the run, that the generators have learned for; before `GRACE` nothing is judged.
    """
    if share < GRACE:
        return ()
    alarms = []
    names = {"A": config.name_a, "B": config.name_b}
    for source, target in ("AB", "BA"):
        suffix = f"_{source}{target}"
        reading = {
            name.removesuffix(suffix): value
            for name, value in readings.items()
            if name.endswith(suffix)
        }
        if not reading:  # not every method has a way back
            continue
        words = config.to_dict() | reading | {"source": names[source], "target": names[target]}
        direction = f"{source}to{target}"
        for rule in RULES:
            key, before = rule.code + suffix, held.pop(rule.code + suffix, 0)
            if rule.holds(reading, config):
                held[key] = before + 1
                if held[key] == PATIENCE:
                    text = rule.text.format_map(words)
                    told = [advice.text for advice in rule.remedy if advice.suits(config)]
                    remedy = " ".join(told).format_map(words)
                    alarms.append(Alarm(rule.code, direction, True, text, remedy))
            elif before >= PATIENCE:
                text = f"From {names[source]} to {names[target]} that is over."
                alarms.append(Alarm(rule.code, direction, False, text, ""))
    return tuple(alarms)


def nonfinite(names: Iterable[str], images_seen: int) -> Alarm:
    """Return the alarm that stops a run: what is called `names` is no number any more."""
    return Alarm(
        "non-finite",
        "",
        True,
        f"{', '.join(names)} became infinite or no number before {images_seen} images.",
        "Checkpoints from before that are kept; start a new run with a lower "
        "learning_rate, or with precision=fp32.",
    )
