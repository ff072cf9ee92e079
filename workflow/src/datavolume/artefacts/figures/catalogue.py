"""Every registered figure, as data: names cost no import. A new figure is a function in this room and an entry here."""

from __future__ import annotations

from datavolume.artefacts.kind import Kind

__all__ = ["KINDS"]

KINDS: tuple[Kind, ...] = (
    Kind(
        name="accuracy_by_volume",
        form="figure",
        module="accuracy",
        title="Accuracy against data volume",
        caption=(
            "Top-1 accuracy on the held-out images against the number of training images (logarithmic axis). "
            "Lines join the means over seeds, bands are their 95 % confidence intervals, small points are single "
            "runs. Dotted lines are the least-squares fits over log10 of the images."
        ),
    ),
    Kind(
        name="accuracy_boxes",
        form="figure",
        module="accuracy",
        title="Spread over seeds",
        caption=(
            "Top-1 accuracy on the held-out images at each data volume. Boxes span the middle half of the seeds, "
            "the line in the box is the median, whiskers reach to the farthest run within 1.5 box heights, points "
            "are the runs."
        ),
    ),
    Kind(
        name="learning_curves",
        form="figure",
        module="curves",
        title="Learning curves",
        caption=(
            "Top-1 accuracy through training, on the training images of each run (left) and on the held-out "
            "images (right), one line a data volume. Lines are means over seeds, bands their 95 % confidence "
            "intervals."
        ),
    ),
    Kind(
        name="generalisation_gap",
        form="figure",
        module="gap",
        title="Gap between training and validation",
        caption=(
            "What a run does better on the images it was trained on than on held-out ones, against the number of "
            "training images: accuracy on training minus validation images (left), loss on validation minus "
            "training images (right). Means over seeds with 95 % confidence intervals; at 0 there is no gap."
        ),
    ),
)
