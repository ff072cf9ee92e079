"""Data volumes as people read them: images, and their share of the training data.

volumes = Volumes.of(summary)
volumes.share(719)     0.5
volumes.whole          True where the largest volume is all of the training data
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

__all__ = ["Volumes"]


@dataclass(frozen=True)
class Volumes:
    """`sizes` in images, rising; `full` is the size of all training data, or the largest size where nobody says it.

    `fractions` [sizes] are those that the study asks for, which rounding per class meets to within an image or so.
    """

    sizes: tuple[int, ...]
    fractions: tuple[float, ...]
    full: int
    whole: bool

    @classmethod
    def of(cls, summary: pd.DataFrame) -> Volumes:
        """From the columns n [images] and fraction (NaN where the study gives sizes)."""
        largest = int(summary["n"].max())
        fraction = summary.groupby("n")["fraction"].max()
        known = summary.dropna(subset=["fraction"]).nlargest(1, "fraction")
        full = largest
        if not known.empty:
            full = max(largest, round(float(known["n"].iloc[0]) / float(known["fraction"].iloc[0])))
        fractions = fraction.fillna(pd.Series(fraction.index / full, index=fraction.index))
        sizes = tuple(int(n) for n in fraction.index)
        return cls(sizes, tuple(float(f) for f in fractions), full, whole=not known.empty and full == largest)

    @property
    def largest(self) -> int:
        return self.sizes[-1]

    def share(self, n: int) -> float:
        """In 0..1, of all training data (of the largest volume where its size is not known)."""
        return self.fractions[self.sizes.index(n)]

    @property
    def known(self) -> bool:
        """Whether shares are shares of all training data."""
        return self.whole or self.full > self.largest
