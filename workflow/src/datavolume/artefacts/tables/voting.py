"""Many models voting, by how many of the best take part."""

from __future__ import annotations

import pandas as pd

from datavolume.analysis.metrics import METRICS
from datavolume.analysis.words import count, share
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import Table
from datavolume.artefacts.tables.cells import NOTHING, plain, printed
from datavolume.errors import UserError

__all__ = ["voting_table"]

_VOTING = {"soft": "Soft voting", "hard": "Hard voting"}


def voting_table(results: Results, *, published: str = "") -> Table:
    """A row a share of the best models: top-1 accuracy on the validation set with the interval that its size leaves."""
    votes = results.votes
    if votes.empty:
        raise UserError("there are no votes: no experiment left predictions to combine")
    beside = printed(results, published)
    kinds = [kind for kind in _VOTING if kind in set(votes["voting"])]
    head = ["Best models", "Models"]
    for kind in kinds:
        head += [f"{_VOTING[kind]}, top-1 accuracy (%)", *(["printed"] if beside.has(f"{kind}_vote") else [])]
    lines = []
    for used, rows in votes.groupby("share", sort=True):
        line = [share(float(str(used))), count(rows["models"].iloc[0])]
        for kind in kinds:
            line += [_accuracy(rows[rows["voting"] == kind])]
            line += [beside.cell(f"{kind}_vote", fraction=used)] if beside.has(f"{kind}_vote") else []
        lines.append(line)
    return Table(votes, head, [lines])


def _accuracy(rows: pd.DataFrame) -> str:
    if rows.empty:
        return NOTHING
    scale = METRICS["top1"].scale
    mean, lower, upper = (scale * float(rows[name].iloc[0]) for name in ("top1", "lower", "upper"))
    return plain(mean, lower, upper, 2)
