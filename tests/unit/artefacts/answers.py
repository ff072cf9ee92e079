"""The analysis files of a study, by the statistics library, of any runs: what figures, tables and report are drawn from.

    answered(results)                 with anova, requirement, enough, forecast ... of the runs in its summary
    digits()                          the 60 runs of docs/examples/digits_runs.csv
    synthetic(seeds=1)                a made-up study (unit.analysis.synthetic)
    analysis_of(results)              all of them by the name of their file
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from unit.analysis.synthetic import collected_of, make_plan
from unit.artefacts.made_up import results_of, run

from datavolume.analysis.intervals import metric_intervals
from datavolume.analysis.metrics import METRICS
from datavolume.analysis.volumes import Volumes
from datavolume.artefacts.results import Results
from datavolume.statistics import lines, requirement, variance
from datavolume.statistics.curves import FAMILIES, Curve, forecast, rank

EXAMPLES = Path(__file__).parents[3] / "docs/examples"
TESTED = ("top1", "loss")
MARGIN = 0.01


def digits(**asked: Any) -> Results:
    table = pd.read_csv(EXAMPLES / "digits_runs.csv")
    full = table["n"].max()
    runs = [
        run("volume", network=row.architecture, n=row.n, seed=row.seed, fraction=round(row.n / full, 3),
            ends={"top1": row.accuracy, "loss": row.loss}, seconds=0.01 * row.n * (1 + 3 * (row.architecture != "mlp")))
        for row in table.itertuples()
    ]  # fmt: skip
    return answered(results_of(*runs), **asked)


def synthetic(**plan: Any) -> Results:
    collected = collected_of(make_plan(**plan))
    return answered(Results(collected.metrics, collected.summary, points=pd.DataFrame({"run": collected.summary["run"]})))


def answered(
    results: Results,
    *,
    target: float | None = None,
    to: Sequence[float] = (2, 4, 10),
    more: float = 1000,
    prices: tuple[float | None, float | None] = (None, None),
) -> Results:
    """`to`: multiples of the largest size; `prices` of a label and of a GPU hour."""
    summary = results.summary
    frames = {
        "log_linear": _by_metric(summary, _lines),
        "anova": _anova(summary),
        "requirement": _by_curve(summary, _requirement),
        "enough": _by_curve(summary, lambda rows: _enough(rows, target)),
        "forecast": _by_curve(summary, lambda rows: _forecast(rows, to)),
        "families": _by_curve(summary, _families),
        "next_steps": _next_steps(summary, more, prices),
        "variance": _by_curve(summary, _variance),
        "seeds": _by_curve(summary, _seeds),
        "influence": _by_metric(summary, _influence),
        "slopes": _slopes(summary),
    }
    return replace(results, **frames)


def analysis_of(results: Results) -> dict[str, pd.DataFrame]:
    names = {item.name for item in fields(Results)} - {"metrics", "timing", "summary", "points", "plan"}
    found = {name: getattr(results, name) for name in names if len(getattr(results, name))}
    return {**found, "assumptions": _assumptions(results.summary), "pairs": _by_metric(results.summary, _pairs)}


def curve_of(runs: pd.DataFrame) -> Curve:
    values = runs["last_top1"].to_numpy(dtype=float)
    replicate = (runs["seed"] + 1000 * runs["subset_seed"]).to_numpy()
    return Curve(runs["n"].to_numpy(dtype=float), values, seed=replicate, kind="accuracy")


def _by_curve(summary: pd.DataFrame, function: Callable[[pd.DataFrame], Any]) -> pd.DataFrame:
    frames = [
        pd.DataFrame(function(runs)).assign(architecture=name)
        for name, runs in summary.groupby("architecture", sort=False)
    ]
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


def _by_metric(summary: pd.DataFrame, function: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """Of each curve; `function` takes architecture, n, seed, value."""
    return pd.concat(
        [
            _by_curve(summary, lambda runs, column=METRICS[metric].last: function(_valued(runs, column))).assign(
                metric=metric
            )
            for metric in TESTED
        ],
        ignore_index=True,
    )


def _valued(runs: pd.DataFrame, column: str) -> pd.DataFrame:
    return runs[["architecture", "n", "seed"]].assign(value=runs[column].to_numpy(dtype=float))


def _lines(runs: pd.DataFrame) -> pd.DataFrame:
    table = lines.log_linear(runs)
    checks = dict.fromkeys(("shapiro_w", "shapiro_p", "breusch_pagan_lm", "breusch_pagan_p"), 0.2)
    checks |= dict.fromkeys(("lack_of_fit_f", "lack_of_fit_df1", "lack_of_fit_df2", "lack_of_fit_p"), 0.04)
    return table[table["without"].isna()].drop(columns="without").assign(**checks)


def _influence(runs: pd.DataFrame) -> pd.DataFrame:
    return lines.influence(runs).assign(note="")


def _anova(summary: pd.DataFrame) -> pd.DataFrame:
    """Seeds as blocks, advised, and independent runs beside it; of each curve, and of all together."""
    frames = []
    for metric in TESTED:
        runs = _valued(summary, METRICS[metric].last)
        parts = {str(name): (own, ["n"]) for name, own in runs.groupby("architecture", sort=False)}
        if len(parts) > 1:
            parts = {"all": (runs, ["n", "architecture"]), **parts}
        for name, (own, factors) in parts.items():
            if own["n"].nunique() < 2 or own["seed"].nunique() < 2:
                continue
            found = variance.blocked(own, "value", factors, "seed")
            plain = variance.factorial(own, "value", factors, kind=2).assign(method="independent runs", advised=False)
            for table in (found.table.assign(method=found.method, advised=found.method != "none"), plain):
                frames.append(table.assign(architecture=name, metric=metric))
    if not frames:
        return pd.DataFrame()
    frame = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    terms = frame["term"].str.replace(r"\bn\b", "volume", regex=True)
    return frame.assign(term=terms, p_holm=frame["p"], runs=len(summary), note=frame["note"].fillna(""))


def _assumptions(summary: pd.DataFrame) -> pd.DataFrame:
    return _by_metric(summary, lambda runs: variance.checks(runs, "value", ["n"]))


def _pairs(runs: pd.DataFrame) -> pd.DataFrame:
    table = variance.tukey(runs, "value", "n").rename(columns={"first": "n_small", "second": "n_large"})
    return table.assign(test="Tukey HSD")


def _requirement(runs: pd.DataFrame) -> pd.DataFrame:
    table = requirement.within_margin(curve_of(runs), MARGIN, resolution=1 / 359).table.drop(columns="mean")
    means = metric_intervals(runs, ["n"], "top1")[["n", "mean", "lower", "upper"]]
    table = table.merge(means, on="n").assign(metric="top1", note="")
    return table.assign(share=table["n"].map(Volumes.of(runs).share))


def _enough(runs: pd.DataFrame, target: float | None) -> Iterator[dict[str, Any]]:
    curve, largest = curve_of(runs), runs["n"].max()
    found = requirement.within_margin(curve, MARGIN, resolution=1 / 359)
    interval = {"n": found.n, "lower": found.lower, "upper": found.upper}
    yield {"question": "margin", "threshold": MARGIN, **interval, "level": 0.95, "required": found.required,
           "largest": largest, "note": found.note}  # fmt: skip
    (row,) = requirement.saturation({"a": curve}, MARGIN).to_dict("records")
    told = {name: row[name] for name in ("n", "lower", "upper", "note")}
    yield {"question": "saturation", "threshold": MARGIN, **told, "level": 0.9, "required": math.nan, "largest": largest}
    if target is not None:
        reach = _reach(curve, target)
        yield {"question": "target", "threshold": target, **reach, "level": 0.9, "required": math.nan, "largest": largest}


def _reach(curve: Curve, target: float) -> dict[str, Any]:
    if len(curve.sizes().n) < 2:
        return {"n": math.nan, "lower": math.nan, "upper": math.nan, "note": "one size: no forecast"}
    found = requirement.reach(curve, target)
    return {"n": found.n, "lower": found.lower, "upper": found.upper, "note": found.note}


FORECAST = ("architecture", "origin", "n", "multiple", "median", "lower", "upper", "level", "actual", "asked", "note")


def _forecast(runs: pd.DataFrame, to: Sequence[float]) -> pd.DataFrame:
    curve, means = curve_of(runs), runs.groupby("n")["last_top1"].mean()
    sizes = means.index.to_numpy(dtype=float)
    if len(sizes) < 2:
        return pd.DataFrame(columns=list(FORECAST))
    largest = sizes[-1]
    asked = largest * np.asarray(to, dtype=float)
    grid = np.unique(np.concatenate([np.geomspace(sizes[0], max(asked), 60), asked]))
    found = forecast(curve, list(grid))
    now = found.table.assign(origin=largest, asked=np.isin(grid, asked), note="; ".join(found.warnings))
    past = found.backtest[["origin", "n", "actual", "median", "lower", "upper"]].assign(asked=False, note="")
    past[["origin", "n"]] = past[["origin", "n"]].round()
    now = now.assign(actual=now["n"].map(means))
    table = pd.concat([now, past] if len(past) else [now], ignore_index=True)
    return table.assign(multiple=table["n"] / table["origin"], level=found.level)


def _families(runs: pd.DataFrame) -> pd.DataFrame:
    curve = curve_of(runs)
    if runs["n"].nunique() < 2:
        return pd.DataFrame()
    weights = forecast(curve, [2 * runs["n"].max()]).weights
    table = rank(curve)
    formulas = {name: family.formula for name, family in FAMILIES.items()}
    return table.assign(formula=table["family"].map(formulas), weight=table["family"].map(weights).fillna(0.0))


def _next_steps(summary: pd.DataFrame, more: float, prices: tuple[float | None, float | None]) -> pd.DataFrame:
    frame = summary[["architecture", "n"]].assign(
        seed=summary["seed"] + 1000 * summary["subset_seed"], value=summary["last_top1"], gpu_hours=summary["seconds"] / 3600, images=summary["samples"]
    )
    sizes = summary.groupby("architecture")["n"].transform("nunique")
    frame = frame[sizes > 1]
    if frame.empty:
        return pd.DataFrame()
    label, hour = prices
    table = requirement.next_steps(frame, kind="accuracy", more=more, price_per_label=label, price_per_gpu_hour=hour)
    cheapest = summary.groupby("architecture", sort=False)["seconds"].mean().idxmin()
    n = summary.loc[summary["architecture"] == cheapest, "n"].max()
    return table.assign(from_architecture=cheapest, from_n=n, level=0.9)


def _variance(runs: pd.DataFrame) -> pd.DataFrame:
    frames = []
    pooled = runs.assign(subset=runs["subset_seed"])
    for n, own in ((0, pooled), *((int(n), own) for n, own in pooled.groupby("n"))):
        found = variance.components(own, "last_top1", within=["n"] if n == 0 else ())
        frames.append(found.table.assign(n=n, note=found.note))
    return pd.concat([frame for frame in frames if len(frame)] or frames, ignore_index=True)


def _seeds(runs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    n = int(runs["n"].max())
    values = runs.loc[runs["n"] == n, "last_top1"]
    row = {"n": n, "seeds": len(values), "margin": MARGIN, "sd": math.nan, "df": len(values) - 1, "width": math.nan}
    row |= {"seeds_for_width": math.nan, "power": math.nan, "seeds_for_power": math.nan}
    if len(values) > 1 and (sd := float(values.std())) > 0:
        row |= {"sd": sd, "width": variance.width_of_seeds(sd, len(values))}
        row |= {"seeds_for_width": variance.seeds_for_width(sd, MARGIN)}
        row |= {"power": variance.power_of_seeds(MARGIN, sd, len(values))}
        row |= {"seeds_for_power": variance.seeds_for_power(MARGIN, sd)}
    yield {**row, "note": "" if len(values) > 1 else "one seed: no spread"}


def _slopes(summary: pd.DataFrame) -> pd.DataFrame:
    pairs = list(combinations(summary["architecture"].unique(), 2))
    if not pairs or summary["n"].nunique() < 2:
        return pd.DataFrame()
    found = lines.slopes(_valued(summary, "last_top1"))
    tested = {"errors": "clustered by seed, CR2", "F": 4.2, "df1": 1.0, "df2": 4.0, "p_equal": 0.11, "note": ""}
    return found.pairs.assign(metric="top1", **tested)
