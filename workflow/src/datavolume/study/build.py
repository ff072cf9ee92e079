"""A mapping from YAML or JSON as one of the frozen values of `model`.

    recipe = build(Recipe, {"learning_rate": 1, "budget": {"epochs": 20}})

Whole numbers and decimals of the same value become one value, as 1 and 1.0 must not be two runs; lists become tuples;
mappings become the dataclass that the field names.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = ["build"]

Value = TypeVar("Value")


def build(cls: type[Value], values: Mapping[str, Any]) -> Value:
    """Raises TypeError for a key that `cls` does not have; schemas refuse those before."""
    hints = _hints(cls)  # type: ignore[arg-type]
    return cls(**{key: _convert(hints.get(key, Any), value) for key, value in values.items()})


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _convert(hint: Any, value: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(option for option in get_args(hint) if option is not type(None))
    if value is None:
        return None
    if hint is float:
        return float(value)
    if get_origin(hint) is tuple:
        return tuple(_convert(get_args(hint)[0], item) for item in value)
    return build(hint, value) if is_dataclass(hint) and isinstance(hint, type) else value
