"""The logger plugin: records in, lines out, and what a person sees of a real workflow without a terminal."""

import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from logging import ERROR, INFO, makeLogRecord
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.tests import MockOutputSettings, TestLogHandlerBase

from snakemake_logger_plugin_datavolume import LogHandler
from snakemake_logger_plugin_datavolume.logs import last_lines
from snakemake_logger_plugin_datavolume.plain import Plain


class TestContract(TestLogHandlerBase):
    """Snakemake's own checks of a logger plugin."""

    __test__ = True

    def get_log_handler_cls(self) -> type[LogHandlerBase]:
        return LogHandler

    def get_log_handler_settings(self) -> None:
        return None

    def _create_handler(self) -> LogHandlerBase:
        """Snakemake closes its handlers; these checks do not, and a line a minute would go on into other tests."""
        handler = super()._create_handler()
        self.handlers.append(handler)
        return handler

    @pytest.fixture(autouse=True)
    def _closing(self) -> Iterator[None]:
        self.handlers: list[LogHandlerBase] = []
        yield
        for handler in self.handlers:
            handler.close()


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


def test_a_failed_job_that_is_tried_again_says_so(tmp_path: Path) -> None:
    told = run(tmp_path, "--retries", "1").stderr
    assert [line for line in told.splitlines() if line.startswith(("FAILED", "AGAIN"))] == [
        "FAILED bad",
        "AGAIN  bad",
        "FAILED bad",
    ]


def test_a_line_per_job_is_all_where_nobody_waits(tmp_path: Path) -> None:
    told = run(tmp_path, "--keep-going", "good.txt")
    assert told.stdout == ""
    assert re.search(r"1 jobs: 1 good\n\[1/1\] Make the good one · \d\.\d s\n$", told.stderr)


def test_what_an_earlier_call_logged_is_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "bad.log"
    log.write_text("of yesterday\n")
    os.utime(log, (1, 1))
    assert last_lines(str(log), since=1000) == [f"log: {log} (nothing written)"]
    assert last_lines(str(log), since=0) == [f"log: {log}", "| of yesterday"]


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


def test_a_log_cannot_move_the_cursor(tmp_path: Path) -> None:
    log = tmp_path / "bad.log"
    log.write_text("\x1b[31mred\x1b[0m\x1b[2K\x07 end\tof\x1b]0;title\n")
    assert last_lines(str(log), since=0)[1:] == ["| red end\tof]0;title"]


def test_rich_is_not_imported_before_it_is_needed() -> None:
    code = "import snakemake_logger_plugin_datavolume, sys; print('rich' in sys.modules, 'statistics' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False False\n"


class Heard:
    """A handler that gets records by hand, its output the lines of a pipe."""

    def __init__(self, **settings: object) -> None:
        common = MockOutputSettings()
        for name, value in settings.items():
            setattr(common, name, value)
        self.handler = LogHandler(common, None)

    def __call__(self, msg: str = "", **extra: object) -> None:
        self.handler.handle(makeLogRecord({"msg": msg, "levelno": INFO, "levelname": "INFO", **extra}))

    def start(self, job: int, *, rule: str = "train", local: bool = False) -> None:
        described = {"rule_name": rule, "rule_msg": f"{rule} {job}", "wildcards": {}, "log": []}
        self(event=LogEvent.JOB_INFO, jobid=job, local=local, **described)

    def fail(self, job: int) -> None:
        self(event=LogEvent.JOB_ERROR, jobid=job, rule_name="train", rule_msg="", aux={}, log=[])


def test_an_executors_minute_is_a_line_of_ours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    milliseconds = itertools.count(1_800_000_000_000)
    monkeypatch.setattr(time, "time", lambda: next(milliseconds) / 1000)
    hear = Heard()
    hear(event=LogEvent.RUN_INFO, stats={"train": 5, "all": 1, "total": 6})
    for job in range(4):
        hear.start(job)
    hear(submitit={"waiting": 0, "pending": 1, "running": 3, "requeued": 2})
    hear(submitit={"ran": {0: 7200.0}})
    hear(event=LogEvent.JOB_FINISHED, job_id=0)
    hear.fail(1)
    hear("2 running, 1 pending", submitit={"pending": 1, "running": 1})
    hear.handler.close()
    assert re.fullmatch(
        r"5 jobs: 5 train\n"
        r"\[1/5\] train 0 · 2 h 00 min · about .* left\n"
        r"FAILED train 1\n"
        r"\[1/5\] 1 running · 1 pending · 1 waiting · 1 failed · 2 requeued · "
        r"0\.0 s so far · about .* left, until .*\n",
        capsys.readouterr().err,
    )


def test_a_job_that_ended_without_its_output_does_not_run_on(capsys: pytest.CaptureFixture[str]) -> None:
    hear = Heard()
    hear(event=LogEvent.RUN_INFO, stats={"train": 1})
    hear.start(7, local=True)
    lacking = "MissingOutputException in rule train in file Snakefile, line 3:\n"
    lacking += "Job 7 completed successfully, but some output files are missing."
    hear(lacking, levelno=ERROR, event=LogEvent.ERROR, exception="MissingOutputException")
    counts = hear.handler.progress.counts()
    assert (counts.failed, counts.running) == (1, 0)
    assert "output files are missing" in capsys.readouterr().err
    hear.handler.close()


@pytest.mark.parametrize("settings", [{"quiet": {Quietness.PROGRESS}}, {"dryrun": True}])
def test_nothing_is_told_by_itself_when_nobody_asked(settings: dict[str, object]) -> None:
    hear = Heard(**settings)
    hear(event=LogEvent.RUN_INFO, stats={"train": 1})
    assert hear.handler.output.line is None
    hear.handler.close()


def test_a_silent_minute_ends_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    plain = Plain(lambda: "[1/3] 2 running", minute=0.05)
    end = time.monotonic() + 20
    while len(told) < 2 and time.monotonic() < end:
        time.sleep(0.02)
        told += capsys.readouterr().err.splitlines()
    plain.close()
    assert told[:2] == ["[1/3] 2 running"] * 2


def test_no_line_when_no_job_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    plain = Plain(lambda: "")
    plain.tell()
    plain.say("[3/3] done")
    plain.close()
    assert capsys.readouterr().err == "[3/3] done\n"
