"""Decide which candidate of a stage is best, and plan the runs that follow."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from datavolume.analysis.choose import choose
from datavolume.scripting import reporting
from datavolume.study import Paths, find_decision, following, load_study, read_decided, write_decided


def decide(*, study: Path, experiment: str, stage: str, metrics: Sequence[Path], results: Path) -> None:
    loaded, paths = load_study(study), Paths(results)
    known = read_decided(paths)
    known.pop((experiment, stage), None)
    decision = find_decision(loaded, known, experiment, stage)
    choice = next(one.choose for one in loaded.experiments if one.name == experiment)
    best, scores = choose(pd.concat(map(pd.read_csv, metrics)), decision.candidates, choice)
    plan = following(loaded, known, decision, best)
    write_decided(paths, decision, best, scores=scores.to_dict("records"), plan=plan)


if "snakemake" in globals():
    with reporting(snakemake.log):
        decide(
            study=Path(snakemake.input.study),
            experiment=snakemake.wildcards.experiment,
            stage=snakemake.wildcards.stage,
            metrics=[Path(file) for file in snakemake.input.metrics],
            results=Path(snakemake.params.results),
        )
