"""What a number about runs can be of: a metric, a count, a time, a line over data volume; and its units.

    quantity("top1").units["percent"]         100.0: what brings the stored value to the printed unit
    quantity("r2_without_largest:loss").fit   "r2_without_largest"

Names are those of METRICS, those below, and `<fit>:<metric>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datavolume.analysis.metrics import LAST_BATCH, METRICS
from datavolume.errors import UserError
from datavolume.study.validate import nearest

__all__ = ["FITS", "STATISTICS", "Quantity", "quantity", "statistic"]

STATISTICS = ("last", "best", "first", "total", "best_run", "below")
_LINE = ("slope", "intercept", "r2")
FITS = (*_LINE, *(f"{name}_without_largest" for name in _LINE), "p", "saturation")

_SHARE = {"percent": 100.0, "share": 1.0}
_TIME = {"seconds": 1.0, "minutes": 1 / 60, "hours": 1 / 3600, "days": 1 / 86400}
_PLAIN = {"": 1.0}


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """`metric`: the column of metrics, for what is measured on images; `fit`: of a line of it over log10(n).

    `units`: unit -> factor from the stored value. `exact`: a count that is the same for every seed; `timed`: depends on
    the hardware. `higher_is_better` is what `best` means.
    """

    name: str
    units: Mapping[str, float]
    metric: str = ""
    fit: str = ""
    exact: bool = False
    timed: bool = False
    higher_is_better: bool = True

    @property
    def counted(self) -> bool:
        """Whether it is a share of images that are right."""
        return not self.fit and self.metric in ("top1", "top5", "last_batch_top1")


def _of_metric(name: str, column: str) -> Quantity:
    known = METRICS.get(column)
    if known is None:
        units, higher = (_SHARE, True) if column == "last_batch_top1" else ({"nats": 1.0}, False)
    else:
        units = {"%": _SHARE, "nats": {"nats": 1.0}}.get(known.unit, _PLAIN)
        higher = known.higher_is_better
    return Quantity(name=name, metric=column, units=units, higher_is_better=higher)


_METRICS = {name: _of_metric(name, name) for name in (*METRICS, *LAST_BATCH)}
_OTHERS = {
    one.name: one
    for one in (
        Quantity(name="seconds", units=_TIME, timed=True),
        Quantity(name="seconds_per_epoch", units=_TIME, timed=True),
        Quantity(name="parameters", units={"": 1.0, "millions": 1e-6}, exact=True),
        Quantity(name="parameter_mb", units={"MB": 1.0}, exact=True),
        Quantity(name="n", units={"images": 1.0, "": 1.0}, exact=True),
        Quantity(name="epochs", units=_PLAIN, exact=True),
        Quantity(name="decay_epochs", units=_PLAIN, exact=True),
        Quantity(name="warmup_epochs", units=_PLAIN, exact=True),
        Quantity(name="evaluated_every", units=_PLAIN, exact=True),
        Quantity(name="best_epoch", units=_PLAIN),
        Quantity(name="images_passed", units={"images": 1.0, "M": 1.0}, exact=True),
        Quantity(name="overlap", units=_SHARE),
        Quantity(name="soft_vote", units=_SHARE),
        Quantity(name="hard_vote", units=_SHARE),
    )
}
_KNOWN = {**_METRICS, **_OTHERS}


def quantity(name: str) -> Quantity:
    """Raises UserError with the names that there are."""
    fit, _, metric = name.rpartition(":")
    if not fit:
        if name not in _KNOWN:
            raise UserError(f"'{name}' is not allowed{nearest(name, _KNOWN)}")
        return _KNOWN[name]
    if fit not in FITS:
        raise UserError(f"'{fit}:' is not allowed{nearest(fit, FITS)}")
    if metric not in _METRICS:
        raise UserError(f"'{metric}' is not allowed{nearest(metric, _METRICS)}")
    if fit == "saturation":
        return Quantity(name=name, metric=metric, fit=fit, units=_SHARE, exact=True)
    plain = fit.startswith(("r2", "p"))
    return Quantity(name=name, metric=metric, fit=fit, units=_PLAIN if plain else _METRICS[metric].units)


def statistic(text: str) -> str:
    """One of STATISTICS (the first, where empty) or `epoch:<number>`. Raises UserError."""
    name, _, number = text.partition(":")
    if name == "epoch" and number.replace(".", "", 1).isdigit():
        return text
    if text and text not in STATISTICS:
        raise UserError(f"'{text}' is not allowed{nearest(text, [*STATISTICS, 'epoch:60'])}")
    return text or STATISTICS[0]
