"""Judge how sure the networks are, and whether rightly so; and let the seeds of each volume vote."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from datavolume.analysis.calibration import calibrated
from datavolume.analysis.curves import named
from datavolume.analysis.tables import CONFIDENCE
from datavolume.files import write_csv
from datavolume.scripting import reporting

FRAMES = ("summary", "points")


def calibration(
    *,
    frames: Mapping[str, pd.DataFrame],
    predictions: Sequence[Path],
    experiments: Sequence[str],
    outputs: Mapping[str, Path],
) -> None:
    """`frames`: FRAMES; `predictions`: the file of every seed block; `experiments`: whose runs (none: all)."""
    points, summary = named(frames["points"], experiments), frames["summary"]
    tables = calibrated(summary[summary["run"].isin(points["run"])], predictions)
    for name in CONFIDENCE:
        write_csv(outputs[name], getattr(tables, name))


if "snakemake" in globals():
    with reporting(snakemake.log):
        calibration(
            frames={name: pd.read_parquet(snakemake.input.get(name)) for name in FRAMES},
            predictions=[Path(file) for file in snakemake.input.predictions],
            experiments=snakemake.params.experiments,
            outputs={name: Path(snakemake.output.get(name)) for name in CONFIDENCE},
        )
