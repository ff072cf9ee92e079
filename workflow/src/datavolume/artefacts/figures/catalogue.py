"""Every registered figure, as data: names cost no import. A new figure is a function in this room and an entry here."""

from __future__ import annotations

from datavolume.artefacts.figures.catalogue_of_answers import ANSWERS
from datavolume.artefacts.kind import Kind

__all__ = ["KINDS"]

_SELECTION = ("experiments", "stage", "values", "architectures", "fractions", "sizes")
_RUNS = ("experiments", "architectures", "sizes", "fractions")

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
    Kind(
        name="curves",
        form="figure",
        module="training",
        title="Through training",
        caption="Metrics at each evaluation. Lines are means over seeds, bands their 95 % confidence intervals.",
        options=(
            *_SELECTION,
            *("metrics", "splits", "lines", "panels", "x", "every"),
            *("phases", "restarted", "marker", "reference", "reference_label"),
        ),
    ),
    Kind(
        name="best_and_last",
        form="figure",
        module="volumes",
        title="Best and last evaluation against data volume",
        caption=(
            "The best of all evaluations of a run and the one at its end, against the number of training images. "
            "Means over seeds, bands are 95 % confidence intervals."
        ),
        options=(*_SELECTION, "metrics", "statistics", "split", "lines", "panels", "scale"),
    ),
    Kind(
        name="class_sizes",
        form="figure",
        module="classes",
        title="Images per class",
        caption="How many images each class has, the largest class first.",
        options=("dataset", "split"),
        needs=("class_counts",),
    ),
    Kind(
        name="class_overlap",
        form="figure",
        module="classes",
        title="Overlap of subsets in each class",
        caption=(
            "Images that two subsets have in common, as a share of the smaller subset's images of a class; each pair's "
            "classes are sorted by it. The broken line is the share of all images."
        ),
        options=("dataset",),
        needs=("overlap_by_class",),
    ),
    Kind(
        name="surface",
        form="figure",
        module="surface",
        title="Size and training time",
        caption=(
            "A metric over the number of training images (logarithmic) and the evaluations of the training. The "
            "surface joins the means over seeds."
        ),
        options=("experiments", "architectures", "metric", "split", "over"),
        interactive="surface_interactive",
    ),
    Kind(
        name="boxes_by_size",
        form="figure",
        module="boxes_by_size",
        title="Spread over seeds against data volume",
        caption=(
            "A metric at the end of training against the number of training images (logarithmic axis). Boxes span the "
            "middle half of the seeds, the line in the box is the median, whiskers reach to the farthest run within "
            "1.5 box heights, points are the runs. The line is the least-squares fit of the seed means over log10 of "
            "the images; a broken one leaves out the largest size."
        ),
        options=("experiments", "architectures", "metric", "split", "without_largest"),
        interactive="boxes_by_size_interactive",
    ),
    Kind(
        name="size_fits",
        form="figure",
        module="size_fits",
        title="Regressions over log10 of the data volume",
        caption=(
            "Seed means at the end of training with their 95 % confidence intervals, and least-squares lines through "
            "the means over log10 of the training images: of all sizes, and without the largest one (hollow)."
        ),
        options=("experiments", "architectures", "metrics", "split"),
        interactive="size_fits_interactive",
    ),
    Kind(
        name="metric_scatter",
        form="figure",
        module="metric_scatter",
        title="All images, or the last batch alone",
        caption=(
            "The same runs judged twice, on one scale: by all images of the split (left), and by the last batch of the "
            "evaluation alone (right). Points are runs, squares means over seeds, the dotted line is the "
            "least-squares fit of the means over log10 of the training images."
        ),
        options=("experiments", "architectures", "metric", "split"),
    ),
    Kind(
        name="boxes_by_value",
        form="figure",
        module="boxes_by_value",
        title="By the value of one factor",
        caption=(
            "A metric at the end of training by the value of one factor. Boxes span the middle half of the seeds, the "
            "line in the box is the median, whiskers reach to the farthest run within 1.5 box heights, points are the "
            "runs. A star marks the value that was chosen: the best mean, on images kept for tuning where there are "
            "some."
        ),
        options=(*_SELECTION, "metric", "split", "chosen", "label"),
        interactive="boxes_by_value_interactive",
    ),
    Kind(
        name="cost",
        form="figure",
        module="cost",
        title="Cost beside accuracy",
        caption=(
            "What each configuration reaches at the end of training against what training one run of it costs. "
            "Markers are means over seeds with 95 % confidence intervals; the grey line joins the configurations "
            "that nothing as cheap beats."
        ),
        options=(*_SELECTION, "metric", "split", "cost"),
        interactive="cost_interactive",
    ),
    Kind(
        name="reliability",
        form="figure",
        module="reliability",
        title="Reliability of the networks' confidence",
        caption=(
            "How often predictions of a confidence are right, on the held-out images; on the diagonal, confidence is "
            "what it says, below it a network is too sure. Images of all seeds together; bins of fewer than five "
            "images a run are left out. Below, the share of images in each bin. Of more than six volumes, six are "
            "shown."
        ),
        options=(*_RUNS, "bins", "scaled", "panels"),
        needs=("reliability",),
    ),
    Kind(
        name="calibration_by_volume",
        form="figure",
        module="calibration",
        title="Calibration and confidence against data volume",
        caption=(
            "Expected calibration error (15 bins) and loss on the held-out images, as trained and after temperature "
            "scaling, fitted on one half of the images and judged on the other; the temperature (above 1, a network "
            "is too sure); and the normalised margins of correct and of wrong predictions. Means over seeds, bands "
            "are their 95 % confidence intervals. The dotted lines are the error that a calibrated network has by "
            "chance, on so many images."
        ),
        options=_RUNS,
        needs=("calibration",),
    ),
    Kind(
        name="margin_distributions",
        form="figure",
        module="reliability",
        title="Confidence margins of correct and wrong predictions",
        caption=(
            "The share of predictions whose normalised margin, the lead of the first class over the second as a share "
            "of the first's probability, is at most so large. "
            "The axis is even in the logarithm of the "
            "two probabilities' ratio. Held-out images of all seeds together. Of more than six volumes, six are shown."
        ),
        options=_RUNS,
        needs=("margins",),
    ),
    Kind(
        name="voting_by_volume",
        form="figure",
        module="calibration",
        title="What the seeds gain by voting",
        caption=(
            "Top-1 accuracy on the held-out images when the networks of one volume vote, beside that of one network "
            "(left), and the difference (right). The bands are 95 % intervals of soft voting over images drawn again."
        ),
        options=_RUNS,
        needs=("ensembles",),
    ),
    *ANSWERS,
)
