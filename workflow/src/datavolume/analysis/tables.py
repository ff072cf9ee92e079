"""The analysis' CSV files by name, in the order in which a reader asks. Names alone: rules read them at each start.

VOLUME      of data volume: answering.analyse.Statistics has a frame of each
FACTORS     of what a study varies: the frames of answering.factors.Ranked, by file
STATISTICS  both, which rule `analyse` writes
CONFIDENCE  how sure the networks are, and how right: scripts/calibration.py

ENOUGH, NEXT_STEPS and SEEDS are columns of files that tables show even where they have no row.
"""

from __future__ import annotations

__all__ = ["BETWEEN", "CONFIDENCE", "ENOUGH", "FACTORS", "NEXT_STEPS", "SEEDS", "STATISTICS", "VOLUME"]

VOLUME = (
    *("anova", "assumptions", "pairs", "log_linear", "influence", "slopes", "requirement"),
    *("enough", "forecast", "families", "next_steps", "variance", "seeds"),
)
FACTORS = {"factors": "values", "factor_tests": "tests"}
STATISTICS = (*VOLUME, *FACTORS)
CONFIDENCE = ("calibration", "reliability", "margins", "ensembles")

BETWEEN = " | "  # warnings in one `note`

ENOUGH = ("architecture", "question", "threshold", "n", "lower", "upper", "level", "required", "largest", "note")
NEXT_STEPS = (
    *("architecture", "option", "from_architecture", "from_n", "level", "n", "value", "lower", "upper"),
    *("gain", "gain_lower", "gain_upper", "better", "labels", "gpu_hours", "images", "price", "gain_per_price"),
    *("advised", "note"),
)
SEEDS = (
    *("architecture", "n", "sd", "df", "seeds", "width", "margin"),
    *("seeds_for_width", "power", "seeds_for_power", "note"),
)
