"""One median from many components: prior weights, moved by how well each did on the curve's own last sizes.

Weight of a component = its prior / (mean squared back-test error + DOUBT²)^TRUST. Few origins tell little, so that the
move is gentle: on the tuning half a sharper rule was no better for noisy curves and worse for smooth ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datavolume.statistics.curves.components import Components, origins
from datavolume.statistics.curves.curve import Array
from datavolume.statistics.curves.fitting import FLOOR, Falling
from datavolume.statistics.curves.prior import COMPONENTS
from datavolume.statistics.curves.spread import Evidence, evidence

__all__ = ["Combination", "combine"]

TRUST = 0.25
ENDS = ("trend", "last_value", "power")
FADE = 5.0  # per unit of ln n: at half the largest size they count a thirtieth
DOUBT = 0.05  # relative error below which back-tests do not tell components apart


@dataclass(frozen=True)
class Combination:
    """Components, their weights (M,), and what the curve says of the combination's error."""

    parts: Components
    weights: Array
    seen: Evidence

    def centre(self, log_n: Array) -> tuple[Array, Array]:
        """Median of ln y and the components' weighted standard deviation around it, (N,) each."""
        logs = self.parts.logs(log_n)[:, 0]
        return _mean_and_deviation(logs, _faded(self.weights, log_n - self.parts.data.log_n[-1]))

    def past(self, row: int, log_n: Array) -> tuple[Array, Array]:
        """The same as it would have been said from an earlier origin, with prior weights."""
        logs = self.parts.logs(log_n)[:, row]
        origin = self.parts.data.log_n[self.parts.ends[row] - 1]
        return _mean_and_deviation(logs, _faded(_prior(logs), log_n - origin))


def combine(data: Falling) -> Combination:
    parts = Components.fitted(data, origins(data.log_n))
    logs = parts.logs(data.log_n)
    weights = _weights(logs, parts, data)
    fitted, _ = _mean_and_deviation(logs[:, 0], _faded(weights, data.log_n - data.log_n[-1]))
    errors, horizons = _own_errors(logs, parts, data)
    return Combination(parts, weights, evidence(data, fitted, errors, horizons))


def _prior(logs: Array) -> Array:
    """Prior weights of the components that could be fitted; logs (M, N)."""
    weights = np.array([component.weight for component in COMPONENTS]) * np.isfinite(logs[:, 0])
    return np.asarray(weights / weights.sum())


def _weights(logs: Array, parts: Components, data: Falling) -> Array:
    prior = _prior(logs[:, 0])
    squares = _squares(logs, parts, data)
    tried = np.isfinite(squares)
    if not tried.any():
        return prior
    times = np.maximum(tried.sum(1), 1)
    mean = np.where(tried.any(1), np.where(tried, squares, 0).sum(1) / times, squares[tried].mean())
    moved = prior / (mean + DOUBT**2) ** TRUST
    return np.asarray(moved / moved.sum())


def _squares(logs: Array, parts: Components, data: Falling) -> Array:
    """Mean squared error of ln y after each earlier origin, (M, R - 1)."""
    trust = 1 / (data.error**2 + FLOOR**2)
    after = np.arange(len(data.y)) >= parts.ends[1:, None]
    weight = after * trust / np.maximum((after * trust).sum(1, keepdims=True), 1e-300)
    return np.asarray((weight * (logs[:, 1:] - np.log(data.y)) ** 2).sum(2))


def _own_errors(logs: Array, parts: Components, data: Falling) -> tuple[Array, Array]:
    """Errors of ln y that the combination made from earlier origins, and their horizons."""
    errors, horizons = [np.empty(0)], [np.empty(0)]
    for row, end in enumerate(parts.ends[1:], start=1):
        later = logs[:, row, end:]
        centre, _ = _mean_and_deviation(later, _prior(later)[:, None])
        errors.append(centre - np.log(data.y[end:]))
        horizons.append(data.log_n[end:] - data.log_n[end - 1])
    return np.concatenate(errors), np.concatenate(horizons)


def _faded(weights: Array, horizon: Array) -> Array:
    """Weights at every size, (M, N): those of what only tells of the end fade towards smaller sizes."""
    local = np.array([component.family in ENDS for component in COMPONENTS])
    faded = weights[:, None] * np.where(local[:, None], np.exp(FADE * np.minimum(horizon, 0)), 1)
    return np.asarray(faded / faded.sum(0))


def _mean_and_deviation(logs: Array, weights: Array) -> tuple[Array, Array]:
    """logs (M, N), weights (M, N) or (M, 1) -> (N,) each."""
    present = np.where(np.isfinite(logs), logs, 0)
    mean = (weights * present).sum(0)
    return mean, np.sqrt((weights * (present - mean) ** 2).sum(0))
