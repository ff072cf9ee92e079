"""From an experiment's text to the frozen Experiment, with the values of a design's factors put over it.

experiment = build_experiment("volume", text, where)
varied = variant(experiment, {"recipe.batch_size": 64}, where)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from datavolume.errors import UserError
from datavolume.study.build import build
from datavolume.study.consistency import check_experiment
from datavolume.study.model import Choice, Dataset, Experiment, Factor, Origin, Recipe, Resources, Volume
from datavolume.study.validate import check_part

__all__ = ["build_experiment", "merge", "variant"]

_REPLACED_WHOLE = frozenset({"budget", "early_stopping", "start", "vary"})
_ALTERNATIVES = {"fractions": "sizes", "sizes": "fractions"}
_AMOUNTS = {"fraction": "fractions", "size": "sizes"}


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged key by key; lists, plain values, the budget and designs are replaced."""
    merged = {key: value for key, value in below.items() if _ALTERNATIVES.get(key) not in above}
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and key not in _REPLACED_WHOLE:
            value = merge(old, value)
        merged[key] = value
    return merged


def build_experiment(name: str, text: Mapping[str, Any], where: str) -> Experiment:
    """Every default resolved. Raises UserError, with `where` in front, for values that do not fit together."""
    experiment = Experiment(
        name=name,
        dataset=build(Dataset, text["dataset"]),
        architectures=tuple(text.get("architectures", ())),
        volumes=tuple(_volumes(text)),
        seeds=_seeds(text["seeds"]),
        recipe=build(Recipe, text["recipe"]),
        resources=build(Resources, text["resources"]),
        start=build(Origin, text["start"]) if "start" in text else None,
        title=text.get("title", ""),
        design=text.get("design", "factorial"),
        vary=tuple(_factor(factor, options, where) for factor, options in text.get("vary", {}).items()),
        choose=build(Choice, text.get("choose", {})),
        best_of=tuple(text.get("best_of", ())),
        optional=text.get("optional", False),
        text=text,
    )
    check_experiment(experiment, where)
    return experiment


def variant(experiment: Experiment, values: Mapping[str, Any], where: str) -> Experiment:
    """The experiment with a factor's value each put over it. Raises UserError for a value that no recipe can have."""
    text = dict(experiment.text)
    for path, value in values.items():
        text = merge(text, _nested(path, value))
    plain = {key: value for key, value in text.items() if key not in ("vary", "design", "choose", "best_of")}
    label = ", ".join(f"{path} {value}" for path, value in values.items())
    inside = f"{where}: vary {label}"
    check_part(plain, "study", "experiment", inside)
    return build_experiment(experiment.name, plain, inside)


def _nested(path: str, value: Any) -> dict[str, Any]:
    if path == "architecture":
        return {"architectures": [value]}
    first, *rest = path.split(".", 1)
    return {first: _nested(rest[0], value) if rest else value}


def _factor(name: str, options: list[Any] | Mapping[str, Any], where: str) -> Factor:
    if isinstance(options, Mapping):
        return Factor(name=name, options=tuple((str(label), value) for label, value in options.items()))
    for value in options:
        if isinstance(value, list | dict):
            raise UserError(f"{where}.vary.{name}: {value} needs a label; write `label: value`, a line each")
    return Factor(name=name, options=tuple((_label(value), value) for value in options))


def _label(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _volumes(text: Mapping[str, Any]) -> Iterator[Volume]:
    how = {key: value for key, value in text["subsets"].items() if key != "seeds"}
    amounts = [{key: amount} for key, field in _AMOUNTS.items() for amount in text.get(field, ())]
    seeds = text["subsets"].get("seeds", [0])
    return (build(Volume, {**how, **amount, "seed": seed}) for amount in amounts for seed in seeds)


def _seeds(seeds: int | list[int]) -> tuple[int, ...]:
    return tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
