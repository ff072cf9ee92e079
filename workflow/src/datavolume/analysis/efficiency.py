"""What jobs asked for and what they used: the submitit executor's rows, and what the trainer logged of itself.

    jobs = of_study(read_jobs(Path("logs/submitit/efficiency.csv")), configurations)
    used(jobs, "rule")          a row a rule; "configuration" likewise
    logged(timing)              a row a configuration, from the collected timing

Both are records of machines, which no result depends on: what is missing or unreadable is left out, not an error.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection
from pathlib import Path
from urllib.parse import unquote

import pandas as pd

__all__ = ["JOB_COLUMNS", "LOGGED", "logged", "of_study", "read_jobs", "used"]

_WORDS = ("job", "rule", "wildcards", "outcome")
_NUMBERS = ("requeues", "queue_s", "elapsed_s", "lost_s", "cpus", "cpu_s", "mem_mb", "used_mb", "gpus", "runtime_s")
JOB_COLUMNS = (*_WORDS, *_NUMBERS)
# In timing.csv; those of before, and of training without a GPU, may lack some.
LOGGED = {"gpu_utilisation": "mean", "peak_memory_mb": "max", "peak_host_memory_mb": "max"}


def read_jobs(file: Path) -> pd.DataFrame:
    """One row a finished job, columns JOB_COLUMNS; none without the file. A torn line is passed over."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        lines = []
    head, *records = [next(csv.reader([line]), []) for line in lines] or [[]]
    whole = [record for record in records if len(record) == len(head)]
    frame = pd.DataFrame(whole, columns=head).reindex(columns=list(JOB_COLUMNS))
    for column in _NUMBERS:
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    return frame.dropna(subset=["job", "elapsed_s"]).reset_index(drop=True)


def of_study(jobs: pd.DataFrame, configurations: Collection[str]) -> pd.DataFrame:
    """The rows whose wildcard `configuration`, then a column, is one of these: all studies write into one file."""
    found = jobs["wildcards"].astype("str").str.extract(r"(?:^|;)configuration=([^;]*)", expand=False)
    named = jobs.assign(configuration=found.map(unquote, na_action="ignore"))
    return named[named["configuration"].isin(list(configurations))].reset_index(drop=True)


def used(jobs: pd.DataFrame, by: str) -> pd.DataFrame:
    """A row a value of `by`, in order of appearance.

    jobs, failed (never succeeded), seconds and seconds_asked (medians), cpu_share (0..1, of the CPUs' time),
    memory_mb (most) and memory_asked_mb (median), gpu_hours, lost_gpu_hours, cpu_hours, lost_cpu_hours (sums),
    queue_seconds (median), queue_longest, requeues (sum). NaN is unknown.
    """
    groups = {str(value): _used(rows) for value, rows in jobs.groupby(by, sort=False)}
    return pd.DataFrame(list(groups.values()), index=pd.Index(list(groups), name=by)).reset_index()


def _used(jobs: pd.DataFrame) -> dict[str, float]:
    known = jobs.dropna(subset=["cpu_s"])
    had = float((known["cpus"] * known["elapsed_s"]).sum())
    good = jobs.loc[jobs["outcome"] == "ok", "job"]
    hours = {
        f"{lost}{kind}_hours": float((jobs[f"{kind}s"] * jobs[seconds]).sum()) / 3600
        for kind in ("gpu", "cpu")
        for lost, seconds in (("", "elapsed_s"), ("lost_", "lost_s"))
    }
    return {
        "jobs": jobs["job"].nunique(),
        "failed": jobs.loc[~jobs["job"].isin(good), "job"].nunique(),
        "seconds": float(jobs["elapsed_s"].median()),
        "seconds_asked": float(jobs["runtime_s"].median()),
        "cpu_share": float(known["cpu_s"].sum()) / had if had else math.nan,
        "memory_mb": float(jobs["used_mb"].max()),
        "memory_asked_mb": float(jobs["mem_mb"].median()),
        **hours,
        "queue_seconds": float(jobs["queue_s"].median()),
        "queue_longest": float(jobs["queue_s"].max()),
        "requeues": int(jobs["requeues"].sum()),
    }


def logged(timing: pd.DataFrame) -> pd.DataFrame:
    """What the trainer saw, a row a configuration: the columns of LOGGED, those that nobody logged as NaN."""
    known = timing.reindex(columns=["configuration", *LOGGED])
    numbers = known.assign(**{name: pd.to_numeric(known[name], errors="coerce") for name in LOGGED})
    return numbers.groupby("configuration", sort=False).agg(LOGGED).reset_index()
