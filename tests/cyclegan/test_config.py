import json
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from cyclegan.cli.command import register
from cyclegan.coherence import GENERATORS_WITH
from cyclegan.config import TrainConfig
from cyclegan.contract.errors import ConfigError
from cyclegan.discriminators import DISCRIMINATORS
from cyclegan.fields import PLAIN_SIZES
from cyclegan.losses import OBJECTIVES
from cyclegan.methods import STEPS
from cyclegan.networks import GENERATORS
from cyclegan.presets import PRESETS, preset_config
from tests.cyclegan.runs import DISTILL


def test_the_paper_preset_is_the_papers() -> None:
    # Zhu et al. 2017, section 4: lambda 10, pool 50, Adam at 2e-4 with batch 1, 100 epochs and
    # 100 of decay; 5.2: identity at half the cycle weight; 7.2: 9 blocks at 256x256 of 286x286.
    config = preset_config("paper")
    assert (config.generator, config.generator_width, config.crop_size) == ("resnet9", 64, 256)
    assert (config.load_size_min, config.load_size_max) == (286, 286)
    assert (config.lambda_cycle, config.lambda_identity, config.pool_size) == (10, 5, 50)
    assert (config.learning_rate, config.beta1, config.batch_size) == (2e-4, 0.5, 1)
    assert (config.decay_start, config.max_images) == (0.5, 200 * 1067)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_config_knows_its_preset(preset: str) -> None:
    assert preset_config(preset).preset == preset


def test_an_unknown_preset_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match='"fast"'):
        preset_config("fats")


def test_an_unknown_key_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r'lamda_cycle.*"lambda_cycle"'):
        TrainConfig().replace(lamda_cycle=1.0)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("batch_size", 0),
        ("batch_size", "2"),
        ("crop_size", 130),
        ("precision", "fp8"),
        ("generator", "resnet7"),
        ("discriminator", "patch7"),
        ("learning_rate", 0),
        ("load_size_min", 100),
        ("load_size_max", 200),
        ("decay_start", 1.0),
        ("max_images", 0),
        ("flip", 1),
        ("evaluate_every", -1),
        ("evaluate_pictures", 1),
        ("patience", 1),  # where nothing is measured
        ("learning_rate", float("nan")),
        ("warmup_images", 213_400),  # the whole run
        ("lambda_penalty", 5),  # of wgan-gp alone
        ("self_scale", 4),  # of lambda_self, which is 0
        ("generator_width", 10**23),  # no machine has the memory, and some numbers no C type
        ("discriminator_width", 1025),
        ("generator_blocks", 257),
        ("num_workers", 257),
        ("load_size_max", 10_001),
    ],
)
def test_a_value_without_sense_is_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=key):
        TrainConfig().replace(**{key: value})


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("flip", "maybe", "true or false"),
        ("max_images", 1e4, "a whole number"),
        ("beta1", "half", "a number"),
        ("name_a", 1, "a text"),
    ],
)
def test_a_value_of_another_kind_is_told_what_was_expected(
    key: str, value: object, wanted: str
) -> None:
    with pytest.raises(ConfigError, match=f"{key}: expected {wanted}, got {value!r}; correct it"):
        TrainConfig().replace(**{key: value})


def test_a_training_without_an_end_is_told_both_ways_to_give_one() -> None:
    with pytest.raises(ConfigError, match="max_images: expected 1 or more, or max_minutes above 0"):
        TrainConfig().replace(max_images=0, max_minutes=0.0)


def test_a_weight_of_what_is_not_there_may_be_zero() -> None:
    assert TrainConfig().replace(lambda_penalty=0.0).lambda_penalty == 0


def test_the_networks_that_a_config_may_name_are_those_that_exist() -> None:
    hints = get_type_hints(TrainConfig)
    assert set(get_args(hints["generator"])) == set(GENERATORS)
    assert set(get_args(hints["discriminator"])) == set(DISCRIMINATORS)
    assert set(get_args(hints["objective"])) == set(OBJECTIVES)
    assert set(get_args(hints["method"])) == set(STEPS)


@pytest.mark.parametrize(
    ("generator", "key", "value"),
    [
        ("unet128", "generator_blocks", 6),
        ("unet128", "generator_upsample", "blur"),
        ("plain", "generator_norm", "affine"),
        ("plain", "generator_padding", "zero"),
    ],
)
def test_a_choice_that_a_generator_does_not_know_is_refused_naming_both(
    generator: str, key: str, value: object
) -> None:
    with pytest.raises(ConfigError, match=rf"{key}.*{value!r}.*{generator!r}.*resnet9"):
        TrainConfig().replace(generator=generator, **{key: value})


def test_attention_knows_what_a_resnet_knows() -> None:
    resnet = {name for name, generators in GENERATORS_WITH.items() if "resnet9" in generators}
    attention = {name for name, generators in GENERATORS_WITH.items() if "attention" in generators}
    assert attention == resnet


def test_crops_fit_the_generator() -> None:
    with pytest.raises(ConfigError, match=r"crop_size: .* multiple of 256 \(generator unet256,"):
        TrainConfig().replace(generator="unet256", crop_size=128)


def test_crops_fit_the_discriminator() -> None:
    with pytest.raises(ConfigError, match=r"multiple of 32 \(generator plain, .* projected\)"):
        TrainConfig().replace(generator="plain", discriminator="projected", crop_size=100)


