"""Which settings of a training run make no sense, alone or together, and what to do about it.

No torch here.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Literal, get_args, get_origin, get_type_hints

from cyclegan.contract.errors import ConfigError
from cyclegan.fields import Fields

_RESNETS = ("resnet6", "resnet9", "attention")
# Which generators know a setting; with the others it keeps its default.
GENERATORS_WITH = {
    "generator_blocks": (*_RESNETS, "plain"),
    "generator_norm": (*_RESNETS, "unet128", "unet256"),
    "generator_padding": _RESNETS,
    "generator_downsample": _RESNETS,
    "generator_upsample": _RESNETS,
    "generator_levels": ("plain",),
    "border": ("plain",),
    "mask_threshold": ("plain",),
}
# The same for discriminators.
DISCRIMINATORS_WITH = {
    "discriminator_norm": ("patch70",),
    "discriminator_downsample": ("patch70",),
    "discriminator_backbone": ("projected",),
    "discriminator_weights": ("projected",),
    "discriminator_pixels": ("projected",),
    "lambda_similarity": ("projected",),
}
# Which methods know a setting; with the others a weight is 0, and the rest keeps its default.
_METHODS_WITH = {
    "direction": ("distill",),
    "teacher": ("distill",),
    "lambda_teacher": ("distill",),
    "lambda_structure": ("distill",),
    "lambda_layers": ("distill",),
    "lambda_identity": ("cyclegan", "simgan"),
}

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def check(config: Fields) -> None:
    """Raise ConfigError where a setting is of the wrong kind, or does not go with the others."""
    _check_types(config)
    _check_ranges(config)
    _check_method(config)
    _check_objective(config)
    _check_networks(config)
    _check_length(config)


def _check_types(config: Fields) -> None:
    hints = get_type_hints(type(config))
    for field in dataclasses.fields(config):
        value, wanted = getattr(config, field.name), hints[field.name]
        if get_origin(wanted) is Literal:
            _require(config, field.name, value in get_args(wanted), " or ".join(get_args(wanted)))
            continue
        _require(config, field.name, type(value) is wanted, _KINDS[wanted])
        if wanted is float:
            _require(config, field.name, math.isfinite(value), "a finite number")


def _check_ranges(config: Fields) -> None:
    # First, as what a crop must be a multiple of depends on it.
    _require(config, "generator_levels", 1 <= config.generator_levels <= 4, "from 1 to 4")
    ranges: tuple[tuple[str, Callable[[float], bool], str], ...] = (
        ("at least 1", lambda value: value >= 1, "batch_size d_steps log_every "
         "sheet_every checkpoint_every alarm_every sheet_pictures teacher_cache_mb"),
        ("from 1 to 1024", lambda value: 1 <= value <= 1024, "generator_width "
         "discriminator_width"),
        ("from 0 to 256", lambda value: 0 <= value <= 256, "generator_blocks num_workers"),
        ("more than 0", lambda value: value > 0, "learning_rate"),
        ("0 or more", lambda value: value >= 0, "lambda_cycle lambda_identity pool_size "
         "lambda_self lambda_variation lambda_smooth lambda_similarity lambda_neither "
         "lambda_adversarial "
         "lambda_teacher lambda_structure lambda_layers lambda_penalty lambda_perceptual "
         "head_start_images warmup_images max_images max_minutes evaluate_every patience"),
        ("at least 2", lambda value: value >= 2, "evaluate_pictures"),
        ("from 0 to 2**32 - 1", lambda value: 0 <= value < 2**32, "seed"),
        ("in [0, 1)", lambda value: 0 <= value < 1, "decay_start ema_decay beta1 beta2 "
         "mask_threshold"),
        (f"a multiple of {config.crop_multiple} (generator {config.generator}, discriminator "
         f"{config.discriminator}), at least 32",
         lambda value: value % config.crop_multiple == 0 and value >= 32, "crop_size"),
        (f"from 1 to crop_size ({config.crop_size})",
         lambda value: 1 <= value <= config.crop_size, "self_scale"),
        (f"a multiple of {config.size_multiple // 2}, less than crop_size",
         lambda value: value % (config.size_multiple // 2) == 0 and 0 <= value < config.crop_size,
         "border"),
        (f"at least crop_size ({config.crop_size})", lambda value: value >= config.crop_size,
         "load_size_min"),
        (f"from load_size_min ({config.load_size_min}) to 10000",
         lambda value: config.load_size_min <= value <= 10_000, "load_size_max"),
    )  # fmt: skip
    for wanted, holds, names in ranges:
        for name in names.split():
            _require(config, name, holds(getattr(config, name)), wanted)


def _check_method(config: Fields) -> None:
    if len(config.directions) == 1 and config.lambda_cycle > 0:
        raise ConfigError(
            f"method {config.method} has no way back, so lambda_cycle must be 0, not "
            f"{config.lambda_cycle!r}; set it, or take method cyclegan"
        )
    if config.lambda_adversarial == 0:
        _check_without_discriminators(config)
    for name, methods in _METHODS_WITH.items():
        value = getattr(config, name)
        neutral = 0.0 if name.startswith("lambda_") else getattr(type(config), name)
        if value != neutral and config.method not in methods:
            raise ConfigError(
                f"{name} is {value!r}, which method {config.method!r} does not know; set it to "
                f"{neutral!r}, or take one of {', '.join(methods)}"
            )


def _check_without_discriminators(config: Fields) -> None:
    if config.method != "distill":
        raise ConfigError(
            f"lambda_adversarial is 0, which leaves method {config.method!r} nothing that asks for "
            "the target domain; set it to 1, or take method distill"
        )
    learned = config.lambda_teacher + config.lambda_structure
    _require(config, "lambda_teacher", learned > 0, "more than 0, as lambda_adversarial is 0")
    for name in ("head_start_images", "d_steps", "lambda_similarity"):
        usual = getattr(type(config), name)
        _require(config, name, _is_default(config, name), f"{usual}, as lambda_adversarial is 0")


def _check_objective(config: Fields) -> None:
    has_penalty = config.objective == "wgan-gp"
    is_unasked = config.lambda_penalty == 0 or _is_default(config, "lambda_penalty")
    _require(config, "lambda_penalty", has_penalty or is_unasked,
                  f"0, as objective {config.objective} has no penalty")  # fmt: skip
    _require(config, "self_scale", config.lambda_self > 0 or _is_default(config, "self_scale"),
                  "1 where lambda_self is 0")  # fmt: skip
    if (config.lambda_perceptual > 0) != bool(config.perceptual_weights):
        raise ConfigError(
            f"lambda_perceptual is {config.lambda_perceptual!r} and perceptual_weights is "
            f"{config.perceptual_weights!r}; give both, a weight and a file of VGG16, or neither"
        )
    if config.lambda_perceptual > 0 and config.lambda_cycle == 0:
        raise ConfigError(
            f"lambda_perceptual is {config.lambda_perceptual!r}, but lambda_cycle is 0: there is "
            "no round trip to look at; set lambda_cycle, or leave lambda_perceptual out"
        )


def _check_networks(config: Fields) -> None:
    for kind, table in (
        ("generator", GENERATORS_WITH),
        ("discriminator", DISCRIMINATORS_WITH),
    ):
        chosen = getattr(config, kind)
        for name, networks in table.items():
            if not _is_default(config, name) and chosen not in networks:
                raise ConfigError(
                    f"{name} is {getattr(config, name)!r}, which {kind} {chosen!r} does not "
                    f"know; set it to {getattr(type(config), name)!r}, or take one of "
                    f"{', '.join(networks)}"
                )
    fewest = 1 << (config.generator_levels - 1)  # a coarser level takes half of the blocks
    has_blocks = config.generator_blocks == 0 or config.generator_blocks >= fewest
    wanted = f"0, or {fewest} or more with generator_levels {config.generator_levels}"
    _require(config, "generator_blocks", has_blocks, wanted)


def _check_length(config: Fields) -> None:
    is_useful = not config.patience or config.is_measured
    _require(config, "patience", is_useful, "0 where nothing is measured: "
                  "it needs evaluate_every, and test_a or test_b")  # fmt: skip
    has_limit = config.max_images > 0 or config.max_minutes > 0
    _require(config, "max_images", has_limit, "1 or more, or max_minutes above 0")
    if config.max_images > 0:
        turn = (
            config.d_steps * config.batch_size
        )  # pictures from one of the generators' to the next
        first = (config.head_start_images // turn + 1) * turn
        _require(config, "max_images", config.max_images > first - config.batch_size,
                      f"{first} or more, so that generators get a turn after head_start_images "
                      f"({config.head_start_images}) and d_steps ({config.d_steps})")  # fmt: skip
        _require(config, "warmup_images", config.warmup_images < config.max_images,
                      f"fewer than max_images ({config.max_images})")  # fmt: skip


def _is_default(config: Fields, name: str) -> bool:
    return bool(getattr(config, name) == getattr(type(config), name))


def _require(config: Fields, name: str, is_right: bool, wanted: str) -> None:
    if not is_right:
        raise ConfigError(f"{name}: expected {wanted}, got {getattr(config, name)!r}; correct it")
