"""The real curves, and the halves: what was chosen on the one is reported on the other.

`nsl_vision.csv`: 36 curves of one run each (Alabdulmohsin et al. 2022), error by examples seen, a column says which
points to fit. `lcdb11_error.npz`: LCDB 1.1 (Yan et al. 2025), error by dataset, learner and size, mean over seeds and
its standard error. Tuning half: datasets whose name's SHA-256 starts with an even byte; of the vision curves the birds,
and those on CIFAR-100 whose name's SHA-256 starts so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datavolume.statistics.curves import Curve

Array = NDArray[np.float64]
FOLDER = Path(__file__).resolve().parents[3] / "shared" / "learning_curves"
FRACTIONS = (0.1, 0.25)
FEWEST = 4  # sizes to fit


@dataclass(frozen=True)
class Case:
    """A curve to fit, and what came at larger sizes; `half` is tuning or report; `set` says which table it is of."""

    name: str
    set: str
    half: str
    curve: Curve
    n: Array
    actual: Array


def vision(folder: Path = FOLDER) -> Iterator[Case]:
    frame = pd.read_csv(folder / "nsl_vision.csv").sort_values("Seen Examples", kind="stable")
    for (task, model), rows in frame.groupby(["Task", "Model"]):
        seen, later = rows[rows["Training"] == 1], rows[rows["Training"] == 0]
        curve = Curve(seen["Seen Examples"], seen["Loss"], kind="error")
        half = "tuning" if str(task).startswith("bird") else half_of(f"{task} {model}")
        yield Case(f"{task} {model}", "vision", half, curve, *(later[c].to_numpy() for c in ("Seen Examples", "Loss")))


def published(folder: Path = FOLDER) -> pd.DataFrame:
    """Scores of M1 to M4 as printed by their authors, a row a curve."""
    frame = pd.read_csv(folder / "nsl_vision_m1_m4.csv")
    frame["name"] = frame["Task"] + " " + frame["Model"]
    return frame.pivot(index="name", columns="Method", values="RMSLE")


def half_of(dataset: str) -> str:
    return "tuning" if hashlib.sha256(dataset.encode()).digest()[0] % 2 == 0 else "report"


def tabular(
    half: str, count: int | None = None, strides: tuple[int, ...] = (1,), folder: Path = FOLDER
) -> Iterator[Case]:
    """Every curve of the half (or `count` of them, drawn once), fitted up to a tenth and a quarter of its largest size.
    A stride of 4 keeps every fourth size to fit (factors of 1.4), of 8 every eighth (doublings)."""
    curves = [curve for curve in _measured(folder) if half_of(curve[0]) == half]
    chosen = np.random.default_rng(0).permutation(len(curves))[:count]
    for index in chosen:
        for fraction in FRACTIONS:
            for stride in strides:
                yield from _case(*curves[index], half, fraction, stride)


def _measured(folder: Path) -> list[tuple[str, str, Array, Array, Array]]:
    with np.load(folder / "lcdb11_error.npz") as file:
        raw, anchors = file["error_x1e4"][..., 2], file["anchors"].astype(float)
        names, learners = file["dataset_names"].astype(str), file["learners"].astype(str)
    error = np.where(raw > 10_000, np.nan, raw / 1e4)  # 65535 marks what was not measured
    found = []
    for i, j in np.argwhere(np.isfinite(error[:, :, 0]).sum(2) >= 2 * FEWEST):
        there = np.isfinite(error[i, j]).all(0)
        mean, stderr = error[i, j][:, there]
        found.append((str(names[i]), str(learners[j]), anchors[there], mean, stderr))
    return found


def _case(
    dataset: str, learner: str, n: Array, mean: Array, stderr: Array, half: str, fraction: float, stride: int
) -> Iterator[Case]:
    fitted = int((n <= fraction * n[-1]).sum())
    keep = np.arange(fitted - 1, -1, -stride)[::-1]
    if len(keep) < FEWEST:
        return
    curve = Curve(n[keep], mean[keep], kind="error", stderr=stderr[keep])
    label = f"up to {'a tenth' if fraction == 0.1 else 'a quarter'}" + (f", every {stride}th" if stride > 1 else "")
    yield Case(f"{dataset} {learner}", label, half, curve, n[fitted:], mean[fitted:])
