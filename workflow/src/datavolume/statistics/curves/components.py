"""What is combined: families fitted to the whole curve or mostly to its end, at the last size and at earlier ones.

parts = Components.fitted(data, ends)      # ends: how many sizes each fit sees, (R,); the first is the whole curve
parts.logs(log_n)                          # ln y of each component (M,), fit (R,), size (N,)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datavolume.statistics.curves.curve import Array
from datavolume.statistics.curves.families import FAMILIES
from datavolume.statistics.curves.fitting import TINIEST, Falling, Problem, Solution, problem, solve
from datavolume.statistics.curves.prior import COMPONENTS, ORIGINS, Component

__all__ = ["Components", "origins"]

FEWEST = 4  # sizes that an earlier origin must leave


@dataclass(frozen=True)
class Components:
    """Fits of all components to the same parts of a curve; those that want more sizes than a part has are NaN there."""

    data: Falling
    ends: NDArray[np.intp]
    fits: tuple[tuple[Component, Problem, Solution, NDArray[np.bool_]] | None, ...]

    @classmethod
    def fitted(cls, data: Falling, ends: NDArray[np.intp]) -> Components:
        return cls(data, ends, tuple(_fit(component, data, ends) for component in COMPONENTS))

    def logs(self, log_n: Array) -> Array:
        """ln y, (M, R, N)."""
        ceiling = 0.0 if self.data.top == 1 else 700.0
        lowest = np.log(TINIEST) if self.data.top == 1 else -700.0
        paths = np.full((len(self.fits), len(self.ends), len(log_n)), np.nan)
        for row, fit in zip(paths, self.fits, strict=True):
            if fit is not None:
                component, task, solution, able = fit
                u = log_n - task.frame.log_last[:, None]
                row[able] = FAMILIES[component.family].model(solution.theta, u, task.frame)
        return np.asarray(np.clip(paths, lowest, ceiling))


def _fit(
    component: Component, data: Falling, ends: NDArray[np.intp]
) -> tuple[Component, Problem, Solution, NDArray[np.bool_]] | None:
    able = ends >= component.least
    if not able.any():
        return None
    task = problem(data, ends[able], component.recency)
    solution = solve(FAMILIES[component.family], task)
    if component.family in ("power", "trend"):  # more data is not expected to harm: a rise at the end goes level
        solution.theta[:, 1] = np.maximum(solution.theta[:, 1], 0)
    return component, task, solution, able


def origins(log_n: Array) -> NDArray[np.intp]:
    """How many sizes are seen from each origin: all, then those up to a fraction of the largest size; no two alike."""
    counts = [int((log_n <= log_n[-1] - np.log(ratio) + 1e-9).sum()) for ratio in ORIGINS]
    earlier = [count for count in dict.fromkeys(counts) if FEWEST <= count < len(log_n)]
    return np.array([len(log_n), *earlier])
