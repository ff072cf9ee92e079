"""The scripts, from the files of the runs to the report, as Snakemake's adapters call them."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
from unit.analysis.synthetic import collected_of, files_of, write_runs

from datavolume.analysis.tables import STATISTICS
from datavolume.artefacts import chosen, find
from datavolume.study import Answer, Artefact, Paths, expand, load_study, write_plan
from datavolume.study.paths import FIGURE_FORMATS, TABLE_FORMATS

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"
KINDS = ("metrics", "timing", "summary")
COLLECTED = (*KINDS, "points", "plan")
STUDY = """\
title: Made up
question: How many?
dataset: {name: digits}
experiments:
  volume: {architectures: [mlp, small_cnn], fractions: [0.1, 0.5, 1.0], seeds: 3}
seeds_per_job: 5
"""


def script(name: str) -> Callable[..., None]:
    function: Callable[..., None] = runpy.run_path(str(SCRIPTS / f"{name}.py"))[name]
    return function


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    paths = Paths(tmp_path_factory.mktemp("results") / "made_up")
    paths.root.mkdir()
    paths.study.write_text(STUDY)
    plan = expand(load_study(paths.study))
    write_plan(plan, paths.plan)
    write_runs(paths.root, plan)
    script("collect")(
        study=paths.study,
        results=paths.root,
        files={kind: files_of(paths, plan, f"{kind}.csv") for kind in KINDS},
        outputs={kind: paths.collected(kind) for kind in COLLECTED},
    )
    outputs = {name: paths.analysis(f"{name}.csv") for name in STATISTICS}
    script("analyse")(
        frames={name: pd.read_parquet(paths.collected(name)) for name in COLLECTED},
        margin=0.01,
        question="How many?",
        asked=Answer(),
        outputs={**outputs, "answer": paths.analysis("answer.json")},
    )
    return paths


def test_collected_frames_survive_parquet(paths: Paths) -> None:
    plan = expand(load_study(paths.study))
    expected = collected_of(plan)
    for kind in KINDS:
        pd.testing.assert_frame_equal(pd.read_parquet(paths.collected(kind)), getattr(expected, kind), check_exact=True)
    assert pd.read_parquet(paths.collected("points"))["run"].tolist() == [run.run for run in plan.runs]
    assert pd.read_parquet(paths.collected("plan"))["spec"].tolist() == [run.spec for run in plan.runs]


def test_statistics_and_the_answer(paths: Paths) -> None:
    rows = {name: len(pd.read_csv(paths.analysis(f"{name}.csv"))) for name in STATISTICS}
    assert [name for name, count in rows.items() if not count] == ["factors", "factor_tests"], "nothing is varied"
    answer = json.loads(paths.analysis("answer.json").read_text())
    assert {"question", "answer", "outlook", "findings", "architectures", "about", "factors"} == set(answer)


def drawn(paths: Paths, artefact: Artefact) -> dict[str, str]:
    """The artefact's files, by its script; what the report is told of it."""
    form = find(artefact.draw).form
    formats = (*FIGURE_FORMATS, "csv") if form == "figure" else TABLE_FORMATS
    place = paths.figure if form == "figure" else paths.table
    needs = {name: paths.analysis(f"{name}.csv") for name in find(artefact.draw).needs if name in STATISTICS}
    inputs = {
        **{kind: paths.collected(kind) for kind in COLLECTED},
        "log_linear": paths.analysis("log_linear.csv"),
        **needs,
    }
    outputs = {suffix: place(artefact.name, suffix) for suffix in formats}
    script(form)(artefact=asdict(artefact), inputs=inputs, outputs=outputs)
    told = asdict(artefact)
    return {**{key: told[key] for key in ("name", "title", "caption", "section")}, "form": form}


def test_figures_tables_and_the_report(paths: Paths, tmp_path: Path) -> None:
    shown = [drawn(paths, artefact) for artefact in chosen([])]
    names = {form: [one["name"] for one in shown if one["form"] == form] for form in ("figure", "table")}
    script("report")(
        summary=paths.collected("summary"),
        timing=paths.collected("timing"),
        points=paths.collected("points"),
        answer=paths.analysis("answer.json"),
        analysis=[paths.analysis(f"{name}.csv") for name in STATISTICS],
        artefacts=shown,
        figures=[paths.figure(name, "svg") for name in names["figure"]],
        tables=[paths.table(name, "html") for name in names["table"]],
        environments=files_of(paths, expand(load_study(paths.study)), "environment.json"),
        study=paths.study,
        efficiency=tmp_path / "efficiency.csv",
        output=paths.report,
        title="Made up",
        question="How many?",
        scale="smoke",
    )
    text = paths.report.read_text()
    assert json.loads(paths.analysis("answer.json").read_text())["answer"].split()[0] in text
    assert all(f'id="{one["name"]}"' in text for one in shown)
    assert not list(paths.root.rglob("*.tmp*"))
