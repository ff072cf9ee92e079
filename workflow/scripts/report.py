"""Write the report: one HTML file with the answer, the artefacts, the statistics, and where they come from."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from datavolume.analysis.efficiency import read_jobs
from datavolume.artefacts.report import Report, Shown, render
from datavolume.errors import UserError
from datavolume.files import write_text
from datavolume.scripting import reporting

_LABELS = {"factors": {"value": "str"}}  # of a factor: 0.0005 is not 0.001


def report(
    *,
    summary: Path,
    timing: Path,
    points: Path,
    answer: Path,
    analysis: Sequence[Path],
    artefacts: Sequence[Mapping[str, str]],
    figures: Sequence[Path],
    tables: Sequence[Path],
    interactive: Sequence[Path] = (),
    comparison: Sequence[Path] = (),
    environments: Sequence[Path],
    study: Path,
    efficiency: Path,
    source: Path | None = None,
    output: Path,
    **texts: str,
) -> None:
    """`artefacts` are name, form, title, caption and section of each, in order, and their files are found by name;
    `comparison` is one file or none; `efficiency` is what the submitit executor noted of finished jobs, if it ran any;
    `source` is the study's own file, for the comment at its top; `texts`: title, question and scale, and the command
    that runs the study. Raises UserError for an artefact without its file."""
    content = Report(
        summary=pd.read_parquet(summary),
        timing=pd.read_parquet(timing),
        points=pd.read_parquet(points),
        answer=_json(answer),
        analysis={file.stem: pd.read_csv(file, dtype=_LABELS.get(file.stem)) for file in analysis},
        artefacts=_shown(artefacts, {"figure": figures, "table": tables}, interactive),
        comparison=pd.read_csv(comparison[0]) if comparison else pd.DataFrame(),
        environments=[_environment(file) for file in environments],
        study=study.read_text(encoding="utf-8"),
        source=source.read_text(encoding="utf-8") if source and source.is_file() else "",
        jobs=read_jobs(efficiency),
        **texts,
    )
    write_text(output, render(content))


def _shown(
    artefacts: Sequence[Mapping[str, str]], files: Mapping[str, Sequence[Path]], interactive: Sequence[Path]
) -> list[Shown]:
    contents = {(form, file.stem): file for form, drawn in files.items() for file in drawn}
    moving = {file.stem: file for file in interactive}
    shown = []
    for artefact in artefacts:
        name, form = artefact["name"], artefact["form"]
        if (form, name) not in contents:
            raise UserError(
                f"report: no file of the {form} '{name}'; its rule has {sorted(map(str, contents.values()))}"
            )
        shown.append(
            Shown(
                **artefact,
                content=contents[form, name].read_text(encoding="utf-8"),
                interactive=moving[name].read_text(encoding="utf-8") if name in moving else "",
            )
        )
    return shown


def _environment(file: Path) -> dict[str, Any]:
    """With the configuration and the seeds of its block, which its folders' names say."""
    block = file.parent.name.removeprefix("seeds~")
    first, dash, last = block.partition("-")
    seeds = range(int(first), int(last) + 1) if dash else map(int, block.split("_"))
    return {**_json(file), "configuration": file.parent.parent.name, "seeds": list(seeds)}


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


if "snakemake" in globals():
    lists = ("analysis", "figures", "tables", "interactive", "comparison", "environments")
    files = ("summary", "timing", "points", "answer", "study")
    texts = ("title", "question", "scale")
    with reporting(snakemake.log):
        report(
            **{name: [Path(file) for file in snakemake.input.get(name, [])] for name in lists},
            **{name: Path(snakemake.input.get(name)) for name in files},
            **{name: snakemake.params.get(name) for name in texts},
            artefacts=snakemake.params.artefacts,
            efficiency=Path(snakemake.params.efficiency),
            source=Path(snakemake.params.get("source", "")),
            command=f"snakemake --config study={snakemake.config['study']} scale={snakemake.config['scale']}",
            output=Path(snakemake.output[0]),
        )
