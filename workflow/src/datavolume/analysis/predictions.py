"""The probabilities that training left, a run at a time.

    for member in members(runs, files):      Member(run, labels [V], probabilities [V, K])

A block's file holds those of all its seeds; only the asked run's are read into memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datavolume.errors import UserError

__all__ = ["Member", "members"]

_UNREADABLE = (OSError, ValueError, KeyError, EOFError, BadZipFile)


@dataclass(frozen=True)
class Member:
    """One network's word: probabilities [V, K] of the validation images with `labels` [V]."""

    run: str
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]


def members(models: pd.DataFrame, files: Iterable[Path]) -> Iterator[Member]:
    """Of the runs in `models`, in its order, one at a time; `files` are the predictions.npz of their seed blocks.

    Raises UserError where a file is missing or cut short, or a run is in none.
    """
    blocks: dict[str, list[Path]] = {}
    for file in files:
        blocks.setdefault(file.parent.parent.name, []).append(file)
    seeds = {file: _read(file, "seeds").tolist() for found in blocks.values() for file in found}
    for run, configuration, seed in models[["run", "configuration", "seed"]].itertuples(index=False):
        holding = [file for file in blocks.get(configuration, []) if seed in seeds[file]]
        if not holding:
            raise UserError(f"predictions.npz: run {run} is in no file; run `snakemake` again")
        place = seeds[holding[0]].index(seed)
        yield Member(run, _read(holding[0], "labels"), _read_one(holding[0], "probabilities", place))


def _read(file: Path, name: str) -> NDArray[Any]:
    try:
        with np.load(file, allow_pickle=False) as content:
            array: NDArray[Any] = content[name]
            return array
    except _UNREADABLE as error:
        raise _cannot_be_read(file, error) from error


def _read_one(file: Path, name: str, place: int) -> NDArray[Any]:
    """`array[place]` of an array in C order, without the rest of it in memory."""
    try:
        with ZipFile(file) as content, content.open(f"{name}.npy") as stream:
            read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
            shape, _, dtype = read[np.lib.format.read_magic(stream)[0]](stream)
            size = math.prod(shape[1:]) * dtype.itemsize
            stream.seek(place * size, 1)
            return np.frombuffer(stream.read(size), dtype).reshape(shape[1:])
    except _UNREADABLE as error:
        raise _cannot_be_read(file, error) from error


def _cannot_be_read(file: Path, error: BaseException) -> UserError:
    return UserError(f"{file}: cannot be read ({error}); delete it, so that the next `snakemake` writes it again")
