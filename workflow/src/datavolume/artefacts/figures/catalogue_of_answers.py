"""The figures that answer the question: how much is enough, what more would give, and what to buy next."""

from __future__ import annotations

from datavolume.artefacts.kind import Kind

__all__ = ["ANSWERS"]

ANSWERS: tuple[Kind, ...] = (
    Kind(
        name="forecast",
        form="figure",
        module="forecast",
        title="What more data would give",
        caption=(
            "Top-1 accuracy on the held-out images: measured (full line; dots are runs) and, beyond the largest "
            "volume, forecast (broken line: median, shaded: 90 % interval of the mean over as many seeds). The "
            "vertical axis is even in the logarithm of the error, on which a power law is a straight line. Grey "
            "crosses show what the same method forecasts for a trained volume from half of it or less: nine of ten "
            "of their intervals should hold the measured mean. Grey bars are the numbers of images that the margin "
            "or a target takes, with their intervals; an arrow says that one goes on beyond the axis."
        ),
        options=("architectures", "to"),
        needs=("forecast", "enough", "requirement"),
        interactive="forecast_interactive",
    ),
    Kind(
        name="requirement",
        form="figure",
        module="requirement",
        title="How much is enough",
        caption=(
            "How many percentage points of top-1 accuracy each volume falls short of the largest one, mean over seeds "
            "with one-sided 95 % bounds above and below. A filled marker is a volume shown to be enough: its upper "
            "bound, and that of all larger ones, is within the margin (broken line). The vertical line is the "
            "estimated number of images from which on the curve is within the margin, the shaded band its 95 % "
            "interval. Beyond twice the margin the vertical axis is logarithmic."
        ),
        options=("architectures",),
        needs=("requirement", "enough"),
        interactive="requirement_interactive",
    ),
    Kind(
        name="next_steps",
        form="figure",
        module="next_steps",
        title="What the next step buys",
        caption=(
            "What more images, another network, or both would gain in top-1 accuracy over one network at its largest "
            "volume (left: estimate and 90 % interval; at 0 nothing is gained), beside what that costs (right). The "
            "filled marker is the option that gains most for its price where all prices are known, else the one that "
            "gains most. Of more than twelve options, those that gain most are shown."
        ),
        options=("architectures",),
        needs=("next_steps",),
    ),
)
