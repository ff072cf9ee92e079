"""What other curves taught: the components of the combined forecast, their prior weights, and the spread's constants.

All of it was chosen on the tuning half alone, and is held against the other half in docs/benchmarks.md ("Forecasts of
learning curves"); `python benchmarks/forecast.py --calibrate` learns the constants of `SPREAD` again. Tuning half: of
LCDB 1.1 the datasets whose name's SHA-256 starts with an even byte (75 of 123; 400 curves of them, all sizes or every
fourth or eighth), of the vision curves of Alabdulmohsin et al. (2022) the bird tasks and those on CIFAR-100 whose "task
model" has an even first byte (25 of 36).
"""

from __future__ import annotations

from dataclasses import dataclass

from datavolume.statistics.curves.families import FAMILIES

__all__ = ["COMPONENTS", "ORIGINS", "SPREAD", "Component", "Side", "Spread"]


@dataclass(frozen=True)
class Component:
    """A family, how much more late sizes weigh ((n / n_last)^recency; Figueroa et al. 2012 weigh alike), and its prior
    weight."""

    family: str
    recency: float
    weight: float

    @property
    def least(self) -> int:
        return 2 if self.family == "trend" else FAMILIES[self.family].least


# Of about 200 sets tried on the tuning half, one of many that are as good: last value and a power law weigh most, the
# one too high and the other too low nearly always, so that their errors cancel; the rest say where between they go.
COMPONENTS = (
    Component("last_value", 0.0, 3.0),
    Component("power", 1.5, 2.0),
    Component("trend", 0.0, 2.0),
    Component("power_offset", 1.5, 1.0),
    Component("m4", 0.0, 1.0),
    Component("m4", 1.5, 1.0),
)

# The back-test's origins: the largest size divided by these.
ORIGINS = (1.5, 2.2, 3.5, 6.0, 12.0)


@dataclass(frozen=True)
class Side:
    """What the scale of ln y on one side of the median is made of, at horizon h = ln(n / n_last)."""

    noise: float  # times the standard error of the last sizes (or their residuals, where seeds tell nothing)
    disagreement: float  # times the components' standard deviation, times sqrt(h)
    backtest: float  # times the curve's own back-test error per unit of sqrt(h), times h
    untested: float  # times h, where the curve is too short for a back-test
    chance: float  # times error² times h: curves near chance may start to fall


@dataclass(frozen=True)
class Spread:
    """Shape of the distribution. Both sides have the least interval scores at 90 and 50 % (Gneiting & Raftery 2007,
    section 9.1), given `freedom`; then all was taken times one factor, so that nine in ten sizes of the tabular tuning
    cases lie in their 90 % intervals; `few` likewise, on curves cut to 2 or 3 sizes (0.99 when learned: 1)."""

    less: Side
    more: Side
    freedom: float  # of Student's t; 5 had the same scores, 3 has the longer tails
    few: float  # times all of it below four sizes


SPREAD = Spread(
    less=Side(noise=1.35, disagreement=0.53, backtest=0.59, untested=0.22, chance=0.13),
    more=Side(noise=1.03, disagreement=0.21, backtest=0.18, untested=0.007, chance=0.038),
    freedom=3.0,
    few=1.0,
)
