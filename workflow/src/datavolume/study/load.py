"""From a study's YAML to the frozen Study.

study = load_study(find_study("digits", Path("config/studies")), scale="full")
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datavolume.errors import UserError
from datavolume.study.build import build
from datavolume.study.consistency import check_experiment
from datavolume.study.model import Dataset, Experiment, Origin, Recipe, Resources, Study, Volume
from datavolume.study.validate import check, nearest, read_yaml

__all__ = ["find_study", "load_study"]

_REPLACED_WHOLE = frozenset({"budget", "early_stopping", "start"})
_SHARED = ("dataset", "recipe", "subsets", "resources")
_ALTERNATIVES = {"fractions": "sizes", "sizes": "fractions"}
_AMOUNTS = {"fraction": "fractions", "size": "sizes"}


def find_study(name: str, folder: Path) -> Path:
    """The file of a study's name, or of a path. Raises UserError with the names there are."""
    path = Path(name)
    if path.stem == "data":
        raise UserError(f"study {name}: no study can be called 'data', where the results keep the images; rename it")
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise UserError(f"study file {path} does not exist; give the path of a study's YAML")
        return path
    named = folder / f"{name}.yaml"
    if not named.is_file():
        studies = [path.stem for path in folder.glob("*.yaml")]
        raise UserError(f"study '{name}' does not exist{nearest(name, studies)}")
    return named


def load_study(path: Path, scale: str = "full") -> Study:
    """Read, validate at both scales, and resolve every default. Raises UserError."""
    text = read_yaml(path)
    check(text, "study", path)
    full = {key: value for key, value in text.items() if key != "smoke"}
    smoke = _merge(full, text.get("smoke", {}))
    check(smoke, "study", f"{path} with its smoke part")
    return _study(path, scale, smoke if scale == "smoke" else full)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged key by key; lists, plain values and the budget are replaced."""
    merged = {key: value for key, value in below.items() if _ALTERNATIVES.get(key) not in above}
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and key not in _REPLACED_WHOLE:
            value = _merge(old, value)
        merged[key] = value
    return merged


def _study(path: Path, scale: str, text: Mapping[str, Any]) -> Study:
    shared = {key: text.get(key, {}) for key in _SHARED}
    experiments = (_experiment(path, name, _merge(shared, values)) for name, values in text["experiments"].items())
    return Study(
        name=path.stem,
        scale=scale,
        title=text["title"],
        question=text["question"],
        margin=text.get("margin", 0.01),
        seeds_per_job=text.get("seeds_per_job", 1),
        experiments=tuple(experiments),
        text=text,
    )


def _experiment(path: Path, name: str, text: Mapping[str, Any]) -> Experiment:
    if "name" not in text["dataset"]:
        raise UserError(f"{path}: key 'dataset.name' is missing, in the study or in experiments.{name}")
    experiment = Experiment(
        name=name,
        dataset=build(Dataset, text["dataset"]),
        architectures=tuple(text["architectures"]),
        volumes=tuple(_volumes(text)),
        seeds=_seeds(text["seeds"]),
        recipe=build(Recipe, text["recipe"]),
        resources=build(Resources, text["resources"]),
        start=build(Origin, text["start"]) if "start" in text else None,
    )
    check_experiment(experiment, f"{path}: experiments.{name}")
    return experiment


def _volumes(text: Mapping[str, Any]) -> list[Volume]:
    how = {key: value for key, value in text["subsets"].items() if key != "seeds"}
    amounts = [{key: amount} for key, field in _AMOUNTS.items() for amount in text.get(field, ())]
    seeds = text["subsets"].get("seeds", [0])
    return [build(Volume, {**how, **amount, "seed": seed}) for amount in amounts for seed in seeds]


def _seeds(seeds: int | list[int]) -> tuple[int, ...]:
    return tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
