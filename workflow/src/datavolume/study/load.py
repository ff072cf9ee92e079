"""From a study's YAML to the frozen Study.

study = load_study(find_study("digits", Path("config/studies")), scale="full")
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datavolume.errors import UserError
from datavolume.study.model import Budget, Dataset, Experiment, Recipe, Resources, Study, Volume
from datavolume.study.validate import check, nearest, read_yaml

__all__ = ["find_study", "load_study"]

_REPLACED_WHOLE = frozenset({"budget"})
_SHARED = ("dataset", "recipe", "subsets", "resources")
_ALTERNATIVES = {"fractions": "sizes", "sizes": "fractions"}


def find_study(name: str, folder: Path) -> Path:
    """The file of a study's name, or of a path. Raises UserError with the names there are."""
    path = Path(name)
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
    recipe, resources = _recipe(text["recipe"]), Resources(**text["resources"])
    _check_layout(f"{path}: experiments.{name}", recipe, resources)
    return Experiment(
        name=name,
        dataset=_dataset(text["dataset"]),
        architectures=tuple(text["architectures"]),
        volumes=tuple(_volumes(text)),
        seeds=_seeds(text["seeds"]),
        recipe=recipe,
        resources=resources,
    )


def _check_layout(where: str, recipe: Recipe, resources: Resources) -> None:
    """What no schema can say: batch, shards, processes, nodes and GPUs divide one another."""
    if recipe.batch_size % recipe.shards:
        raise UserError(f"{where}: recipe.shards ({recipe.shards}) must divide recipe.batch_size ({recipe.batch_size})")
    if recipe.shards % resources.processes:
        raise UserError(
            f"{where}: resources.processes ({resources.processes}) must divide recipe.shards ({recipe.shards}); "
            f"set recipe.shards to {resources.processes} to train on {resources.processes} processes"
        )
    if resources.processes % resources.nodes:
        raise UserError(
            f"{where}: resources.nodes ({resources.nodes}) must divide resources.processes ({resources.processes}), "
            "which are those of all nodes"
        )
    if resources.gpus not in (0, resources.processes):
        raise UserError(
            f"{where}: resources.gpus ({resources.gpus}) must be 0, or one for each process ({resources.processes})"
        )


def _volumes(text: Mapping[str, Any]) -> list[Volume]:
    mode, seeds = text["subsets"].get("mode", "nested"), text["subsets"].get("seeds", [0])
    if "sizes" in text:
        return [Volume(size=size, mode=mode, seed=seed) for size in text["sizes"] for seed in seeds]
    return [Volume(fraction=float(share), mode=mode, seed=seed) for share in text["fractions"] for seed in seeds]


def _dataset(text: Mapping[str, Any]) -> Dataset:
    return Dataset(**{**text, **({"validation": float(text["validation"])} if "validation" in text else {})})


def _seeds(seeds: int | list[int]) -> tuple[int, ...]:
    return tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)


def _recipe(text: Mapping[str, Any]) -> Recipe:
    """Whole numbers and decimals of the same value are one value: 1 and 1.0 must not be two runs."""
    numbers = {key: float(text[key]) for key in _DECIMALS if key in text}
    budget = {"budget": _budget(text["budget"])} if "budget" in text else {}
    return Recipe(**{**text, **numbers, **budget})


_DECIMALS = ("learning_rate", "momentum", "weight_decay", "label_smoothing")


def _budget(text: Mapping[str, Any]) -> Budget:
    return Budget(**{**text, **({"epochs": float(text["epochs"])} if "epochs" in text else {})})
