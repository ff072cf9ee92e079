"""Write the report: one HTML file with the answer, the figures, the statistics, and where they come from."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from datavolume.analysis.efficiency import read_jobs
from datavolume.artefacts.report import Report, render
from datavolume.files import write_text
from datavolume.scripting import reporting
from datavolume.study import read_plan


def report(
    *,
    plan: Path,
    summary: Path,
    timing: Path,
    answer: Path,
    analysis: Sequence[Path],
    figures: Sequence[Path],
    tables: Sequence[Path],
    environments: Sequence[Path],
    study: Path,
    efficiency: Path,
    output: Path,
    **texts: str,
) -> None:
    """`efficiency` is what the submitit executor noted of finished jobs, if it ran any; `texts`: title, question and
    scale, and the command that runs the study."""
    runs = pd.read_parquet(summary)
    planned = [run.run for run in read_plan(plan).runs]
    content = Report(
        summary=runs.set_index("run").loc[planned].reset_index(),
        answer=_json(answer),
        analysis={file.stem: pd.read_csv(file) for file in analysis},
        figures={file.stem: file.read_text(encoding="utf-8") for file in figures},
        tables={file.stem: file.read_text(encoding="utf-8") for file in tables},
        environments=[_json(file) for file in environments],
        study=study.read_text(encoding="utf-8"),
        jobs=read_jobs(efficiency),
        timing=pd.read_parquet(timing),
        **texts,
    )
    write_text(output, render(content))


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


if "snakemake" in globals():
    lists = ("analysis", "figures", "tables", "environments")
    files = ("plan", "summary", "timing", "answer", "study")
    texts = ("title", "question", "scale")
    with reporting(snakemake.log):
        report(
            **{name: [Path(file) for file in snakemake.input.get(name)] for name in lists},
            **{name: Path(snakemake.input.get(name)) for name in files},
            **{name: snakemake.params.get(name) for name in texts},
            efficiency=Path(snakemake.params.efficiency),
            command=f"snakemake --config study={snakemake.config['study']} scale={snakemake.config['scale']}",
            output=Path(snakemake.output[0]),
        )
