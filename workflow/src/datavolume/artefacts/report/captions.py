"""What the report says of each of the analysis' CSV files: a title, how to read it, and which columns it shows.

DESCRIBED["anova"]       in the order in which a reader asks
NAMES["p_holm"]          a column's head, where it is not its name
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DESCRIBED", "NAMES", "Described"]


@dataclass(frozen=True)
class Described:
    """`columns` are shown, but for those that are empty; those of `percent` are shares of 1 that are shown in percent
    (or percentage points); `ends`: columns whose interval stands in other columns than <name>_lower and _upper."""

    title: str
    caption: str
    columns: tuple[str, ...]
    percent: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


DESCRIBED: dict[str, Described] = {
    "factor_tests": Described(
        "Does a factor matter",
        "Top-1 accuracy on held-out images: do the values of a factor differ, against the spread between seeds? "
        "Welch's analysis of variance, which does not take the spreads for equal; η² is the share of the variance that "
        "goes with the factor.",
        ("title", "factor", "network", "n", "values", "runs", "F", "df1", "df2", "p", "eta2", "note"),
    ),
    "factors": Described(
        "Values of each factor",
        "Top-1 accuracy (%) on held-out images, mean over seeds. Difference: the best value minus this one, in "
        "percentage points, with simultaneous 95 % intervals (Games–Howell) and p.",
        ("title", "factor", "network", "n", "value", "seeds", "mean", "difference", "difference_p", "note"),
        ("mean", "lower", "upper", "difference", "difference_lower", "difference_upper"),
        ("mean",),
    ),
    "requirement": Described(
        "How much is enough, volume by volume",
        "Shortfall: how many percentage points of top-1 accuracy are missing to the largest volume, mean over seeds "
        "paired by seed, with one-sided 95 % bounds. Enough: the upper bound is within the margin. The answer is the "
        "smallest volume that is enough and has only volumes above it that are.",
        ("architecture", "n", "share", "mean", "shortfall", "enough", "note"),
        ("mean", "lower", "upper", "shortfall", "shortfall_lower", "shortfall_upper"),
        ("mean",),
    ),
    "enough": Described(
        "How many images are enough",
        "Where the curve itself comes within the margin of all data, where another doubling brings less than that, and "
        "where it reaches the target, if there is one: estimated images, with intervals. A volume shown to be enough "
        "is one that was trained.",
        ("architecture", "question", "n", "interval", "required", "note"),
    ),
    "forecast": Described(
        "Forecasts",
        "Top-1 accuracy (%) on held-out images with more data of the same kind: the median, and an interval that "
        "should hold the mean over as many seeds. The note says what speaks against a curve's forecast.",
        ("architecture", "n", "multiple", "median", "level", "actual", "note"),
        ("median", "lower", "upper", "actual"),
        ("median",),
    ),
    "families": Described(
        "Families of curves behind the forecasts",
        "No family is picked: all are weighed by how they would have forecast each curve's own largest volumes from "
        "its smaller ones (held-out error: root mean square of the log of what falls with data; the smallest is best). "
        "AICc judges the fit to what was measured; lower is better.",
        ("architecture", "family", "formula", "weight", "held_out", "aicc", "converged", "note"),
    ),
    "next_steps": Described(
        "What the next step buys",
        "From one network and volume: accuracy (%) with more images, another network or both, the gain in percentage "
        "points with its 90 % interval, the probability that it is a gain, and what one training there costs.",
        (
            *("from_architecture", "from_n", "option", "architecture", "n", "value", "gain", "better", "labels"),
            *("gpu_hours", "images", "price", "gain_per_price", "advised", "note"),
        ),
        ("value", "lower", "upper", "gain", "gain_lower", "gain_upper", "gain_per_price"),
        ("value",),
    ),
    "seeds": Described(
        "How many seeds are enough",
        "At the largest volume, in percentage points of top-1 accuracy: standard deviation between trainings, width of "
        "the mean's 95 % interval, and how many seeds make it as narrow as the margin. Power: the probability to tell "
        "two volumes apart that differ by the margin, and the seeds of each that make it 0.8.",
        (
            *("architecture", "n", "seeds", "sd", "width", "margin"),
            *("seeds_for_width", "power", "seeds_for_power", "note"),
        ),
        ("sd", "width", "margin"),
    ),
    "variance": Described(
        "Where the spread comes from",
        "Standard deviation of top-1 accuracy in percentage points, with its 95 % interval, and the share of the "
        "variance: of the seed, the subset and their combination where every seed was trained on every subset. "
        "“all”: pooled over the volumes.",
        ("architecture", "n", "source", "sd", "share", "df", "note"),
        ("sd", "sd_lower", "sd_upper"),
    ),
    "anova": Described(
        "Analysis of variance",
        "Does a metric depend on the volume, on the architecture, and do architectures gain differently? The advised"
        " method is the row to read: it counts runs of one seed as related, or does without the assumptions that "
        "fail. Partial η² is the share of this sample's variance that goes with a term, others set aside; ω² "
        "estimates it for other seeds, with its 95 % interval. The second p is adjusted for all metrics (Holm).",
        (
            *("architecture", "metric", "term", "method", "advised", "df", "df2", "sum_sq", "F", "p", "p_holm"),
            *("partial_eta2", "partial_omega2", "note"),
        ),
        (),
        ("partial_omega2",),
    ),
    "assumptions": Described(
        "What analysis of variance assumes",
        "Levene's test: is the spread the same everywhere? Shapiro and Wilk's: do the residuals look normal? A small p "
        "speaks against it; then methods that do without are advised.",
        ("architecture", "metric", "check", "statistic", "p", "holds", "note"),
    ),
    "pairs": Described(
        "Pairs of volumes",
        "The second volume minus the first, in 0 to 1 (loss: nats), with simultaneous 95 % intervals and p adjusted "
        "for all pairs: Tukey's test, or Games and Howell's where the spreads differ. Not to be told apart is not the "
        "same as alike: the interval says how large a difference may be.",
        ("architecture", "metric", "test", "n_small", "n_large", "difference", "p", "note"),
        (),
        ("difference",),
    ),
    "log_linear": Described(
        "Log-linear regressions",
        "Each metric, in 0 to 1 (loss: nats), as a straight line over log10 of the training images: the slope is the "
        "change that ten times the data bring. Over seed means, what is not straight counts as noise; over runs, "
        "clustered by seed, the interval is of other seeds. A small p in the last three columns speaks against the "
        "line: residuals that are not normal, a spread that changes with the volume, means that bend away.",
        (
            *("architecture", "metric", "over", "slope", "slope_p", "intercept", "r2", "errors"),
            *("shapiro_p", "breusch_pagan_p", "lack_of_fit_p", "note"),
        ),
    ),
    "influence": Described(
        "What the lines hang on",
        "Each volume's seed mean beside the line. Studentised residual: how far it lies off the line through all "
        "others; an outlier has a p, adjusted for all volumes, below 0.05. Cook's distance: how much the line would "
        "change without it; 1 is much.",
        (
            *("architecture", "metric", "n", "mean", "fitted", "studentised", "p_adjusted", "outlier", "cooks"),
            *("influential", "slope_without", "r2_without", "note"),
        ),
    ),
    "slopes": Described(
        "Do architectures gain alike",
        "The second architecture's slope minus the first's, per ten times the data, in 0 to 1 (loss: nats), with 95 % "
        "interval and p adjusted for all pairs. The last p asks whether all slopes of a metric are equal.",
        ("metric", "first", "second", "difference", "p_adjusted", "errors", "p_equal", "note"),
        (),
        ("difference",),
    ),
}

NAMES = {
    "n": "Images",
    "requirement.mean": "Top-1 accuracy (%)",
    "factors.mean": "Top-1 accuracy (%)",
    "shortfall": "Shortfall (points)",
    "required": "Shown to be enough",
    "multiple": "Times the largest",
    "median": "Median (%)",
    "level": "Interval of",
    "actual": "Measured (%)",
    "held_out": "Held-out error",
    "aicc": "AICc",
    "from_architecture": "From",
    "from_n": "With",
    "next_steps.architecture": "Network",
    "next_steps.value": "Top-1 accuracy (%)",
    "next_steps.images": "Images passed",
    "gain": "Gain (points)",
    "better": "Probability of a gain",
    "gpu_hours": "GPU hours",
    "gain_per_price": "Points per price",
    "sd": "SD (points)",
    "width": "95 % interval (points)",
    "margin": "Margin (points)",
    "seeds_for_width": "Seeds for the margin",
    "seeds_for_power": "Seeds for 0.8",
    "source": "Of",
    "slope_p": "p",
    "r2": "R²",
    "shapiro_p": "Shapiro–Wilk p",
    "breusch_pagan_p": "Breusch–Pagan p",
    "lack_of_fit_p": "Lack of fit p",
    "sum_sq": "Sum of squares",
    "df": "df",
    "df2": "Residual df",
    "factor_tests.df1": "df between",
    "factor_tests.df2": "df within",
    "p": "p",
    "p_holm": "p, all metrics",
    "p_adjusted": "p, adjusted",
    "p_equal": "p, all equal",
    "difference_p": "p",
    "partial_eta2": "Partial η²",
    "partial_omega2": "Partial ω²",
    "eta2": "η²",
    "n_small": "First",
    "n_large": "Second",
    "fitted": "Line",
    "studentised": "Studentised residual",
    "cooks": "Cook's distance",
    "slope_without": "Slope without",
    "r2_without": "R² without",
    "title": "Experiment",
}
