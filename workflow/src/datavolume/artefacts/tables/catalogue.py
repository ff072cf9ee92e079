"""Every registered table, as data: names cost no import. A new table is a function in this room and an entry here."""

from __future__ import annotations

from datavolume.artefacts.kind import Kind
from datavolume.artefacts.tables.catalogue_of_answers import ANSWERS

__all__ = ["KINDS"]

_CHOSEN = ("experiments", "stage", "values", "networks")

KINDS: tuple[Kind, ...] = (
    Kind(
        name="results",
        form="table",
        module="results",
        title="Results",
        caption=(
            "Held-out images at the last evaluation: means over seeds with 95 % confidence intervals, per "
            "architecture and data volume, and the mean training time of one run."
        ),
    ),
    Kind(
        name="comparison_table",
        form="table",
        module="comparison",
        title="Printed numbers beside ours",
        caption=(
            "Numbers as the paper prints them, ours with 95 % confidence intervals, and their difference with the 95 % "
            "interval that noise between trainings of the same kind leaves."
        ),
        options=("artefacts", "layout"),
        needs=("comparison",),
    ),
    Kind(
        name="by_value",
        form="table",
        module="by_value",
        title="By value",
        caption="Held-out images: means over seeds, with 95 % confidence intervals where there are several.",
        options=(*_CHOSEN, "fractions", "metrics", "statistic", "parameters", "seconds", "published"),
        needs=("comparison",),
    ),
    Kind(
        name="steps_table",
        form="table",
        module="steps",
        title="Step by step",
        caption=(
            "Held-out images at the end of each step: means over seeds, with 95 % confidence intervals where there "
            "are several. Image passes count repetitions, in passes over all training images."
        ),
        options=(*_CHOSEN, "metrics", "statistic", "cost", "published"),
        needs=("comparison",),
    ),
    Kind(
        name="plan_table",
        form="table",
        module="plan",
        title="Planned runs",
        caption="Epochs and schedule of each data volume; epochs are passes over the volume's own images.",
        options=("experiments", "networks", "columns", "published"),
        needs=("comparison",),
    ),
    Kind(
        name="overlap_table",
        form="table",
        module="overlap",
        title="Overlap of subsets",
        caption="Images that two subsets of one volume have in common, as a share of a subset's images.",
        options=("dataset", "published"),
        needs=("overlap", "comparison"),
    ),
    Kind(
        name="time_table",
        form="table",
        module="times",
        title="Training time",
        caption="Measured training time, without evaluations; a clock reads h:mm:ss.",
        options=("experiments", "networks", "by", "groups", "published"),
        needs=("comparison",),
    ),
    Kind(
        name="cost_table",
        form="table",
        module="times",
        title="Training cost",
        caption=(
            "Images passed through the network (with repetition), in images and in passes over the whole training set, "
            "and measured training time; shares are of the baseline."
        ),
        options=(*_CHOSEN, "baseline", "published"),
        needs=("comparison",),
    ),
    Kind(
        name="voting_table",
        form="table",
        module="voting",
        title="Voting",
        caption=(
            "Top-1 accuracy of the best models together: soft voting adds their probabilities, hard voting counts "
            "their predictions. Brackets: 95 % interval that the number of held-out images leaves."
        ),
        options=("published",),
        needs=("votes", "comparison"),
    ),
    Kind(
        name="regression_table",
        form="table",
        module="regressions",
        title="Regression on data volume",
        caption=(
            "Least squares of the means over seeds on log10 of the number of training images, at the last evaluation "
            "on held-out images; accuracies are shares of 1, cross-entropy is in nats. Brackets: 95 % interval of the "
            "line. The last column is the one-way analysis of variance over sizes."
        ),
        options=("experiments", "networks", "metrics", "without_largest", "published"),
        needs=("comparison",),
    ),
    Kind(
        name="saturation_table",
        form="table",
        module="regressions",
        title="Saturation",
        caption=(
            "What is missing to the result with all data, what one doubling of the data brings from the volume below, "
            "and the smallest volume from which on the mean stays within the margin (its one-sided 95 % bound, where "
            "there are several seeds)."
        ),
        options=("experiments", "networks", "metric", "margin"),
    ),
    *ANSWERS,
)
