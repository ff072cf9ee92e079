from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from datavolume.analysis.efficiency import JOB_COLUMNS, logged, of_study, read_jobs, used

HEAD = (
    "job,rule,wildcards,id,outcome,attempts,requeues,queue_s,elapsed_s,lost_s,"
    "cpus,cpu_s,mem_mb,used_mb,gpus,runtime_s,nodes,finished"
)
A = "train.a.0,train,configuration=a;block=0,7_0,ok,1,0,60.0,600.0,0,4,2160.0,16384,1200.5,2,3600,n1,2026-11-21T14:05"
SLOW = "train.a.1,train,configuration=a;block=1,7_1,ok,2,1,3600.0,1200.0,300.0,4,,16384,1400,2,3600,n1 n2,2026-11-21"
FAILED = "train.b.0,train,configuration=b;block=0,7_2,failed,1,0,20,100,100,1,90,,,0,3600,n1,2026-11-21"
OTHER = "train.x,train,configuration=x;block=0,8,ok,1,0,1,1,0,1,1,100,10,0,3600,n1,2026-11-21"
FIGURE = "figure.f,figure,figure=f,9,ok,1,0,1,1,0,1,1,100,10,0,3600,n1,2026-11-21"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "efficiency.csv", HEAD, A, SLOW, FAILED, OTHER, FIGURE)


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_only_jobs_of_the_study_count(file: Path) -> None:
    jobs = of_study(read_jobs(file), ["a", "b", "c"])
    assert list(jobs["job"]) == ["train.a.0", "train.a.1", "train.b.0"]
    assert list(jobs["configuration"]) == ["a", "a", "b"]


def test_what_a_rule_used(file: Path) -> None:
    (row,) = used(of_study(read_jobs(file), ["a", "b"]), "rule").to_dict("records")
    assert (row["rule"], row["jobs"], row["failed"], row["requeues"]) == ("train", 3, 1, 1)
    assert (row["seconds"], row["seconds_asked"]) == (600, 3600)
    assert row["cpu_share"] == (2160 + 90) / (4 * 600 + 100)
    assert (row["memory_mb"], row["memory_asked_mb"]) == (1400, 16384)
    assert (row["gpu_hours"], row["lost_gpu_hours"]) == (1.0, 2 * 300 / 3600)
    assert (row["cpu_hours"], row["lost_cpu_hours"]) == (7300 / 3600, 1300 / 3600)
    assert (row["queue_seconds"], row["queue_longest"]) == (60, 3600)


def test_what_a_configuration_used(file: Path) -> None:
    table = used(of_study(read_jobs(file), ["a", "b"]), "configuration").set_index("configuration")
    assert list(table["jobs"]) == [2, 1]
    assert table.loc["a", "seconds"] == 900
    assert math.isnan(table.loc["b", "memory_asked_mb"])


def test_a_job_that_failed_and_was_run_again_did_not_fail(tmp_path: Path) -> None:
    jobs = read_jobs(write(tmp_path / "e.csv", HEAD, A.replace(",ok,", ",failed,"), A))
    assert used(jobs, "rule")[["jobs", "failed"]].to_numpy().tolist() == [[1, 0]]


def test_cpu_time_that_nobody_knows_is_unknown(tmp_path: Path) -> None:
    assert math.isnan(used(read_jobs(write(tmp_path / "e.csv", HEAD, SLOW)), "rule")["cpu_share"].iloc[0])


@pytest.mark.parametrize("torn", ["train.q,train,conf", '"train.q', "", ",,,,,,,,,,,,,,,,,"])
def test_a_torn_line_is_passed_over(tmp_path: Path, torn: str) -> None:
    jobs = read_jobs(write(tmp_path / "e.csv", HEAD, A, torn, SLOW))
    assert list(jobs["job"]) == ["train.a.0", "train.a.1"]


@pytest.mark.parametrize("content", [None, "", "\n", "something else\n1\n", HEAD, f"{HEAD}\n"])
def test_no_file_or_another_one_is_no_job(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "e.csv"
    if content is not None:
        file.write_text(content)
    jobs = of_study(read_jobs(file), ["a"])
    assert list(jobs) == [*JOB_COLUMNS, "configuration"]
    assert jobs.empty
    assert used(jobs, "rule").empty


def test_a_configuration_is_found_wherever_it_stands(tmp_path: Path) -> None:
    line = A.replace("configuration=a;block=0", "block=0;configuration=a%3Bb;myconfiguration=c")
    jobs = read_jobs(write(tmp_path / "e.csv", HEAD, line))
    assert list(of_study(jobs, ["a;b"])["job"]) == ["train.a.0"]
    assert of_study(jobs, ["c"]).empty


def test_what_the_trainer_logged() -> None:
    timing = pd.DataFrame(
        {
            "configuration": ["a", "a", "b"],
            "gpu_utilisation": [0.5, 0.7, None],
            "peak_memory_mb": [100.0, 300.0, 50.0],
        }
    )
    a, b = logged(timing).to_dict("records")
    assert (a["configuration"], a["gpu_utilisation"], a["peak_memory_mb"]) == ("a", pytest.approx(0.6), 300)
    assert math.isnan(a["peak_host_memory_mb"])
    assert math.isnan(b["gpu_utilisation"])


def test_the_executor_writes_what_is_read_here(tmp_path: Path) -> None:
    """The plugin knows nothing of datavolume, but its file is this one's source."""
    from snakemake_executor_plugin_submitit.node.attempts import Attempt
    from snakemake_executor_plugin_submitit.used.efficiency import append_row, row_of
    from snakemake_executor_plugin_submitit.used.usage import Submitted

    row = row_of(
        job="train.a",
        rule="train",
        wildcards={"configuration": "a", "block": "0-4"},
        job_id="7_1",
        ok=True,
        parameters={"timeout_min": 60, "mem_gb": 4, "cpus_per_task": 2, "gpus_per_node": 1},
        submissions=[Submitted(100, [Attempt(0, "n1", 160, 460, "ok", cpu_seconds=300.0, memory_mb=512.0)])],
        finished=461,
    )
    append_row(tmp_path / "e.csv", row)
    (read,) = of_study(read_jobs(tmp_path / "e.csv"), ["a"]).to_dict("records")
    assert {name: read[name] for name in JOB_COLUMNS} == {name: getattr(row, name) for name in JOB_COLUMNS}
