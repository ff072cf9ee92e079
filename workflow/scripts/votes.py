"""Let the best shares of all runs vote on the validation images."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from datavolume.analysis.curves import named
from datavolume.analysis.ensemble import members, ranked
from datavolume.analysis.ensemble import votes as votes_of
from datavolume.files import write_csv
from datavolume.scripting import reporting

FRAMES = ("summary", "metrics", "points")


def votes(
    *,
    frames: Mapping[str, pd.DataFrame],
    predictions: Sequence[Path],
    experiments: Sequence[str],
    shares: Sequence[float],
    ranked_by: str,
    output: Path,
) -> None:
    """`frames`: FRAMES; `predictions`: the file of every seed block; `experiments`: whose runs vote (none: all)."""
    points, summary = named(frames["points"], experiments), frames["summary"]
    models = ranked(summary[summary["run"].isin(points["run"])], frames["metrics"], by=ranked_by)
    table = votes_of(members(models, predictions), count=len(models), shares=shares)
    table.insert(0, "experiments", " ".join(points["experiment"].unique()))
    write_csv(output, table.assign(ranked_by=ranked_by))


if "snakemake" in globals():
    with reporting(snakemake.log):
        votes(
            frames={name: pd.read_parquet(snakemake.input.get(name)) for name in FRAMES},
            predictions=[Path(file) for file in snakemake.input.predictions],
            **{name: snakemake.params.get(name) for name in ("experiments", "shares", "ranked_by")},
            output=Path(snakemake.output[0]),
        )
