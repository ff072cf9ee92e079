"""Formulas of the families as the logarithm of what falls with data, in parameters that a solver likes.

Every model is `model(theta (R, P), u (R, N), frame) -> ln y (R, N)`; u = ln(n / n_last), so that 0 is the largest size
fitted; `frame` holds what else a row needs. Amounts above 0 are given as logs, shares in (0, 1) as logits: no bound is
left to break, and the amplitude is the value at the largest size, which the data determine well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from datavolume.statistics.curves.curve import Array

__all__ = [
    "Frame",
    "broken_power",
    "exponential",
    "exponential_decay",
    "initial_and_limit",
    "line",
    "log_line",
    "power_offset",
    "softplus",
    "straight",
]

SMALLEST = 1e-12  # a value that falls is never predicted below it
NEWTON = 6  # steps to the root of M4's equation; its error is then far below the noise of any measured curve


@dataclass(frozen=True)
class Frame:
    """What the rows' parameters refer to, (R,) each: log of the largest size, extremes of the values, upper bound."""

    log_last: Array
    low: Array
    high: Array
    top: Array

    def rows(self, which: NDArray[np.intp]) -> Frame:
        return Frame(self.log_last[which], self.low[which], self.high[which], self.top[which])


def softplus(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


def power_of(exponent: Array) -> Array:
    """exp, kept finite."""
    return np.asarray(np.exp(np.clip(exponent, -60, 60)))


def _columns(theta: Array) -> list[Array]:
    return [theta[:, i : i + 1] for i in range(theta.shape[1])]


def straight(theta: Array, u: Array, _frame: Frame) -> Array:
    """ln y = a - c u: the power law y = A n^-c (and, through late points alone, the late line)."""
    level, exponent = _columns(theta)
    return np.asarray(level - exponent * u)


def line(theta: Array, u: Array, frame: Frame) -> Array:
    """y = a + b u: linear in ln n, kept within bounds."""
    level, slope = _columns(theta)
    return np.log(np.clip(level + slope * u, SMALLEST, frame.top[:, None]))


def log_line(theta: Array, u: Array, _frame: Frame) -> Array:
    """y = the last value."""
    return theta[:, :1] + np.zeros_like(u)


def power_offset(theta: Array, u: Array, _frame: Frame) -> Array:
    """y = A (s + (1 - s) n^-c), theta = (ln A, logit s, ln c)."""
    level, share, rate = _columns(theta)
    return level + np.log(expit(share) + expit(-share) * power_of(-np.exp(rate) * u))


def exponential(theta: Array, u: Array, _frame: Frame) -> Array:
    """y = A (s + (1 - s) exp(-c n/n_last + c/(1 + c))), theta = (ln A, logit s, ln c)."""
    level, share, rate = _columns(theta)
    return level + np.log(expit(share) + expit(-share) * exponential_decay(np.exp(rate), u))


def exponential_decay(rate: Array, u: Array) -> Array:
    """1 at n = n_last / (1 + c): there the amplitude is told by the data, also of a curve that has run out long ago."""
    return power_of(rate / (1 + rate) - rate * np.exp(np.minimum(u, 50)))


def broken_power(theta: Array, u: Array, _frame: Frame) -> Array:
    """One break (Caballero et al. 2022, equation 1): slope c_0 before, c_1 after, at u = d, f wide.

    theta = (ln A, logit s, ln c_0, ln c_1, d, ln f).
    """
    level, share, early, late, at, width = _columns(theta)
    width = np.exp(width)
    bend = width * (softplus((u - at) / width) - softplus(-at / width))
    exponent = -np.exp(early) * u - (np.exp(late) - np.exp(early)) * bend
    return level + np.log(expit(share) + expit(-share) * power_of(exponent))


def initial_and_limit(theta: Array, frame: Frame) -> tuple[Array, Array]:
    """M4's value without data, above all values seen and at most the bound, and its value with endless data."""
    ceiling = np.maximum(frame.top, frame.high * 1.005)[:, None]
    initial = np.minimum(frame.high[:, None] * (1 + np.exp(theta[:, :1])), ceiling)
    return initial, frame.low[:, None] * expit(theta[:, 1:2])


def m4(theta: Array, u: Array, frame: Frame) -> Array:
    """(y - e) / (e_0 - y)^alpha = b n^-c (Alabdulmohsin et al. 2022), solved for y by Newton.

    theta = (ln(e_0/high - 1), logit(e/low), h, ln c, ln alpha). With z = (y - e) / (e_0 - e) = expit(w):
    ln z - alpha ln(1 - z) = h - c u, whose left side grows with w and is nearly straight at both ends.
    """
    initial, limit = initial_and_limit(theta, frame)
    _, _, height, rate, bend = _columns(theta)
    bend = np.exp(bend)
    wanted = height - np.exp(rate) * u
    w = np.where(wanted < 0, wanted, wanted / bend)
    for _ in range(NEWTON):
        share, above = expit(w), softplus(w)
        w = w - (bend * above - (above - w) - wanted) / (1 - share + bend * share)
    return np.asarray(np.log(limit + (initial - limit) * expit(w)))
