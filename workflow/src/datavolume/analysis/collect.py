"""All seed blocks of a study as three frames, in the plan's order.

    plan, points = plan_of(study, laid_out), points_of(laid_out)
    parts = {name: read_parts(name, files, plan) for name, files in ...}   metrics, timing, summary
    collected = collect(plan, points, **parts)

A file that is missing, cut short or of another plan is named in a UserError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from datavolume.analysis.curves import curve_names
from datavolume.analysis.metrics import LAST_BATCH, METRICS
from datavolume.errors import UserError
from datavolume.study import Paths, Plan

__all__ = ["COLUMNS", "Collected", "collect", "plan_frame", "read_parts"]

_KEYS = ("run", "configuration", "seed")
# Files of before do not have them.
_LATER_TIMES = ("samples", "step_seconds", "data_wait_share", "gpu_utilisation", "cpu_seconds", "peak_host_memory_mb")
_LATER = ("phase", *_LATER_TIMES, *LAST_BATCH)
COLUMNS: dict[str, tuple[str, ...]] = {
    "metrics": (*_KEYS, "split", "phase", "update", "epoch", "samples", "learning_rate", *METRICS, *LAST_BATCH),
    "timing": (*_KEYS, "update", "seconds", "images_per_second", "peak_memory_mb", *_LATER_TIMES),
    "summary": (
        *_KEYS,
        *("n_train", "n_validation", "classes", "parameters", "updates", "samples", "best_update", "best_top1"),
        *(metric.last for metric in METRICS.values()),
        *(metric.last_train for metric in METRICS.values()),
    ),
}
_MEND = "delete it, so that the next `snakemake` trains these seeds again"


@dataclass(frozen=True)
class Collected:
    """Rows of every run of the plan, each with network, architecture (the curve that it is a point of), n [training
    images], fraction, size, dataset, subset, subset_seed and experiments; `summary` also has the training seconds."""

    metrics: pd.DataFrame
    timing: pd.DataFrame
    summary: pd.DataFrame


def read_parts(name: str, files: Sequence[Path], plan: Plan) -> list[pd.DataFrame]:
    """The CSV files of one kind, a key of COLUMNS. UserError where one is missing, cut short or of another plan."""
    blocks = {run.run: frozenset(planned.run for planned in block) for block in plan.blocks.values() for run in block}
    parts = [_read(file, COLUMNS[name], blocks) for file in files]
    missing = set(blocks).difference(*(part["run"] for part in parts))
    if missing:
        raise UserError(
            f"{name}.csv: {len(missing)} of {len(blocks)} planned runs are in no file, the first is {min(missing)}; "
            "run `snakemake` again"
        )
    return parts


def _read(file: Path, columns: Sequence[str], blocks: dict[str, frozenset[str]]) -> pd.DataFrame:
    """One seed block's file, whole."""
    try:
        frame = pd.read_csv(file)
    except FileNotFoundError:
        raise UserError(f"{file}: missing; run `snakemake` again, it trains what is not there") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read ({error}); {_MEND}") from error
    if absent := [column for column in columns if column not in frame and column not in _LATER]:
        raise UserError(f"{file}: column {absent[0]} is missing; {_MEND}")
    if not file.read_bytes().endswith(b"\n") or frame.empty:
        raise UserError(f"{file}: cut short; {_MEND}")
    found = frozenset(frame["run"])
    if stranger := sorted(run for run in found if run not in blocks):
        raise UserError(f"{file}: run {stranger[0]} is not in the plan; run `snakemake plan`, or move the file away")
    if short := sorted(blocks[next(iter(found))] - found):
        raise UserError(f"{file}: cut short, run {short[0]} is missing; {_MEND}")
    return frame


def collect(
    plan: Plan,
    points: pd.DataFrame | None = None,
    *,
    metrics: Sequence[pd.DataFrame],
    timing: Sequence[pd.DataFrame],
    summary: Sequence[pd.DataFrame],
) -> Collected:
    """Join each block's frames, add what the plan knows, and bring the runs into the plan's order.

    `points` name the curves of designs; without them, the experiments do.

    Raises UserError where a run's metrics do not reach the last update of its summary.
    """
    summaries = pd.concat(summary, ignore_index=True)
    sizes = summaries[["run", "n_train"]].rename(columns={"n_train": "n"})
    planned = _planned(plan, points).merge(sizes, on="run", how="left")
    times = _join(timing, planned)
    seconds = times.groupby("run")["seconds"].last()
    collected = Collected(
        _join(metrics, planned), times, _join(summary, planned).assign(seconds=lambda frame: frame["run"].map(seconds))
    )
    _check_ends(plan, collected)
    return collected


def plan_frame(plan: Plan) -> pd.DataFrame:
    """A row a planned run, as plan.csv has it."""
    rows = [asdict(run) for run in plan.runs]
    return pd.DataFrame([{**row, **row.pop("resources")} for row in rows])


def _planned(plan: Plan, points: pd.DataFrame | None) -> pd.DataFrame:
    """What the plan knows of each run."""
    columns = ("run", "architecture", "fraction", "size", "dataset", "subset", "experiments")
    frame = pd.DataFrame([{name: getattr(run, name) for name in columns} for run in plan.runs], columns=list(columns))
    frame["subset_seed"] = [run.subsets[run.subset].seed for run in plan.runs]
    frame["network"] = frame["architecture"]
    networks = {run.run: run.architecture for run in plan.runs}
    specs = {run.run: run.spec for run in plan.runs}
    names = curve_names(networks, specs, _of_experiments(plan) if points is None else points)
    return frame.assign(architecture=frame["run"].map(names)).astype({"fraction": "float64", "size": "Int64"})


def _of_experiments(plan: Plan) -> pd.DataFrame:
    """Points of experiments that vary nothing."""
    rows = [(experiment, "", "", run.run) for run in plan.runs for experiment in run.experiments.split()]
    return pd.DataFrame(rows, columns=["experiment", "stage", "value", "run"])


def _join(parts: Sequence[pd.DataFrame], planned: pd.DataFrame) -> pd.DataFrame:
    """Rows of one run stay in the order of their file."""
    rows = pd.concat(parts, ignore_index=True)
    position = {run: index for index, run in enumerate(planned["run"])}
    order = rows["run"].map(position).sort_values(kind="stable").index
    return rows.loc[order].merge(planned, on="run", how="left", validate="many_to_one")


def _check_ends(plan: Plan, collected: Collected) -> None:
    reached = collected.metrics.groupby(["run", "split"])["update"].max().to_dict()
    ends = dict(zip(collected.summary["run"], collected.summary["updates"], strict=True))
    for run in plan.runs:
        for split in ("train", "validation"):
            if reached.get((run.run, split)) != ends[run.run]:
                file = Paths(Path()).run_file(run.configuration, run.block, "metrics.csv")
                raise UserError(
                    f"{file}: cut short, run {run.run} has no {split} row at its last update {ends[run.run]}; {_MEND}"
                )
