"""A user's frame, checked: the columns that are asked for, values as floats, what is missing left out and said.

used, note = tidy(frame, "accuracy", ["n", "architecture"])
levels(used["n"])       numbers in rising order, words in order of appearance
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from datavolume.errors import UserError

__all__ = ["levels", "samples_by", "tidy"]


def tidy(frame: pd.DataFrame, value: str, keys: Sequence[str]) -> tuple[pd.DataFrame, str]:
    """The rows with a finite value and all keys, in the columns `keys` and `value`; a note of how many were left out.

    Raises UserError where a column is missing or `value` holds something other than numbers.
    """
    missing = [name for name in (*keys, value) if name not in frame.columns]
    if missing:
        raise UserError(
            f"column {missing[0]!r} is missing; the table has {', '.join(map(str, frame.columns)) or 'no columns'}"
        )
    table = frame[[*dict.fromkeys([*keys, value])]].assign(**{value: _numbers(frame[value], value)})
    known = np.isfinite(table[value].to_numpy(dtype=float)) & table[list(keys)].notna().all(axis=1).to_numpy()
    left_out = int((~known).sum())
    note = f"{left_out} of {known.size} rows are without a finite value and were left out" if left_out else ""
    return table[known].reset_index(drop=True), note


def _numbers(column: pd.Series[Any], name: str) -> pd.Series[Any]:
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    wrong = column[numbers.isna() & column.notna()]
    if len(wrong):
        raise UserError(f"column {name!r}: {wrong.iloc[0]!r} is no number; the column is to hold numbers only")
    return numbers


def levels(column: pd.Series[Any]) -> list[Any]:
    """Distinct values: numbers in rising order, words in order of appearance."""
    unique = list(column.unique())
    return sorted(unique) if pd.api.types.is_numeric_dtype(column) else unique


def samples_by(frame: pd.DataFrame, value: str, factor: str) -> dict[Any, np.ndarray[Any, np.dtype[np.float64]]]:
    """The values of each level, in the order of `levels`."""
    return {
        level: frame.loc[frame[factor] == level, value].to_numpy(dtype=np.float64) for level in levels(frame[factor])
    }
