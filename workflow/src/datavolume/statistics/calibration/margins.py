"""How the normalised margins (C1 - C2) / C1 of correct and of wrong predictions are distributed.

    table = margin_counts(judged.margin, judged.correct)      31 bins of each

The margin is 0 where two classes are as likely, and near 1 where the network has no second thought. 1 less the margin
is C2 / C1, so the bins are even in its logarithm, five a factor of ten: (0, 0.37, 0.60, 0.75, 0.84, 0.9, 0.94 ...), the
last from 0.999999 to 1.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["EDGES", "margin_counts", "mean_margins"]

EDGES = np.append(1 - 10.0 ** (-np.arange(31) / 5), 1.0)


def margin_counts(margin: NDArray[np.float64], correct: NDArray[np.bool_]) -> pd.DataFrame:
    """A row a bin [lower, upper), the last with its upper end: lower, upper, images, predicted (correct, wrong)."""
    frames = [
        pd.DataFrame(
            {"predicted": name, "lower": EDGES[:-1], "upper": EDGES[1:], "images": np.histogram(part, EDGES)[0]}
        )
        for name, part in (("correct", margin[correct]), ("wrong", margin[~correct]))
    ]
    return pd.concat(frames, ignore_index=True)


def mean_margins(margin: NDArray[np.float64], correct: NDArray[np.bool_]) -> tuple[float, float]:
    """Of correct and of wrong predictions; NaN where there is none."""
    means = [float(part.mean()) if len(part) else float("nan") for part in (margin[correct], margin[~correct])]
    return means[0], means[1]
