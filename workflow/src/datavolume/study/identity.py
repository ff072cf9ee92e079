"""A run's identity: a short hash of every value that influences its result, behind a readable slug.

    run_id(run)            mlp-f0.25-bs32-s3-1c9e0f27aa    one training
    configuration_id(run)  mlp-f0.25-bs32-88d0b3c1fe       the same without its seed

The same values give the same id in every study, on every machine and in every version of Python. Only values that
differ from their default are hashed, so that a key added to the recipe later keeps every id: a default never changes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from typing import Any

from datavolume.study.build import build
from datavolume.study.model import Dataset, Recipe, Run, Volume

_SHARED = (Dataset, Recipe, Volume)

__all__ = ["configuration_id", "dataset_id", "run_from_spec", "run_id", "spec", "subset_id"]


def spec(run: Run) -> str:
    """The run as canonical JSON: what is hashed, and what `run_from_spec` reads back, as a default never changes."""
    return _canonical(_chosen(run))


def run_from_spec(text: str) -> Run:
    """The run that `spec` wrote."""
    return build(Run, json.loads(text))


def run_id(run: Run) -> str:
    return f"{_slug(run)}-s{run.seed}-{_short_hash(_chosen(run))}"


def configuration_id(run: Run) -> str:
    start = {"start": _chosen(replace(run.start, run=""))} if run.start else {}
    return f"{_slug(run)}-{_short_hash({**_chosen(run), 'seed': None, **start})}"


def dataset_id(dataset: Dataset) -> str:
    return f"{dataset.name}-{_short_hash(_chosen(dataset))}"


def subset_id(volume: Volume) -> str:
    """`f0.25-nested-s0`; with `-balanced` or `-lt100` where classes are not taken as they are."""
    balance = {"stratified": "", "balanced": "-balanced", "long_tailed": f"-lt{volume.imbalance:g}"}[volume.balance]
    return f"{volume.label}-{volume.mode}-s{volume.seed}{balance}"


def _slug(run: Run) -> str:
    return f"{run.architecture}-{run.volume.label}-bs{run.recipe.batch_size}"


def _chosen(value: Any) -> Any:
    """A dataclass as the mapping of what differs from its defaults; anything else as it is."""
    if isinstance(value, tuple):
        return [_chosen(item) for item in value]
    if not is_dataclass(value):
        return value
    return _of_part(value) if isinstance(value, _SHARED) else _differing(value)


@cache
def _of_part(value: Any) -> dict[str, Any]:
    """Thousands of runs share a data set, a recipe, a volume."""
    return _differing(value)


def _differing(value: Any) -> dict[str, Any]:
    named = ((field, getattr(value, field.name)) for field in fields(value))
    return {field.name: _chosen(item) for field, item in named if item != _default(field)}


def _default(field: Any) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _short_hash(value: Any) -> str:
    """Forty bits: among 10 000 runs that share a slug, two alike come about once in 20 000 studies."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()[:10]
