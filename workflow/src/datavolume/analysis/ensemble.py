"""Many trained networks that vote: soft (mean of their probabilities) and hard (one vote each), for shares of the best.

    models = ranked(summary, metrics, by="validation")            runs, from the best to the worst
    table = votes(members(models, files), shares=(0.1, 0.5, 1))   a row a share and way of voting

Ranking by accuracy on the validation split, on which the votes are then counted too, chooses the models that do well on
just these images, and so is optimistic; where there is a tuning split, ranking by it is not. A tie in hard voting goes,
among the classes with most votes, to the one with the largest mean probability; a soft one to the first class.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datavolume.analysis.predictions import Member, members
from datavolume.errors import UserError
from datavolume.statistics.calibration import Poll

__all__ = ["RANKINGS", "SHARES", "Member", "RunsPoll", "members", "ranked", "votes"]

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 1.0)
RANKINGS = ("validation", "tuning")
VOTES = ["share", "models", "voting", "top1", "lower", "upper", "best_single", "gain", "gain_lower", "gain_upper"]
_RESAMPLES = 10_000


def ranked(summary: pd.DataFrame, metrics: pd.DataFrame, *, by: str = "validation") -> pd.DataFrame:
    """`summary` from the best to the worst top-1 accuracy at the last evaluation; of equals, in its own order.

    A run without a finite accuracy comes last. Raises UserError for a split that was not evaluated.
    """
    if by not in RANKINGS:
        raise UserError(f"ranked_by: '{by}' is not allowed; allowed are {' and '.join(RANKINGS)}")
    rows = metrics[(metrics["split"] == by) & metrics["run"].isin(summary["run"])]
    reached = rows.sort_values("update", kind="stable").groupby("run")["top1"].last()
    if missing := sorted(set(summary["run"]) - set(reached.index)):
        raise UserError(f"ranked_by: run {missing[0]} was not evaluated on the {by} split; set dataset.tuning, as 0.2")
    scores = summary["run"].map(reached).astype(float)
    order = (-scores).fillna(math.inf).sort_values(kind="stable").index
    return summary.loc[order]


def votes(models: Iterable[Member], *, count: int, shares: Sequence[float] = SHARES, seed: int = 0) -> pd.DataFrame:
    """A row a share of the `count` models (at least one) and way of voting: VOTES.

    top1 has a 95 % bootstrap interval over images, as has the gain over the first model alone, on the same images.
    Only one model's predictions, and their sums, are in memory at a time. Raises UserError where the models' images are
    not the same, or a share is not above 0 and up to 1.
    """
    wanted = {_models(share, count) for share in shares}
    rng, rows, poll, first = np.random.default_rng(seed), [], None, None
    for place, model in enumerate(models, start=1):
        poll = poll or RunsPoll(model)
        poll.join(model)
        first = poll.soft if first is None else first
        if place in wanted:
            for voting, right in (("soft", poll.soft), ("hard", poll.hard)):
                head = {"models": place, "voting": voting}
                rows.append({**head, **_estimate(right, first, rng)})
    return _every_share(pd.DataFrame(rows, columns=VOTES), shares, count)


def _models(share: float, count: int) -> int:
    """How many of `count` a share is: rounded, halves up, and one at least."""
    if not 0 < share <= 1:
        raise UserError(f"shares: {share} is not allowed; a share of the models is above 0 and up to 1")
    return max(1, math.floor(share * count + 0.5))


def _every_share(rows: pd.DataFrame, shares: Sequence[float], count: int) -> pd.DataFrame:
    """Shares of few models may be the same models: each share has its rows, in the order asked for."""
    parts = [rows[rows["models"] == _models(share, count)].assign(share=float(share)) for share in shares]
    return pd.concat(parts, ignore_index=True)


class RunsPoll(Poll):
    """The votes of runs, which must have the same validation images as the first."""

    def __init__(self, first: Member) -> None:
        super().__init__(first.labels, first.probabilities.shape[1])
        self._run = first.run

    def join(self, model: Member) -> None:
        """Raises UserError for other images."""
        if model.probabilities.shape != self.shape or not np.array_equal(model.labels, self.labels):
            raise UserError(
                f"votes: runs {self._run} and {model.run} have other validation images, so they cannot vote "
                "together; name experiments of one data set"
            )
        self.add(model.probabilities)


def _estimate(right: NDArray[np.bool_], single: NDArray[np.bool_], rng: np.random.Generator) -> dict[str, float]:
    """Accuracy and gain over the single model, with intervals: percentiles over images drawn with replacement.

    Images of a kind (right by both, by one, by none) are alike, so how many of each are drawn is multinomial.
    """
    kinds = np.array(
        [(right & single).sum(), (right & ~single).sum(), (~right & single).sum(), (~right & ~single).sum()]
    )
    images = int(kinds.sum())
    drawn = rng.multinomial(images, kinds / images, size=_RESAMPLES)
    top1, gain = (drawn[:, 0] + drawn[:, 1]) / images, (drawn[:, 1] - drawn[:, 2]) / images
    bounds = [float(bound) for values in (top1, gain) for bound in np.quantile(values, (0.025, 0.975))]
    return {
        "top1": float(right.mean()),
        "best_single": float(single.mean()),
        "gain": float(right.mean() - single.mean()),
        **dict(zip(("lower", "upper", "gain_lower", "gain_upper"), bounds, strict=True)),
    }
