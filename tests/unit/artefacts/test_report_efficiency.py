"""What the report says of the jobs: with the executor's rows and without, with GPUs and without."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from unit.artefacts.test_report import Reader, report, words

from datavolume.analysis.efficiency import JOB_COLUMNS, of_study, read_jobs
from datavolume.artefacts.report import Report, render
from datavolume.artefacts.report.efficiency import Efficiency, efficiency
from datavolume.artefacts.report.statistics import StatisticsTable

__all__ = ["report"]  # the fixture

JOB = {
    **dict.fromkeys(JOB_COLUMNS, 0),
    "job": "train.a.0",
    "rule": "train",
    "wildcards": "configuration=a;block=0",
    "outcome": "ok",
    "queue_s": 180.0,
    "elapsed_s": 3300.0,
    "cpus": 4,
    "cpu_s": 12012.0,
    "mem_mb": 16384.0,
    "used_mb": 1229.0,
    "gpus": 2,
    "runtime_s": 10800.0,
}
TIMING = pd.DataFrame(
    {
        "configuration": ["a", "a", "b"],
        "gpu_utilisation": [0.7, 0.8, 0.5],
        "peak_memory_mb": [8000.0, 9011.0, 4096.0],
        "peak_host_memory_mb": [1500.0, 1600.0, 2048.0],
    }
)


def section(*changes: dict[str, object], gpu: bool = True, timing: pd.DataFrame = TIMING) -> Efficiency:
    rows = pd.DataFrame([{**JOB, **change} for change in changes], columns=list(JOB_COLUMNS))
    return efficiency(of_study(rows, ["a", "b"]), timing, gpu=gpu)


def rows_of(table: StatisticsTable | None) -> list[dict[str, str]]:
    assert table
    return [dict(zip(table.head, row, strict=True)) for row in table.rows]


def test_one_job() -> None:
    found = section({})
    assert found.text == (
        "1 job used 1.8 GPU hours, and lost none of them. The median wait in the queue was 3 min, the longest 3 min. "
        "No job was requeued."
    )
    (row,) = rows_of(found.rules)
    assert row == {
        "Rule": "train",
        "Jobs": "1",
        "Time": "55 min of 3 h",
        "CPUs": "91 %",
        "Memory": "1.2 of 16 GB",
        "GPU hours": "1.8",
        "Lost": "0",
        "GPU utilisation": "62 %",  # the mean of 75 % and 50 %
        "Peak GPU memory": "8.8 GB",
        "Wait": "3 min",
        "Requeues": "0",
    }


def test_jobs_that_were_lost_requeued_and_failed() -> None:
    found = section(
        {},
        {"job": "train.a.1", "requeues": 2, "lost_s": 1800.0, "queue_s": 3720.0},
        {"job": "train.b.0", "wildcards": "configuration=b;block=0", "outcome": "failed", "lost_s": 3300.0},
    )
    assert found.text == (
        "3 jobs used 5.5 GPU hours, and lost 2.8 of them (51.5 %). The median wait in the queue was 3 min, the longest "
        "1 h 2 min. Jobs were requeued 2 times. 1 job never succeeded."
    )
    (rule,) = rows_of(found.rules)
    assert (rule["Jobs"], rule["Wait"], rule["Requeues"]) == ("3 (1 failed)", "3 min (1 h 2 min)", "2")
    a, b = rows_of(found.configurations)
    assert (a["Configuration"], a["Jobs"], a["GPU hours"], a["Lost"]) == ("a", "2", "3.7", "1.0")
    assert (a["GPU utilisation"], a["Peak GPU memory"], a["Wait"]) == ("75 %", "8.8 GB", "32 min (1 h 2 min)")
    assert (b["Jobs"], b["Lost"], b["GPU utilisation"]) == ("1 (1 failed)", "1.8", "50 %")


def test_without_gpus_cpu_hours_are_told() -> None:
    found = section({"gpus": 0, "lost_s": 330.0}, gpu=False)
    assert found.text.startswith("1 job used 3.7 CPU hours, and lost 0.4 of them (10.0 %).")
    (rule,) = rows_of(found.rules)
    assert rule["CPU hours"] == "3.7"
    assert not [name for name in rule if "GPU" in name]


def test_a_configuration_without_noted_jobs_has_what_the_trainer_logged() -> None:
    a, b = rows_of(section({}).configurations)
    assert (a["Memory"], a["Jobs"]) == ("1.2 of 16 GB", "1")
    assert (b["Memory"], b["Jobs"], b["Time"], b["Wait"]) == ("2.0 GB", "–", "–", "–")


@pytest.mark.parametrize(
    ("gpu", "memory", "columns"),
    [
        (True, "1.6 GB", ["Configuration", "Memory", "GPU utilisation", "Peak GPU memory"]),
        (False, "1.6 GB", ["Configuration", "Memory"]),
    ],
)
def test_not_run_through_the_executor(gpu: bool, memory: str, columns: list[str]) -> None:
    found = section(gpu=gpu)
    assert found.text.startswith("This study was not run through the submitit executor")
    assert found.rules is None
    first, _ = rows_of(found.configurations)
    assert list(first) == columns
    assert first["Memory"] == memory


def test_timing_of_before_these_columns() -> None:
    old = TIMING[["configuration", "peak_memory_mb"]]
    on_gpu, on_cpu = section(timing=old), section(gpu=False, timing=old)
    assert list(rows_of(on_gpu.configurations)[0]) == ["Configuration", "Peak GPU memory"]
    assert rows_of(on_cpu.configurations)[0]["Memory"] == "8.8 GB"


def test_nothing_measured_is_not_made_up() -> None:
    found = section({"cpu_s": None, "used_mb": None, "mem_mb": None}, timing=TIMING[["configuration"]])
    (rule,) = rows_of(found.rules)
    assert "CPUs" not in rule
    assert "Memory" not in rule


def test_the_section_stands_in_the_report(report: Report, tmp_path: Path) -> None:
    configuration = report.summary["configuration"].iloc[0]
    file = tmp_path / "efficiency.csv"
    mine = {**JOB, "wildcards": f"configuration={configuration};block=0"}
    pd.DataFrame([mine, {**JOB, "job": "other"}]).to_csv(file, index=False)
    html = render(Report(**{**vars(report), "jobs": read_jobs(file)}))
    found = re.search(r'<section id="the-efficiency">.*?</section>', html, re.DOTALL)
    assert found
    text = words(found.group())
    assert text.startswith("Efficiency 1 job used 1.8 GPU hours")
    assert "55 min of 3 h" in text
    assert "By configuration" in text


def test_the_report_of_a_study_that_was_not_submitted_has_no_table_of_rules(report: Report) -> None:
    reader = Reader()
    reader.feed(render(report))
    assert "This study was not run through the submitit executor" in "".join(reader.text)
    assert "By rule" not in "".join(reader.text)
