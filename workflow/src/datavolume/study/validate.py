"""Closed JSON Schemas, explained: every mistake in a YAML file is one line that names file, key and what is allowed.

values = read_yaml(path)
check(values, "study", path)
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Hashable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from datavolume.errors import UserError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

__all__ = ["check", "check_part", "nearest", "read_yaml"]

_SHOWN = 15
# `<<: *anchor`
_MERGE = "tag:yaml.org,2002:merge"
_SCHEMAS = Path(__file__).parents[3] / "schemas"


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: a key given twice is a mistake, and 1e-3 is a number (YAML 1.1 reads a text)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != _MERGE]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises UserError where it is missing, is no YAML, or is no mapping."""
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not text in UTF-8 ({error.reason})") from error
    except yaml.MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{path}{where}: not valid YAML: {error.problem}") from error
    if not isinstance(values, dict):
        raise UserError(f"{path}: must hold keys and values, as `title: ...`, one a line")
    return values


def check(values: dict[str, Any], schema: str, path: Path | str) -> None:
    """Raise UserError with the first mistake that `values` make against workflow/schemas/<schema>.schema.yaml."""
    _check(_validator(schema), values, path)


def check_part(values: dict[str, Any], schema: str, part: str, path: Path | str) -> None:
    """As `check`, against one of the schema's `$defs`."""
    whole = _validator(schema).schema
    _check(_validator(schema).evolve(schema={**whole["$defs"][part], "$defs": whole["$defs"]}), values, path)


def _check(validator: Draft202012Validator, values: dict[str, Any], path: Path | str) -> None:
    error = next(iter(sorted(validator.iter_errors(values), key=_gravity)), None)
    if error is not None:
        raise UserError(f"{path}: {_explain(_deepest(error))}")


@cache
def _validator(schema: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # 0.2 s that training jobs need not pay

    return Draft202012Validator(yaml.safe_load((_SCHEMAS / f"{schema}.schema.yaml").read_text(encoding="utf-8")))


def _gravity(error: ValidationError) -> tuple[bool, list[str]]:
    """Unknown keys first: a misspelt key is also a missing one, and the spelling is what to mend."""
    return error.validator != "additionalProperties", [str(part) for part in error.absolute_path]


def _deepest(error: ValidationError) -> ValidationError:
    """Of the alternatives of a `oneOf` on values, the one whose type fits."""
    fitting = [inner for inner in error.context or () if inner.validator != "type" and inner.validator != "required"]
    return _deepest(fitting[0]) if fitting else error


def _explain(error: ValidationError) -> str:
    explain = _EXPLANATIONS.get(str(error.validator))
    return explain(error) if explain else f"{_key(error)}: {error.message}"


def _key(error: ValidationError) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    return "".join(parts).lstrip(".") or "the file"


def _unknown_key(error: ValidationError) -> str:
    allowed = error.schema["properties"]
    key = next(str(key) for key in error.instance if key not in allowed)
    where = "" if not error.absolute_path else f" in {_key(error)}"
    return f"unknown key '{key}'{where}{nearest(key, allowed)}"


def nearest(name: str, valid: Iterable[str]) -> str:
    """`; did you mean 'x'? (allowed: ...)`, without the list where it is long; the list alone where nothing is near."""
    names = sorted(valid)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if not near:
        return f"; allowed: {', '.join(names)}"
    return f"; did you mean '{near[0]}'?" + (f" (allowed: {', '.join(names)})" if len(names) <= _SHOWN else "")


def _missing_key(error: ValidationError) -> str:
    missing = next(key for key in error.validator_value if key not in error.instance)
    where = "" if not error.absolute_path else f" in {_key(error)}"
    return f"key '{missing}' is missing{where}"


def _one_of(error: ValidationError) -> str:
    choices = [option["required"][0] for option in error.validator_value if "required" in option]
    if not choices:
        return _wrong(error, ", or ".join(_TYPES[option["type"]] for option in error.validator_value))
    given = [choice for choice in choices if choice in error.instance]
    state = f"has {' and '.join(given)}" if given else "has none of them"
    return f"{_key(error)} must have exactly one of {', '.join(choices)}; it {state}"


def _twice(error: ValidationError) -> str:
    repeated = next(item for item in error.instance if error.instance.count(item) > 1)
    return f"{_key(error)} has {repeated!r} twice; each value may stand once"


def _wrong(error: ValidationError, allowed: str) -> str:
    return f"{_key(error)} is {error.instance!r}; allowed: {allowed}"


_TYPES = {
    "object": "keys and values",
    "array": "a list, as [1, 2]",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
}

_EXPLANATIONS: dict[str, Callable[[ValidationError], str]] = {
    "additionalProperties": _unknown_key,
    "required": _missing_key,
    "oneOf": _one_of,
    "uniqueItems": _twice,
    "enum": lambda error: _wrong(error, ", ".join(map(str, error.validator_value))),
    "type": lambda error: _wrong(error, _TYPES[error.validator_value]),
    "exclusiveMinimum": lambda error: _wrong(error, _range(error)),
    "minimum": lambda error: _wrong(error, _range(error)),
    "exclusiveMaximum": lambda error: _wrong(error, _range(error)),
    "maximum": lambda error: _wrong(error, _range(error)),
    "minItems": lambda error: f"{_key(error)} is an empty list; give at least one value",
    "minProperties": lambda error: f"{_key(error)} is empty; give at least one",
    "minLength": lambda error: f"{_key(error)} is an empty text",
    "pattern": lambda error: _wrong(error, "lower-case letters, digits and _, a letter first"),
}


def _range(error: ValidationError) -> str:
    words = {"exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most"}
    return " and ".join(f"{word} {error.schema[key]}" for key, word in words.items() if key in error.schema)
