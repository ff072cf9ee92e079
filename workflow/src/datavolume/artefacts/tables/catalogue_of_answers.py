"""The tables that answer the question: forecasts, what is enough, the next step, seeds, analysis of variance."""

from __future__ import annotations

from datavolume.artefacts.kind import Kind

__all__ = ["ANSWERS"]

ANSWERS: tuple[Kind, ...] = (
    Kind(
        name="enough_table",
        form="table",
        module="answers",
        title="How many images are enough",
        caption=(
            "Estimated numbers of training images, with intervals: from how many on the accuracy is within the margin "
            "of that with all data, from where on another doubling brings less than the margin, and how many reach the "
            "target, if there is one. Shown to be enough: the smallest volume trained that is, by a test of its "
            "shortfall and that of all larger ones. An interval “or more” has no upper end within a hundred times "
            "the data."
        ),
        options=("architectures",),
        needs=("enough",),
    ),
    Kind(
        name="forecast_table",
        form="table",
        module="answers",
        title="Forecast",
        caption=(
            "Top-1 accuracy on the held-out images that more training images of the same kind would give: the median "
            "and an interval that is meant to hold the mean over as many seeds. Remarks say what speaks against a "
            "curve's forecast."
        ),
        options=("architectures",),
        needs=("forecast",),
    ),
    Kind(
        name="next_steps_table",
        form="table",
        module="answers",
        title="What the next step buys",
        caption=(
            "More images, another network or both: accuracy there, the gain over where one starts (network and "
            "images), the probability that it is a gain at all, and what it costs. Accuracy is measured within the "
            "volumes trained, forecast beyond; costs are of one training there."
        ),
        options=("architectures",),
        needs=("next_steps",),
    ),
    Kind(
        name="seeds_table",
        form="table",
        module="spread",
        title="How many seeds are enough",
        caption=(
            "Standard deviation of top-1 accuracy between seeds at the largest volume, the width of the mean's 95 % "
            "interval that follows, and how many seeds make it as narrow as the margin. Power: the probability that "
            "two volumes that differ by the margin are told apart with the seeds trained, and how many it takes for "
            "four in five."
        ),
        options=("architectures",),
        needs=("seeds", "variance"),
    ),
    Kind(
        name="anova_table",
        form="table",
        module="spread",
        title="Analysis of variance",
        caption=(
            "Does a metric depend on the data volume, the architecture, and one on the other? For each question the "
            "method that its assumptions allow. The share of the variance is partial ω², an estimate for other seeds; "
            "the second p is adjusted for all metrics (Holm)."
        ),
        options=("architectures", "metrics"),
        needs=("anova",),
    ),
)