@pytest.mark.parametrize(
    ("discriminator", "key", "value"),
    [
        ("projected", "discriminator_norm", "spectral"),
        ("projected", "discriminator_downsample", "blur"),
        ("patch70", "discriminator_backbone", "resnet18"),
        ("patch70", "discriminator_weights", "resnet18.pth"),
    ],
)
def test_a_choice_that_a_discriminator_does_not_know_is_refused_naming_both(
    discriminator: str, key: str, value: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{key}.*{value!r}.*{discriminator!r} does not know"):
        TrainConfig().replace(discriminator=discriminator, **{key: value})


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"generator": "plain", "generator_levels": 3, "generator_blocks": 3}, "4 or more"),
        ({"generator": "plain", "generator_levels": 0}, "from 1 to 4"),
        ({"generator": "plain", "border": 3}, "a multiple of 2"),
        ({"generator": "resnet9", "border": 4}, "know; set it to 0, or take one of plain$"),
        ({"generator": "plain", "generator_levels": 10**9}, "from 1 to 4"),
        ({"lambda_self": 1, "self_scale": 300}, r"self_scale: expected from 1 to crop_size \(256"),
        ({"crop_size": -5}, "^crop_size: expected a multiple of 4 .* got -5"),
        # Their turns are steps 3 and 6; that of step 3, at 12 images, is part of the head start.
        ({"batch_size": 4, "d_steps": 3, "head_start_images": 12, "max_images": 20}, "24 or more"),
        ({"head_start_images": 9, "max_images": 9}, r"10 or more.*head_start_images \(9\)"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    settings: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        TrainConfig().replace(**settings)


def test_a_run_of_which_generators_learn_one_step_makes_sense() -> None:
    TrainConfig().replace(batch_size=4, d_steps=3, head_start_images=11, max_images=12)
    TrainConfig().replace(head_start_images=9, max_images=10)
    TrainConfig().replace(batch_size=8, max_images=1)  # a whole batch all the same


def test_simgan_with_a_way_back_is_a_contradiction() -> None:
    with pytest.raises(ConfigError, match="simgan has no way back, so lambda_cycle must be 0"):
        preset_config("fast").replace(method="simgan")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"lambda_perceptual": 1}, "perceptual_weights is ''; give both"),
        ({"perceptual_weights": "vgg16.pth"}, "lambda_perceptual is 0.0 .* give both"),
        (
            {"lambda_perceptual": 1, "perceptual_weights": "vgg16.pth", "lambda_cycle": 0},
            "lambda_cycle is 0: there is no round trip",
        ),
        ({"lambda_perceptual": -1, "perceptual_weights": "vgg16.pth"}, "expected 0 or more"),
    ],
)
def test_the_perceptual_term_needs_a_network_and_a_round_trip(
    settings: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        TrainConfig().replace(**settings)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"teacher": "negate"}, "teacher is 'negate', which method 'cyclegan' does not know"),
        ({"direction": "BtoA"}, "direction is 'BtoA'.*distill"),
        ({"lambda_teacher": 1}, "lambda_teacher is 1.0.* set it to 0.0"),
        (
            DISTILL | {"lambda_identity": 1},
            "lambda_identity is 1.0, which method 'distill'.*simgan",
        ),
        (
            DISTILL
            | {"lambda_adversarial": 0, "discriminator": "projected", "lambda_similarity": 1},
            "lambda_similarity: expected 0.0, as lambda_adversarial is 0",
        ),
        (DISTILL | {"lambda_identity": 1}, "lambda_identity is 1.0, which method 'distill'"),
        (DISTILL | {"lambda_cycle": 1}, "distill has no way back"),
        ({"lambda_adversarial": 0}, "lambda_adversarial is 0, which leaves method 'cyclegan' noth"),
        (
            DISTILL | {"lambda_adversarial": 0, "lambda_teacher": 0, "lambda_structure": 0},
            "lambda_teacher: expected more than 0, as lambda_adversarial is 0, got 0",
        ),
        (
            DISTILL | {"lambda_adversarial": 0, "head_start_images": 5},
            "head_start_images: expected 0, as lambda_adversarial is 0, got 5",
        ),
        (DISTILL | {"lambda_adversarial": -1}, "lambda_adversarial: expected 0 or more"),
        (DISTILL | {"teacher_cache_mb": 0}, "teacher_cache_mb: expected at least 1"),
    ],
)
def test_what_a_method_does_not_know_is_refused(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        TrainConfig().replace(**settings)


def test_a_whole_number_serves_as_a_float() -> None:
    assert isinstance(TrainConfig().replace(lambda_cycle=5).lambda_cycle, float)


def test_a_size_is_short_for_width_and_blocks(data_dir: Path, tmp_path: Path) -> None:
    command = typer.Typer()
    register(command)
    arguments = ["train", f"--data={data_dir}", f"--out={tmp_path}", "--dry-run", "--size=tiny"]
    result = CliRunner().invoke(command, [*arguments, "--set=generator_levels=2"])
    config = json.loads(result.stdout)
    assert (config["generator"], config["generator_width"], config["generator_blocks"]) == (
        "plain",
        *PLAIN_SIZES["tiny"],
    )
    result = CliRunner().invoke(command, [*arguments, "--set=generator_width=64"])
    assert "--size tiny means generator_width=48, and --set says 64" in str(result.exception)
