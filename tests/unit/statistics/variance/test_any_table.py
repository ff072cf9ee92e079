"""Whatever runs there are: an answer or a note, never a traceback nor a warning."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pandas as pd
import pytest

from datavolume.command.compare import compare
from datavolume.errors import UserError
from datavolume.statistics.lines import influence, log_linear, slopes
from datavolume.statistics.variance import (
    blocked,
    checks,
    components,
    factorial,
    games_howell,
    one_way,
    several,
    tukey,
)

pytestmark = pytest.mark.filterwarnings("error")
FACTORS = ["n", "architecture"]


def some_runs(rng: np.random.Generator) -> pd.DataFrame:
    """One to four of everything, some missing; values that may be ties, constant, infinite, or differ by rounding."""
    sizes, kinds, seeds, subsets = rng.integers(1, 5, 4)
    rows = [
        (100 * 2**i, "abcd"[j], k, d)
        for i in range(sizes)
        for j in range(kinds)
        for k in range(seeds)
        for d in range(subsets)
    ]
    frame = pd.DataFrame(rows, columns=["n", "architecture", "seed", "subset"])
    values = rng.normal(size=len(frame))
    holed = np.where(rng.random(len(frame)) < 0.3, rng.choice([np.nan, np.inf]), values)
    choices = [values, np.round(values), 0.3 + 0 * values, holed, 1 + 1e-15 * values]
    frame["value"] = choices[rng.integers(len(choices))]
    if rng.random() < 0.5:
        frame = frame.sample(frac=rng.uniform(0, 1), random_state=int(rng.integers(1000)))
    if rng.random() < 0.3:
        frame = frame.assign(architecture=frame["architecture"].astype("category"), seed=frame["seed"].astype(str))
    return frame


@pytest.mark.parametrize("seed", range(40))
def test_any_table(seed: int) -> None:
    frame = some_runs(np.random.default_rng(seed))
    asked = [
        *(lambda kind=kind: factorial(frame, "value", FACTORS, kind=kind) for kind in (2, 3)),
        lambda: one_way(frame, "value", "n"),
        lambda: several(frame, "value", "architecture"),
        lambda: checks(frame, "value", FACTORS),
        lambda: blocked(frame, "value", FACTORS, "seed"),
        lambda: tukey(frame, "value", "n"),
        lambda: games_howell(frame, "value", "architecture"),
        lambda: components(frame, "value", within=["n", "architecture"]),
        lambda: log_linear(frame),
        lambda: influence(frame),
        lambda: slopes(frame),
        lambda: json.dumps([compare(frame).json(), compare(frame).lines()], allow_nan=False),
    ]
    for ask in asked:
        with contextlib.suppress(UserError):
            ask()
