"""What the rule `train` asks for, at its first attempt and after."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from projects import REPOSITORY, make_project

# Without a message, Snakemake lists what a job asks for.
SNAKEFILE = f"""
include: {str(REPOSITORY / "workflow/Snakefile")!r}
workflow.get_rule("train").message = None
"""
RESOURCES = "resources: {processes: 4, nodes: 2, threads: 3, gpus: 4, mem_mb: 1001, runtime: 30}\n"


def asked_in(project: Path, *options: str) -> list[dict[str, str]]:
    """The requests of each attempt."""
    command = [sys.executable, "-m", "snakemake", "results/tiny/collected/summary.parquet", *options]
    told = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    request = r"^(?:local)?rule train:\n.*?\n    threads: (\d+)\n    resources: (.*?)$"
    found = re.findall(request, told.stdout + told.stderr, re.MULTILINE | re.DOTALL)
    return [{"threads": threads, **dict(item.split("=") for item in line.split(", "))} for threads, line in found]


def test_each_attempt_asks_for_more_time_and_memory_and_the_same_of_all_else(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    (project / "Snakefile").write_text(SNAKEFILE)
    study = project / "config/studies/tiny.yaml"
    text = study.read_text().replace("[mlp, small_cnn]", "[mlp]").replace("[0.1, 0.5, 1]", "[1]")
    study.write_text(text.replace("recipe: {", "recipe: {shards: 4, ") + RESOURCES)
    (first,) = asked_in(project, "--cores", "8", "--dry-run")
    assert (first["threads"], first["mem_mb"], first["runtime"]) == ("6", "1001", "30")  # threads of one node

    attempts = asked_in(project, "--cores", "5", "--retries", "2")  # too few for two processes: refused at once
    assert [(one["mem_mb"], one["runtime"]) for one in attempts] == [("1001", "30"), ("1501", "45"), ("2002", "60")]
    assert {(one["nodes"], one["tasks"], one["gpu"]) for one in (first, *attempts)} == {("2", "2", "4")}
