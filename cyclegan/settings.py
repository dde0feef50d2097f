"""Settings of a config by key: as people write them, and which of them are about the networks.

What values make sense together is in `coherence.py`. No torch here.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from cyclegan.config import require_keys
from cyclegan.contract.errors import ConfigError
from cyclegan.fields import PATHS, Fields

_KINDS = get_type_hints(Fields)


def parse_settings(settings: list[str]) -> dict[str, Any]:
    """Read `KEY=VALUE` texts; values are JSON where they parse as JSON, else text.

    What lies somewhere is named from the root, so that a run goes on from any folder.

    Raises ConfigError: a text without "=", or a key that no config has.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set expects KEY=VALUE, got {setting!r}")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = text
        is_text = _KINDS.get(key.strip()) is str and not isinstance(value, str)
        values[key.strip()] = text if is_text else value  # a domain may be called 2024
    require_keys(values)
    places = {key: str(Path(from_home(values[key])).resolve()) for key in PATHS if values.get(key)}
    return values | places


def from_home(place: str) -> str:
    """Name from the root what begins with ~/, as shells do where they know it for a path."""
    return str(Path(place).expanduser()) if place.startswith("~/") else place


def architecture_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that decide which weights fit: those of the networks."""
    prefixes = ("generator", "discriminator")
    return {key: value for key, value in settings.items() if key.startswith(prefixes)}
