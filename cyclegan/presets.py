"""The presets, and how far a config is from its own.

No torch here, so that `--dry-run` and usage errors answer at once.
"""

from typing import Any

from cyclegan.config import TrainConfig
from cyclegan.contract.errors import ConfigError, nearest

# For CPUs: crops of 128 pixels at several scales, so that small and large subjects are known.
_FAST: dict[str, Any] = {
    "generator": "plain",
    "load_size_min": 136,
    "load_size_max": 256,
    "crop_size": 128,
    "lambda_identity": 2.0,
    "max_images": 40_000,
    "num_workers": 0,
    "diffaugment": "auto",
    "precision": "auto",
    "channels_last": True,
    "compile": True,
}

PRESETS: dict[str, dict[str, Any]] = {
    # The paper's numbers, which are the defaults.
    "paper": {},
    "fast": _FAST,
    # With discriminators that know what things are, which needs a pretrained network (Sauer et al.
    # 2021): what the bundled models learned with, in docs/quality.md.
    "projected": _FAST
    | {
        "discriminator": "projected",
        "discriminator_pixels": True,
        "objective": "hinge",
        "diffaugment": "translation",
        "generator_levels": 3,
        "border": 8,
    },
    # One direction only, at half the cost of `fast` and more: for changes of texture and style
    # that leave shapes and colours where they are (Shrivastava et al. 2017).
    "simgan": _FAST
    | {"method": "simgan", "lambda_cycle": 0.0, "lambda_identity": 0.0, "lambda_self": 5.0},
    # A small generator that does what a large one does: `cyclegan distill` names the teacher.
    "distill": _FAST
    | {
        "method": "distill",
        "lambda_cycle": 0.0,
        "lambda_identity": 0.0,
        "lambda_teacher": 20.0,
        "lambda_structure": 10.0,
    },
}
# Of a student that starts from its teacher's layers: as much as the distance of the pictures.
LAMBDA_LAYERS = 20.0
# Those of `cyclegan train`.
WITHOUT_TEACHER = [key for key, chosen in PRESETS.items() if chosen.get("method") != "distill"]


def preset_config(preset: str) -> TrainConfig:
    """Return a preset's config. Raises ConfigError: no such preset."""
    if preset not in PRESETS:
        raise ConfigError(
            f"unknown preset {preset!r}{nearest(preset, WITHOUT_TEACHER) or ';'} "
            f"expected one of {', '.join(WITHOUT_TEACHER)}"
        )
    return TrainConfig(preset=preset, **PRESETS[preset])


def known_preset(config: TrainConfig) -> str:
    """The preset that a config started from; `paper` where that is none of today's."""
    return config.preset if config.preset in PRESETS else "paper"


def changed_settings(config: TrainConfig) -> dict[str, Any]:
    """Return the fields in which a config differs from its preset, with the config's values."""
    usual = preset_config(known_preset(config)).to_dict()
    return {key: value for key, value in config.to_dict().items() if value != usual[key]}
