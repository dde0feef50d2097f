"""JSON as dataclasses, strictly: nothing unknown, nothing missing, nothing of another type."""

import dataclasses
import json
import sys
import types
import typing
from typing import Any, Literal

from cyclegan.contract.errors import CardError, nearest


def parse(kind: Any, value: Any, where: str = "") -> Any:
    """A value from JSON as a type, that of a field called `where` if it is not the whole.

    Raises: CardError on anything unknown, missing or of another type.
    """
    whole = kind
    if typing.get_origin(kind) is types.UnionType:  # the only union is `... | None`
        if value is None:
            return None
        kind = typing.get_args(kind)[0]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind):
        return _parse_fields(kind, value, where)
    if origin is Literal and value in arguments:
        return value
    if origin is dict and isinstance(value, dict):
        return value
    if origin is tuple and isinstance(value, list):
        kinds = [arguments[0]] * len(value) if arguments[-1] is ... else arguments
        if len(kinds) == len(value):
            pairs = zip(kinds, value, strict=True)
            return tuple(parse(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(pairs))
    # Not isinstance(): True would pass for a number. JSON as Python reads it knows NaN, infinities
    # and whole numbers that no float can hold.
    if kind is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    if kind in (int, str) and type(value) is kind:
        return value
    raise CardError(f'"{where}" must be {_describe(whole)}, not {show(value)}')


def _parse_fields(kind: Any, value: object, where: str) -> Any:
    if not isinstance(value, dict):
        named = f'"{where}"' if where else "a card"
        raise CardError(f"{named} must be an object, not {show(value)}")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    inside = f' in "{where}"' if where else ""
    for key in value:
        if key not in fields:
            raise CardError(
                f'unknown key "{key}"{inside}{nearest(key, list(fields)) or "; remove it"}'
            )
    for name, field in fields.items():
        if name not in value and field.default is dataclasses.MISSING:
            raise CardError(f'"{name}" is missing{inside}; add it ({_describe(hints[name])})')
    prefix = f"{where}." if where else ""
    return kind(**{name: parse(hints[name], value[name], prefix + name) for name in value})


def _describe(kind: Any) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) or origin is dict:
        return "an object"
    if origin is Literal:
        return " or ".join(json.dumps(argument) for argument in arguments)
    if origin is types.UnionType:
        return f"{_describe(arguments[0])} or null"
    if origin is tuple and arguments[-1] is ...:
        return f"a list, each {_describe(arguments[0])}"
    if origin is tuple:
        return f"a list of {len(arguments)}, each {_describe(arguments[0])}"
    return {str: "a text", int: "a whole number", float: "a number"}.get(kind, str(kind))


def show(value: object) -> str:
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
