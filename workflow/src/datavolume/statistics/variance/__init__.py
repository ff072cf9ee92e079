"""Is the effect real, how large is it, and how many seeds would tell?

one_way, factorial, blocked      analysis of variance: one factor, several, seeds as blocks
several, welch, kruskal, checks  where its assumptions fail
tukey, games_howell, holm        which levels differ
components, seeds_for_...        what the spread is made of, and how many runs are enough

Frames in (a row a run), frames or small dataclasses out; NaN and a `note` where there is no answer.
"""

from datavolume.statistics.variance.blocks import Blocked, blocked
from datavolume.statistics.variance.checks import checks
from datavolume.statistics.variance.components import Components, components
from datavolume.statistics.variance.effects import effect_interval, effects
from datavolume.statistics.variance.factorial import factorial
from datavolume.statistics.variance.one_way import OneWay, Test, anova, kruskal, one_way, several, welch
from datavolume.statistics.variance.pairs import games_howell, holm, pair_of, pairs_of, tukey
from datavolume.statistics.variance.seeds import (
    plan_power,
    plan_width,
    power_of_anova,
    power_of_grid,
    power_of_seeds,
    seeds_for_anova,
    seeds_for_power,
    seeds_for_width,
    width_of_seeds,
)
from datavolume.statistics.variance.tables import anova_table, pairs_table

__all__ = [
    "Blocked",
    "Components",
    "OneWay",
    "Test",
    "anova",
    "anova_table",
    "blocked",
    "checks",
    "components",
    "effect_interval",
    "effects",
    "factorial",
    "games_howell",
    "holm",
    "kruskal",
    "one_way",
    "pair_of",
    "pairs_of",
    "pairs_table",
    "plan_power",
    "plan_width",
    "power_of_anova",
    "power_of_grid",
    "power_of_seeds",
    "seeds_for_anova",
    "seeds_for_power",
    "seeds_for_width",
    "several",
    "tukey",
    "welch",
    "width_of_seeds",
]
