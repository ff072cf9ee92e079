"""Straight lines over the logarithm of data volume: how steep, how certain, and on which size they hang.

log_linear       over seed means and over all runs (cluster-robust by seed), with and without each size
influence        leverage, Cook's distance, is the last size an outlier?
slopes           do architectures gain alike from more data?
r2_interval      of an R2
residual_checks  normal, of one spread, straight? of a fitted line's residuals
least_squares, polynomial      with the digits that NIST's certified sets ask for
"""

from datavolume.statistics.lines.influence import influence
from datavolume.statistics.lines.least_squares import Fit, least_squares, polynomial
from datavolume.statistics.lines.line import log_linear
from datavolume.statistics.lines.r2 import r2_interval, r2_jackknife
from datavolume.statistics.lines.residuals import CHECKS, lack_of_fit, residual_checks
from datavolume.statistics.lines.slopes import Slopes, slopes

__all__ = [
    "CHECKS",
    "Fit",
    "Slopes",
    "influence",
    "lack_of_fit",
    "least_squares",
    "log_linear",
    "polynomial",
    "r2_interval",
    "r2_jackknife",
    "residual_checks",
    "slopes",
]
