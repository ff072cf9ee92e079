"""The analysis' CSV files by name, in the order in which a reader asks. Names alone: rules read them at each start.

VOLUME      of data volume: answering.analyse.Statistics has a frame of each
FACTORS     of what a study varies: the frames of answering.factors.Ranked, by file
STATISTICS  both, which rule `analyse` writes
CONFIDENCE  how sure the networks are, and how right: scripts/calibration.py
"""

from __future__ import annotations

__all__ = ["CONFIDENCE", "FACTORS", "STATISTICS", "VOLUME"]

VOLUME = (
    *("anova", "assumptions", "pairs", "log_linear", "influence", "slopes", "requirement"),
    *("enough", "forecast", "families", "next_steps", "variance", "seeds"),
)
FACTORS = {"factors": "values", "factor_tests": "tests"}
STATISTICS = (*VOLUME, *FACTORS)
CONFIDENCE = ("calibration", "reliability", "margins", "ensembles")
