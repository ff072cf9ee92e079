"""What artefacts are drawn from: frames of one study, read from its results.

results = read_results({"metrics": path, "summary": path, "points": path, "log_linear": path})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import pandas as pd

__all__ = ["Results", "read_results"]


def _empty() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True)
class Results:
    """`metrics`, `timing` and `summary` as collected; `points`: which run is which point of a design
    (analysis.select); `plan` a row a run, with its spec; `log_linear` of the analysis.

    The others only where a kind `needs` them, empty elsewhere: `comparison` with published values, `overlap` and
    `overlap_by_class` of subsets, `class_counts`, `votes`, and how sure the networks are (analysis.calibration):
    `calibration`, `reliability`, `margins`, `ensembles`; and what is enough, and what more would give (the analysis
    files of these names): `anova`, `requirement`, `enough`, `forecast`, `families`, `next_steps`, `variance`, `seeds`,
    `influence`, `slopes`.
    """

    metrics: pd.DataFrame
    summary: pd.DataFrame
    log_linear: pd.DataFrame | None = None
    points: pd.DataFrame = field(default_factory=_empty)
    timing: pd.DataFrame = field(default_factory=_empty)
    plan: pd.DataFrame = field(default_factory=_empty)
    comparison: pd.DataFrame = field(default_factory=_empty)
    overlap: pd.DataFrame = field(default_factory=_empty)
    overlap_by_class: pd.DataFrame = field(default_factory=_empty)
    class_counts: pd.DataFrame = field(default_factory=_empty)
    votes: pd.DataFrame = field(default_factory=_empty)
    calibration: pd.DataFrame = field(default_factory=_empty)
    reliability: pd.DataFrame = field(default_factory=_empty)
    margins: pd.DataFrame = field(default_factory=_empty)
    ensembles: pd.DataFrame = field(default_factory=_empty)
    anova: pd.DataFrame = field(default_factory=_empty)
    requirement: pd.DataFrame = field(default_factory=_empty)
    enough: pd.DataFrame = field(default_factory=_empty)
    forecast: pd.DataFrame = field(default_factory=_empty)
    families: pd.DataFrame = field(default_factory=_empty)
    next_steps: pd.DataFrame = field(default_factory=_empty)
    variance: pd.DataFrame = field(default_factory=_empty)
    seeds: pd.DataFrame = field(default_factory=_empty)
    influence: pd.DataFrame = field(default_factory=_empty)
    slopes: pd.DataFrame = field(default_factory=_empty)


def read_results(files: Mapping[str, Path]) -> Results:
    """`files` by the name of the frame, parquet or CSV; other names are left out."""
    known = [item.name for item in fields(Results)]
    return Results(**{name: _read(file) for name, file in files.items() if name in known})


def _read(file: Path) -> pd.DataFrame:
    return pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
