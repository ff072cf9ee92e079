"""What other curves taught: the components of the combined forecast, their prior weights, and the spread's constants.

All of it was chosen on the tuning half alone, and is held against the other half in docs/benchmarks.md ("Forecasts of
learning curves"); `python benchmarks/forecast.py --calibrate` computes `SPREAD` again. Tuning half: of LCDB 1.1
the datasets whose name's SHA-256 starts with an even byte (75 of 123; 400 curves of them, all sizes or every fourth or
eighth), of the vision curves of Alabdulmohsin et al. (2022) the bird tasks.
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


COMPONENTS = (
    Component("power", 1.5, 0.5),
    Component("power_offset", 1.5, 1.5),
    Component("broken_power", 0.0, 0.5),
    Component("m4", 0.0, 0.5),
    Component("m4", 1.5, 1.0),
    Component("late_line", 0.0, 1.0),
    Component("last_value", 0.0, 0.3),
)

# The back-test's origins: the largest size divided by these.
ORIGINS = (1.5, 2.2, 3.5, 6.0, 12.0)


@dataclass(frozen=True)
class Spread:
    """Scale of ln y at horizon h = ln(n / n_last), and the shape of the distribution; see `spread.scale`."""

    noise: float  # times the standard error of the last sizes (or their residuals, where seeds tell nothing)
    disagreement: float  # times the components' standard deviation, times sqrt(h)
    drop: float  # times the forecast fall, times sqrt(h)
    backtest: float  # times the curve's own back-test error per unit of sqrt(h), times h
    untested: float  # times h, where the curve is too short for a back-test
    freedom: float  # degrees of freedom of Student's t
    below: float  # scale towards less error than the median
    above: float  # scale towards more error than the median
    few: float  # times all of it below FEWEST sizes


SPREAD = Spread(
    noise=0.86,
    disagreement=0.73,
    drop=0.20,
    backtest=0.127,
    untested=0.018,
    freedom=2.14,
    below=1.2,
    above=0.9,
    few=2.0,
)
