"""Is a curve what families assume: never worse with more data (monotone), and with ever smaller gains (convex)?

    shape(curve).notes     # ("rises from n = 400 to n = 600 by 0.031 (5.2 standard errors)",)

Both are held against the noise of a size: its standard error where seeds tell it; else, relative to y, the root mean
square of how far sizes lie off the log-log line between their neighbours. A departure counts when it is larger than
chance makes the largest of so many comparisons (Bonferroni, 1 %). Peaks and dips in n are real (Viering & Loog 2023,
section 6), so nothing is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from datavolume.statistics.curves.curve import Array, Curve

__all__ = ["Shape", "shape"]

CHANCE = 0.01
FEWEST = 3  # sizes, below which a curve has no shape
MOST = 100  # sizes that all pairs and triples are formed of; longer curves are thinned evenly


@dataclass(frozen=True)
class Shape:
    """`monotone`: what falls with data never rises beyond noise; `convex`: it lies below its chords, as a function of
    n, within noise; `notes`: where it departs most, or why nothing can be said."""

    monotone: bool
    convex: bool
    notes: tuple[str, ...]


def shape(curve: Curve) -> Shape:
    sizes = curve.sizes()
    y = curve.decreasing(sizes.value)
    if len(y) < FEWEST:
        return Shape(True, True, (f"too few sizes to tell the shape: {len(y)}",))
    keep = np.unique(np.linspace(0, len(y) - 1, min(MOST, len(y))).round().astype(int))
    n, y, noise = sizes.n[keep], y[keep], _noise(sizes.n, y, sizes.se)[keep]
    rise, bulge = _rise(n, y, noise, curve.kind == "accuracy"), _bulge(n, y, noise)
    return Shape(rise is None, bulge is None, tuple(note for note in (rise, bulge) if note))


def _noise(n: Array, y: Array, se: Array) -> Array:
    if se.max() > 0:
        return np.asarray(np.maximum(se, 1e-3 * np.abs(y) + 1e-12))
    log_n, log_y = np.log(n), np.log(np.maximum(y, 1e-4 * y.max() + 1e-12))
    part = (log_n[1:-1] - log_n[:-2]) / (log_n[2:] - log_n[:-2])
    off = (log_y[1:-1] - (1 - part) * log_y[:-2] - part * log_y[2:]) / np.sqrt(1 + part**2 + (1 - part) ** 2)
    return np.asarray(np.maximum(float(np.sqrt(np.mean(off**2))), 1e-3) * np.maximum(y, 1e-12))


def _critical(comparisons: int) -> float:
    return float(-ndtri(CHANCE / max(comparisons, 1)))


def _rise(n: Array, y: Array, noise: Array, accuracy: bool) -> str | None:
    """The largest rise between any two sizes in units of its standard error."""
    first, second = np.triu_indices(len(y), 1)
    rise = y[second] - y[first]
    units = rise / np.hypot(noise[first], noise[second])
    worst = int(np.argmax(units))
    if units[worst] <= _critical(len(units)):
        return None
    what = "accuracy falls" if accuracy else "rises"
    between = f"from n = {n[first[worst]]:g} to n = {n[second[worst]]:g}"
    return f"not monotone: {what} {between} by {rise[worst]:.3g} ({units[worst]:.1f} standard errors)"


def _bulge(n: Array, y: Array, noise: Array) -> str | None:
    """The farthest that a size lies above the chord of a smaller and a larger one."""
    left, middle, right = (axis.ravel() for axis in np.meshgrid(*[np.arange(len(n))] * 3, indexing="ij"))
    ordered = (left < middle) & (middle < right)
    left, middle, right = left[ordered], middle[ordered], right[ordered]
    part = (n[middle] - n[left]) / (n[right] - n[left])
    above = y[middle] - (1 - part) * y[left] - part * y[right]
    units = above / np.sqrt(noise[middle] ** 2 + ((1 - part) * noise[left]) ** 2 + (part * noise[right]) ** 2)
    worst = int(np.argmax(units))
    if units[worst] <= _critical(len(units)):
        return None
    chord = f"the chord from n = {n[left[worst]]:g} to n = {n[right[worst]]:g}"
    return (
        f"not convex: n = {n[middle[worst]]:g} lies on the wrong side of {chord} ({units[worst]:.1f} standard errors)"
    )
