"""The families of learning curves by name: `FAMILIES["power_offset"].formula`.

All are written for what falls with data: 1 - accuracy, the error or the loss, called y. Sources: Viering & Loog (2023),
"The Shape of Learning Curves", table 1, for the classical ones; M4 from Alabdulmohsin, Neyshabur & Zhai (2022),
"Revisiting Neural Scaling Laws in Language and Vision"; broken_power from Caballero et al. (2022), "Broken Neural
Scaling Laws", with one break.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.special import expit

from datavolume.statistics.curves import models, starts
from datavolume.statistics.curves.curve import Array
from datavolume.statistics.curves.models import Frame
from datavolume.statistics.curves.trend import trend_fit

__all__ = ["FAMILIES", "Family"]

Parameters = dict[str, float]


@dataclass(frozen=True)
class Family:
    """A formula, its solver's view of it, and its parameters as the literature writes them.

    `least`: sizes needed to fit it. `described(theta (P,), frame of one row)` gives the parameters by name.
    `linear`: fitted to y itself rather than to ln y. `refined`: the starts are not yet the solution.
    """

    name: str
    formula: str
    model: Callable[[Array, Array, Frame], Array]
    starts: Callable[[Array, Array, Array, Frame], Array]
    described: Callable[[Array, Frame], Parameters]
    bounds: tuple[tuple[float, float], ...]
    linear: bool = False
    refined: bool = True

    @property
    def size(self) -> int:
        return len(self.bounds)

    @property
    def low(self) -> Array:
        return np.array([low for low, _ in self.bounds])

    @property
    def high(self) -> Array:
        return np.array([high for _, high in self.bounds])

    @property
    def least(self) -> int:
        """One size more than parameters, two more for the bent ones: else anything is fitted, and nothing learned."""
        return self.size + (1 if self.size <= 3 else 2) if self.size > 1 else 1


def _last(theta: Array, _frame: Frame) -> Parameters:
    return {"value": float(np.exp(theta[0]))}


def _log_linear(theta: Array, frame: Frame) -> Parameters:
    return {"intercept": float(theta[0] - theta[1] * frame.log_last[0]), "slope": float(theta[1])}


def _power(theta: Array, frame: Frame) -> Parameters:
    return {"scale": float(np.exp(theta[0] + theta[1] * frame.log_last[0])), "exponent": float(theta[1])}


def _power_offset(theta: Array, frame: Frame) -> Parameters:
    level, exponent = np.exp(theta[0]), np.exp(theta[2])
    scale = level * expit(-theta[1]) * np.exp(exponent * frame.log_last[0])
    return {"offset": float(level * expit(theta[1])), "scale": float(scale), "exponent": float(exponent)}


def _exponential(theta: Array, frame: Frame) -> Parameters:
    level, rate = np.exp(theta[0]), np.exp(theta[2])
    scale = level * expit(-theta[1]) * np.exp(rate / (1 + rate))
    per_sample = float(rate / np.exp(frame.log_last[0]))
    return {"offset": float(level * expit(theta[1])), "scale": float(scale), "rate": per_sample}


def _m4(theta: Array, frame: Frame) -> Parameters:
    initial, limit = (float(end[0, 0]) for end in models.initial_and_limit(theta[None], frame))
    exponent, alpha = float(np.exp(theta[3])), float(np.exp(theta[4]))
    scale = np.exp(theta[2] + exponent * frame.log_last[0]) * (initial - limit) ** (1 - alpha)
    return {"initial": initial, "offset": limit, "scale": float(scale), "exponent": exponent, "alpha": alpha}


def _broken(theta: Array, frame: Frame) -> Parameters:
    level, early, late, width = (float(np.exp(theta[i])) for i in (0, 2, 3, 5))
    bend = (late - early) * width * float(models.softplus(-theta[4] / np.array(width)))
    scale = level * expit(-theta[1]) * np.exp(bend + early * frame.log_last[0])
    at = float(np.exp(frame.log_last[0] + theta[4]))
    return {
        "offset": float(level * expit(theta[1])),
        "scale": float(scale),
        "exponent": early,
        "change": late - early,
        "break": at,
        "width": width,
    }


_LEVEL = (-60.0, 60.0)  # ln y at the largest size
_OFFSET = (-12.0, 8.0)  # logit of the offset's share in it
_EXPONENT = (-4.6, 1.6)  # ln of an exponent: 0.01 to 5
_SLOPE = (-9.0, 9.0)
_FREE = (-np.inf, np.inf)

_ALL = (
    Family("last_value", "y = y_last", models.log_line, starts.last_value, _last, (_LEVEL,), refined=False),
    Family(
        "late_line",
        "y = a n^-c through the last quarter of the sizes",
        models.straight,
        starts.late_fit,
        _power,
        (_LEVEL, _SLOPE),
        refined=False,
    ),
    Family(
        "trend",
        "y = a n^-c with c wandering along the curve, from its end on constant",
        models.straight,
        trend_fit,
        _power,
        (_LEVEL, _SLOPE),
        refined=False,
    ),
    Family(
        "log_linear",
        "y = a + b ln n",
        models.line,
        starts.linear_fit,
        _log_linear,
        (_FREE, _FREE),
        linear=True,
        refined=False,
    ),
    Family("power", "y = a n^-c", models.straight, starts.power_fit, _power, (_LEVEL, _SLOPE), refined=False),
    Family(
        "power_offset",
        "y = e + a n^-c",
        models.power_offset,
        starts.power_grid,
        _power_offset,
        (_LEVEL, _OFFSET, _EXPONENT),
    ),
    Family(
        "exponential",
        "y = e + a exp(-c n)",
        models.exponential,
        starts.exponential_grid,
        _exponential,
        (_LEVEL, (-12.0, 12.0), (-3.0, 12.0)),
    ),
    Family(
        "m4",
        "(y - e) / (e_0 - y)^alpha = b n^-c",
        models.m4,
        starts.m4_grid,
        _m4,
        ((-5.0, 4.0), _OFFSET, (-15.0, 15.0), _EXPONENT, (-2.5, 2.0)),
    ),
    Family(
        "broken_power",
        "y = e + b n^-c0 (1 + (n/d)^(1/f))^(-c1 f)",
        models.broken_power,
        starts.broken_grid,
        _broken,
        (_LEVEL, (-12.0, 6.0), (-7.0, 1.6), _EXPONENT, (-8.0, 1.0), (-1.6, 1.1)),
    ),
)
FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _ALL})
