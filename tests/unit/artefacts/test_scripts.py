"""The scripts, from the files of the runs to the report, as Snakemake's adapters call them."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from unit.analysis.synthetic import collected_of, files_of, make_plan, write_runs

from datavolume.artefacts import figure_names, table_names
from datavolume.study import Paths
from datavolume.study.paths import FIGURE_FORMATS, TABLE_FORMATS

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"
STATISTICS = ("log_linear", "anova_one_way", "anova_two_way", "tukey", "requirement")
KINDS = ("metrics", "timing", "summary")
PLAN = make_plan(fractions=(0.1, 0.5, 1.0), seeds=3)


def script(name: str) -> Callable[..., None]:
    function: Callable[..., None] = runpy.run_path(str(SCRIPTS / f"{name}.py"))[name]
    return function


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    paths = write_runs(tmp_path_factory.mktemp("results") / "made_up", PLAN)
    files = {kind: files_of(paths, PLAN, f"{kind}.csv") for kind in KINDS}
    script("collect")(plan=paths.plan, files=files, outputs={kind: paths.collected(kind) for kind in KINDS})
    script("analyse")(
        summary=paths.collected("summary"),
        margin=0.01,
        question="How many?",
        tables={name: paths.analysis(f"{name}.csv") for name in STATISTICS},
        answered=paths.analysis("answer.json"),
    )
    return paths


def test_collected_frames_survive_parquet(paths: Paths) -> None:
    expected = collected_of(PLAN)
    for kind in KINDS:
        pd.testing.assert_frame_equal(pd.read_parquet(paths.collected(kind)), getattr(expected, kind), check_exact=True)


def test_statistics_and_the_answer(paths: Paths) -> None:
    assert all(len(pd.read_csv(paths.analysis(f"{name}.csv"))) for name in STATISTICS)
    assert set(json.loads(paths.analysis("answer.json").read_text())) == {
        "question",
        "answer",
        "findings",
        "architectures",
    }


def test_figures_tables_and_the_report(paths: Paths, tmp_path: Path) -> None:
    collected = {kind: paths.collected(kind) for kind in ("metrics", "summary")}
    for name in figure_names():
        outputs = {suffix: paths.figure(name, suffix) for suffix in (*FIGURE_FORMATS, "csv")}
        script("figure")(name=name, **collected, log_linear=paths.analysis("log_linear.csv"), outputs=outputs)
    for name in table_names():
        outputs = {suffix: paths.table(name, suffix) for suffix in TABLE_FORMATS}
        script("table")(name=name, **collected, outputs=outputs)
    study = tmp_path / "study.yaml"
    study.write_text("title: Made up\n")
    script("report")(
        plan=paths.plan,
        summary=paths.collected("summary"),
        timing=paths.collected("timing"),
        answer=paths.analysis("answer.json"),
        analysis=[paths.analysis(f"{name}.csv") for name in STATISTICS],
        figures=[paths.figure(name, "svg") for name in figure_names()],
        tables=[paths.table(name, "html") for name in table_names()],
        environments=files_of(paths, PLAN, "environment.json"),
        study=study,
        efficiency=tmp_path / "efficiency.csv",
        output=paths.report,
        title="Made up",
        question="How many?",
        scale="smoke",
    )
    text = paths.report.read_text()
    assert json.loads(paths.analysis("answer.json").read_text())["answer"].split()[0] in text
    assert text.count("data:image/svg+xml;base64,") == len(figure_names())
    assert not list(paths.root.rglob("*.tmp*"))
