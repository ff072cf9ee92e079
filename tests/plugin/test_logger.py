"""The logger plugin: progress by hand-made clocks, and what a person sees of a real workflow."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.tests import MockOutputSettings, TestLogHandlerBase

from snakemake_logger_plugin_datavolume import LogHandler, _last_lines
from snakemake_logger_plugin_datavolume.progress import Progress, duration


class TestContract(TestLogHandlerBase):
    """Snakemake's own checks of a logger plugin."""

    __test__ = True

    def get_log_handler_cls(self) -> type[LogHandlerBase]:
        return LogHandler

    def get_log_handler_settings(self) -> None:
        return None


def test_the_estimate_counts_jobs_that_run_side_by_side() -> None:
    progress = Progress()
    progress.plan({"train": 6, "report": 1})
    assert progress.seconds_left() == 0
    for job in (1, 2):
        progress.start(job, 100.0)
    assert progress.finish(1, "train", 110.0) == 10
    assert progress.finish(2, "train", 110.0) == 10
    # Four trainings of 10 s, a report taken for 10 s, two at a time.
    assert progress.seconds_left() == 25
    assert progress.count() == "[2/7]"


def test_durations_as_a_person_says_them() -> None:
    assert [duration(s) for s in (4.13, 49.7, 170, 7500)] == ["4.1 s", "50 s", "3 min", "2 h 05 min"]


SNAKEFILE = """
rule all:
    input: "good.txt", "bad.txt"
rule good:
    message: "Make the good one"
    output: "good.txt"
    shell: "sleep 1.1; touch {output}"
rule bad:
    output: "bad.txt"
    log: "bad.log"
    shell: "echo first > {log}; echo the reason >> {log}; false"
"""


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--logger", "datavolume", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_line_per_job_and_the_end_of_a_failed_ones_log(tmp_path: Path) -> None:
    told = run(tmp_path, "--keep-going")
    assert told.returncode == 1
    assert "2 jobs: 1 bad, 1 good" in told.stderr
    assert re.search(r"/2\] Make the good one · [1-9]", told.stderr)
    assert "FAILED bad" in told.stderr
    assert "    log: bad.log\n    | first\n    | the reason\n" in told.stderr
    assert "Traceback" not in told.stderr


def test_what_an_earlier_call_logged_is_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "bad.log"
    log.write_text("of yesterday\n")
    os.utime(log, (1, 1))
    assert _last_lines(str(log), since=1000) == [f"log: {log} (nothing written)"]
    assert _last_lines(str(log), since=0) == [f"log: {log}", "| of yesterday"]


@pytest.mark.parametrize(
    ("last_words", "told"),
    [
        ("SIGINT: stopped a run; the same command goes on from there", "STOPPED train"),
        ("no", "FAILED train\n    log: {}\n    | no"),
    ],
)
def test_a_training_that_was_stopped_has_not_failed(tmp_path: Path, last_words: str, told: str) -> None:
    log = tmp_path / "train.log"
    log.write_text(f"{last_words}\n")
    handler = LogHandler(MockOutputSettings(), None)
    record = SimpleNamespace(jobid=1, rule_name="train", rule_msg=None, aux={}, log=[str(log)])
    assert handler._failed(record) == told.format(log)


def test_a_dry_run_reads_as_always(tmp_path: Path) -> None:
    told = run(tmp_path, "--dry-run")
    assert told.returncode == 0
    assert "rule bad:" in told.stdout + told.stderr
