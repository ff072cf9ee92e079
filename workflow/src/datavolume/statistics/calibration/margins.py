"""How the normalised margins (C1 - C2) / C1 of correct and of wrong predictions are distributed.

    table = margin_counts(judged.margin, judged.correct)      20 bins of each

The margin is 0 where two classes are as likely, and near 1 where the network has no second thought.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["margin_counts", "mean_margins"]

_BINS = 20


def margin_counts(margin: NDArray[np.float64], correct: NDArray[np.bool_], *, count: int = _BINS) -> pd.DataFrame:
    """A row a bin [lower, upper), the last with its upper end: predicted (correct, wrong), lower, upper, images."""
    edges = np.arange(count + 1) / count
    frames = [
        pd.DataFrame(
            {"predicted": name, "lower": edges[:-1], "upper": edges[1:], "images": np.histogram(part, edges)[0]}
        )
        for name, part in (("correct", margin[correct]), ("wrong", margin[~correct]))
    ]
    return pd.concat(frames, ignore_index=True)


def mean_margins(margin: NDArray[np.float64], correct: NDArray[np.bool_]) -> tuple[float, float]:
    """Of correct and of wrong predictions; NaN where there is none."""
    means = [float(part.mean()) if len(part) else float("nan") for part in (margin[correct], margin[~correct])]
    return means[0], means[1]
