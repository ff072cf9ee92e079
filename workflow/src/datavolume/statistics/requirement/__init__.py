"""How much is enough: requirement, target, gain per doubling, saturation, and what the next step buys.

    within_margin(curve, 0.01)              smallest n within a margin of the full data's metric, with an interval
    reach(curve, 0.95)                      smallest n that reaches a target, from the forecast
    gains(curve)                            gain of a doubling between neighbouring sizes
    saturation({"resnet18": curve}, 0.005)  from where on a doubling brings less than that
    next_steps(frame, kind="accuracy")      1 000 more images, or a bigger network: which buys more

A `Curve` (datavolume.statistics.curves) holds n, value and, where known, seed.
"""

from datavolume.statistics.requirement.cost import cost_beside, next_steps
from datavolume.statistics.requirement.gains import gains
from datavolume.statistics.requirement.margin import Requirement, within_margin
from datavolume.statistics.requirement.replicates import Contrast, Replicates
from datavolume.statistics.requirement.saturation import saturation
from datavolume.statistics.requirement.target import LIMIT, Reach, reach

__all__ = [
    "LIMIT",
    "Contrast",
    "Reach",
    "Replicates",
    "Requirement",
    "cost_beside",
    "gains",
    "next_steps",
    "reach",
    "saturation",
    "within_margin",
]
