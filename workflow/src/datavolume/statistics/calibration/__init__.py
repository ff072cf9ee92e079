"""How sure networks are, and whether rightly so: margins, calibration, temperature scaling, voting.

judge(probabilities, labels)                confidence, loss, Brier score and margin of each image
reliability_bins(confidence, correct)       the reliability diagram; calibration_error, debiased_error and squared_error
error_interval(confidence, correct, rng)    of the calibration error
fit_temperature, cross_fitted               temperature scaling, judged on images that did not fit it
margin_counts(margin, correct)              distributions of normalised margins
Poll, against_members                       soft and hard voting, and what it gains
"""

from datavolume.statistics.calibration.judged import Judged, judge
from datavolume.statistics.calibration.margins import margin_counts, mean_margins
from datavolume.statistics.calibration.reliability import (
    ErrorInterval,
    calibration_error,
    chance_error,
    debiased_error,
    error_interval,
    reliability_bins,
    squared_error,
)
from datavolume.statistics.calibration.temperature import Temperature, cross_fitted, fit_temperature
from datavolume.statistics.calibration.voting import Estimate, Poll, against_members

__all__ = [
    "ErrorInterval",
    "Estimate",
    "Judged",
    "Poll",
    "Temperature",
    "against_members",
    "calibration_error",
    "chance_error",
    "cross_fitted",
    "debiased_error",
    "error_interval",
    "fit_temperature",
    "judge",
    "margin_counts",
    "mean_margins",
    "reliability_bins",
    "squared_error",
]
