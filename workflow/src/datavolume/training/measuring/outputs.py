"""The files of a block: metrics, timing, summary, predictions, environment; each written whole or not at all.

All but `timing.csv` and `environment.json` are the same bytes however often training was interrupted.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datavolume.files import atomic, write_json, write_text
from datavolume.study.paths import Paths
from datavolume.study.plan import PlannedRun
from datavolume.training.data import Data
from datavolume.training.measuring.last_batch import LAST_BATCH
from datavolume.training.measuring.predictions import METRICS
from datavolume.training.surviving.checkpoint import Progress

__all__ = ["METRICS_COLUMNS", "SUMMARY_COLUMNS", "TIMING_COLUMNS", "Finished", "write_outputs"]

_RUN = ("run", "configuration", "seed")
METRICS_COLUMNS = (*_RUN, "split", "phase", "update", "epoch", "samples", "learning_rate", *METRICS, *LAST_BATCH)
_USED = ("peak_memory_mb", "gpu_utilisation", "cpu_seconds", "peak_host_memory_mb")
_STEPS = ("seconds", "images_per_second", "step_seconds", "data_wait_share")
TIMING_COLUMNS = (*_RUN, "update", "samples", *_STEPS, *_USED)
_SIZES = ("n_train", "n_validation", "classes", "parameters", "updates", "samples")
_LAST = (*(f"last_{name}" for name in METRICS), *(f"last_train_{name}" for name in METRICS))
SUMMARY_COLUMNS = (*_RUN, *_SIZES, "best_update", "best_top1", *_LAST)


@dataclass(frozen=True)
class Finished:
    """A run of the plan, trained to its end."""

    planned: PlannedRun
    progress: Progress

    @property
    def names(self) -> dict[str, Any]:
        return {name: getattr(self.planned, name) for name in _RUN}


def write_outputs(
    paths: Paths, finished: Sequence[Finished], data: Data, may_write: Callable[[], None] = lambda: None
) -> None:
    """Raises UserError where the disk is full or the folder cannot be written, and what `may_write` raises before each.

    The environment is the one that trained the block's last run, be it in an earlier call.
    """
    configuration, block = finished[0].planned.configuration, finished[0].planned.block

    def file(name: str) -> Path:
        may_write()
        return paths.run_file(configuration, block, name)

    metrics = [{**run.names, **row} for run in finished for row in run.progress.metrics]
    timing = [{**run.names, **row} for run in finished for row in run.progress.timing]
    _write_csv(file("metrics.csv"), METRICS_COLUMNS, metrics)
    _write_csv(file("timing.csv"), TIMING_COLUMNS, timing)
    _write_csv(file("summary.csv"), SUMMARY_COLUMNS, [_summary(run, data) for run in finished])
    _write_predictions(file("predictions.npz"), finished, data)
    write_json(file("environment.json"), json.loads(finished[-1].progress.environment))


def _summary(run: Finished, data: Data) -> dict[str, Any]:
    rows = run.progress.metrics
    train, validation = ([row for row in rows if row["split"] == split] for split in ("train", "validation"))
    best = max(validation, key=lambda row: row["top1"])  # the first of equals
    last = validation[-1]
    return {
        **run.names,
        "n_train": len(data.subset),
        "n_validation": len(data.index.validation_samples),
        "classes": len(data.index.classes),
        "parameters": run.progress.parameters,
        "updates": last["update"],
        "samples": last["samples"],
        "best_update": best["update"],
        "best_top1": best["top1"],
        **{f"last_{name}": last[name] for name in METRICS},
        **{f"last_train_{name}": train[-1][name] for name in METRICS},
    }


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Floats with the digits that read back to the same bits; empty cells for NaN and for what old checkpoints lack."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {name: "" if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        )
    write_text(path, text.getvalue())


def _write_predictions(path: Path, finished: Sequence[Finished], data: Data) -> None:
    samples = data.index.validation_samples
    probabilities = [run.progress.probabilities for run in finished]
    with atomic(path) as temporary:
        np.savez(
            temporary,
            seeds=np.array([run.planned.seed for run in finished], np.int64),
            samples=samples,
            labels=data.index.labels[samples],
            probabilities=np.stack([tensor.numpy() for tensor in probabilities if tensor is not None]),
        )
