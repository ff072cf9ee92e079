"""What other curves taught: the components of the combined forecast, their prior weights, and the spread's constants.

All of it was chosen on the tuning half alone, and is held against the other half in docs/benchmarks.md ("Forecasts of
learning curves"); `python benchmarks/forecast.py --calibrate` computes `SPREAD` again. Tuning half: of LCDB 1.1
the datasets whose name's SHA-256 starts with an even byte (75 of 123; 400 curves of them, all sizes or every fourth or
eighth), of the vision curves of Alabdulmohsin et al. (2022) the bird tasks and those on
CIFAR-100 whose "task model" has an even first byte (25 of 36).
"""

from __future__ import annotations

from dataclasses import dataclass

from datavolume.statistics.curves.families import FAMILIES

__all__ = ["COMPONENTS", "ORIGINS", "SPREAD", "Component", "Spread"]


@dataclass(frozen=True)
class Component:
    """A family, how much more late sizes weigh ((n / n_last)^recency; Figueroa et al. 2012 weigh alike), and its prior
    weight."""

    family: str
    recency: float
    weight: float

    @property
    def least(self) -> int:
        return 2 if self.family == "late_line" else FAMILIES[self.family].least


# Equal weights: of the sets tried on the tuning half, none did better on every group of curves.
COMPONENTS = (
    Component("power", 1.5, 1.0),
    Component("power_offset", 1.5, 1.0),
    Component("broken_power", 0.0, 1.0),
    Component("m4", 0.0, 1.0),
    Component("m4", 1.5, 1.0),
    Component("late_line", 0.0, 1.0),
    Component("last_value", 0.0, 1.0),
)

# The back-test's origins: the largest size divided by these.
ORIGINS = (1.5, 2.2, 3.5, 6.0, 12.0)


@dataclass(frozen=True)
class Spread:
    """Scale of ln y at horizon h = ln(n / n_last), and the shape of the distribution; see `spread.scale`.

    The first four and `skew` are of greatest likelihood given the next two; then all four were taken times one factor,
    so that nine in ten sizes of the tabular tuning cases lie in their 90 % intervals; `few` likewise, on curves
    cut to 2 or 3 sizes.
    """

    noise: float  # times the standard error of the last sizes (or their residuals, where seeds tell nothing)
    disagreement: float  # times the components' standard deviation, times sqrt(h)
    backtest: float  # times the curve's own back-test error per unit of sqrt(h), times h
    untested: float  # times h, where the curve is too short for a back-test
    skew: float  # scale towards less error is times this, towards more error through it
    freedom: float  # of Student's t; 3 had a better interval score than the likeliest 1.7
    chance: float  # times error² times h: curves near chance may start to fall; of 0, 0.1, 0.15, 0.2 the best score
    few: float  # times all of it below four sizes


SPREAD = Spread(
    noise=1.03,
    disagreement=0.64,
    backtest=0.27,
    untested=0.032,
    skew=1.36,
    freedom=3.0,
    chance=0.1,
    few=1.08,
)
