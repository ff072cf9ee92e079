"""What lines and panels of a figure stand for: a dimension tells rows apart by columns, and has words for each value.

    found = dimensions(["fraction", "metric"], "lines", rows, {"metric": ["top1"], "split": ["validation"]})
    found[0].levels       (((72,), "72 images (5 %)"), ((718,), "718 images (50 %)"))

`rows` are selected ones (analysis.select). Beside these names, any factor that the experiments vary is a dimension.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.volumes import Volumes
from datavolume.analysis.words import factor_words, images, share
from datavolume.errors import UserError
from datavolume.study.validate import nearest

__all__ = ["SPLITS", "STATISTICS", "Dimension", "dimensions", "factor_heading", "rows_at", "with_factors"]

SPLITS = {"train": "training images", "tuning": "tuning images", "validation": "validation images"}
STATISTICS = {"best": "best evaluation", "last": "last evaluation"}
_GIVEN: dict[str, Callable[[str], str]] = {
    "metric": lambda name: METRICS[name].label,
    "split": lambda name: SPLITS[name],
    "statistic": lambda name: STATISTICS[name],
}

Key = tuple[Any, ...]
Words = Callable[[Key], str]


@dataclass(frozen=True)
class Dimension:
    """`levels`: the values of `columns` and their words, in order. `ordered` ones are drawn light to dark."""

    name: str
    columns: tuple[str, ...]
    levels: tuple[tuple[Key, str], ...]
    heading: str = ""

    @property
    def ordered(self) -> bool:
        return self.name in ("fraction", "size") or all(_is_number(words) for _, words in self.levels)

    def of(self, frame: pd.DataFrame, key: Key) -> pd.Series:
        """Which rows of a frame have that value; all, where the frame does not tell them apart."""
        chosen = pd.Series(True, index=frame.index)
        for column, wanted in zip(self.columns, key, strict=True):
            if column in frame:
                chosen &= frame[column] == wanted
        return chosen


def rows_at(frame: pd.DataFrame, dimensions: Sequence[Dimension], keys: Sequence[Key]) -> pd.DataFrame:
    """The rows that have those values of all of the dimensions."""
    chosen = pd.Series(True, index=frame.index)
    for dimension, key in zip(dimensions, keys, strict=True):
        chosen &= dimension.of(frame, key)
    return frame[chosen]


def with_factors(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """With a column for each of `names` that is a factor: the label of its value, "" where it is not varied."""
    parsed = {text: json.loads(text) for text in rows["values"].unique()}
    factors = {factor for values in parsed.values() for factor in values}
    columns = {name: rows["values"].map(lambda text, name=name: parsed[text].get(name, "")) for name in names
               if name in factors}  # fmt: skip
    return rows.assign(**columns)


def dimensions(
    names: Sequence[str], option: str, rows: pd.DataFrame, given: Mapping[str, Sequence[str]]
) -> list[Dimension]:
    """Of rows that went `with_factors`; `given`: the values of metric, split and statistic, where these are dimensions.

    Raises UserError, naming the option, for what is no dimension.
    """
    factors = {factor for text in rows["values"].unique() for factor in json.loads(text)}
    allowed = [*_KNOWN, *given, *sorted(factors)]
    if unknown := [name for name in names if name not in allowed]:
        raise UserError(f"{option}: '{unknown[0]}' is nothing that differs here{nearest(str(unknown[0]), allowed)}")
    return [_given(name, given[name]) if name in given else _found(name, rows) for name in names]


def _given(name: str, values: Sequence[str]) -> Dimension:
    return Dimension(name, (name,), tuple(((value,), _GIVEN[name](value)) for value in values))


def _found(name: str, rows: pd.DataFrame) -> Dimension:
    known = _KNOWN.get(name) or _Known((name,))
    columns = list(known.columns)
    keys = known.order(rows)[columns].drop_duplicates().itertuples(index=False, name=None)
    words = known.words(rows)
    return Dimension(name, known.columns, tuple((key, words(key)) for key in keys), _heading(name, rows))


def factor_heading(factor: str) -> str:
    """recipe.batch_size -> batch size; nothing for the whole recipe, whose values have names of their own."""
    return "" if factor == "recipe" else factor_words(factor)


def _heading(name: str, rows: pd.DataFrame) -> str:
    """What stands in front of the words of values that are numbers or labels: the factor."""
    stages = list(rows["stage"].unique()) if name == "value" else [name]
    return "" if (name in _KNOWN and name != "value") or len(stages) > 1 else factor_heading(stages[0])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_they_come(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


def _by(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda rows: rows.sort_values(column, kind="stable")


def _by_position(rows: pd.DataFrame) -> pd.DataFrame:
    """Stages as they come, values as the study lists them."""
    stages = {stage: place for place, stage in enumerate(rows["stage"].unique())}
    return rows.assign(place=rows["stage"].map(stages)).sort_values(["place", "position"], kind="stable")


def _text(_: pd.DataFrame) -> Words:
    return lambda key: str(key[0]) or "not varied"


def _volume(rows: pd.DataFrame) -> Words:
    volumes = Volumes.of(rows)
    return lambda key: images(key[0]) + (f" ({share(volumes.share(key[0]))})" if volumes.known else "")


def _title(rows: pd.DataFrame) -> Words:
    titles = dict(zip(rows["experiment"], rows["title"], strict=True))
    return lambda key: str(titles[key[0]])


def _value(rows: pd.DataFrame) -> Words:
    """With its factor's name, where values of several factors are drawn."""
    several = rows["stage"].nunique() > 1
    return lambda key: (f"{factor_heading(key[0])} {key[1]}" if several else key[1]).strip() or "not varied"


def _stage_words(_: pd.DataFrame) -> Words:
    return lambda key: factor_heading(key[0]) or "not varied"


def _subset(rows: pd.DataFrame) -> Words:
    """subset 1, subset 2, ... in the order of their seeds."""
    place = {seed: number for number, seed in enumerate(sorted(rows["subset_seed"].unique()), start=1)}
    return lambda key: f"subset {place[key[0]]}"


def _seed(_: pd.DataFrame) -> Words:
    return lambda key: f"seed {key[0]}"


def _run(rows: pd.DataFrame) -> Words:
    """As few words as tell the drawn runs apart."""
    runs = rows.drop_duplicates("run").set_index("run")
    columns = {
        "experiment": _title,
        "network": _text,
        "n": _volume,
        "value": _text,
        "subset_seed": _subset,
        "seed": _seed,
    }
    telling: list[str] = []
    for column in columns:
        if runs[column].nunique() > 1 and (not telling or runs[telling].drop_duplicates().shape[0] < len(runs)):
            telling.append(column)
    words = {column: columns[column](rows) for column in telling}
    return lambda key: ", ".join(words[column]((runs.at[key[0], column],)) for column in telling) or "the run"


@dataclass(frozen=True)
class _Known:
    columns: tuple[str, ...]
    words: Callable[[pd.DataFrame], Words] = _text
    order: Callable[[pd.DataFrame], pd.DataFrame] = _as_they_come


_KNOWN = {
    "fraction": _Known(("n",), _volume, _by("n")),
    "size": _Known(("n",), _volume, _by("n")),
    "value": _Known(("stage", "value"), _value, _by_position),
    "stage": _Known(("stage",), _stage_words),
    "experiment": _Known(("experiment",), _title),
    "architecture": _Known(("network",)),
    "subset": _Known(("subset_seed",), _subset, _by("subset_seed")),
    "seed": _Known(("seed",), _seed, _by("seed")),
    "run": _Known(("run",), _run),
}
