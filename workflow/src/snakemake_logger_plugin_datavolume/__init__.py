"""Snakemake logger plugin: one line per finished job, an estimate of the end, and of a failed job the end of its log.

    snakemake --logger datavolume ...

    [14/33] Train mlp-f0.25-bs32-88d0b3c1fe, seeds 0-4 · 4.1 s · about 50 s left

Snakemake's own, longer account stands in .snakemake/log as always; a dry run prints it as without this plugin.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from logging import WARNING, LogRecord
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_datavolume.progress import Progress, duration

__all__ = ["LogHandler"]

_LOG_LINES = 10
_STOPPED = "the same command goes on from there"  # how a training's log ends after Ctrl-C


@dataclass
class _Job:
    """What is remembered of a started job until it ends."""

    rule: str
    name: str
    log: Sequence[str] = field(default_factory=list)


class LogHandler(LogHandlerBase):
    """Prints to stderr, as Snakemake's own handler does."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.progress = Progress()
        self.jobs: dict[int, _Job] = {}
        self.since = time.time()

    def emit(self, record: LogRecord) -> None:
        """Called under the handler's lock."""
        try:
            text = self.format(record) if self.common_settings.dryrun else self._tell(record)
        except Exception:
            self.handleError(record)
            return
        if text:
            print(text, file=sys.stderr, flush=True)

    def _tell(self, record: LogRecord) -> str:
        event = getattr(record, "event", None)
        tell = self._events().get(event) if event else None
        if tell is not None:
            return tell(record)
        told = record.getMessage() if record.msg else ""
        return told if record.levelno >= WARNING or told.startswith("Nothing to be done") else ""

    def _events(self) -> dict[LogEvent, Callable[[Any], str]]:
        return {
            LogEvent.RUN_INFO: self._planned,
            LogEvent.JOB_INFO: self._described,
            LogEvent.JOB_STARTED: self._started,
            LogEvent.JOB_FINISHED: self._finished,
            LogEvent.JOB_ERROR: self._failed,
            LogEvent.ERROR: self._error,
        }

    def _planned(self, record: Any) -> str:
        counts = {rule: count for rule, count in record.stats.items() if rule not in ("total", "all")}
        self.progress.plan(counts)
        return f"{sum(counts.values())} jobs: " + ", ".join(f"{count} {rule}" for rule, count in counts.items())

    def _described(self, record: Any) -> str:
        name = record.rule_msg or " ".join([record.rule_name, *record.wildcards.values()])
        self.jobs[record.jobid] = _Job(record.rule_name, name, record.log)
        return ""

    def _started(self, record: Any) -> str:
        for job in record.jobs:  # described only after they have started
            self.progress.start(job, time.monotonic())
        return ""

    def _finished(self, record: Any) -> str:
        job = self.jobs.pop(record.job_id, None)
        if job is None or job.rule == "all":
            return ""
        seconds = self.progress.finish(record.job_id, job.rule, time.monotonic())
        left = self.progress.seconds_left()
        parts = [job.name, duration(seconds), *([f"about {duration(left)} left"] if left else [])]
        return f"{self.progress.count()} " + " · ".join(parts)

    def _failed(self, record: Any) -> str:
        job = self.jobs.get(record.jobid)
        name = job.name if job else record.rule_name
        details = [str(record.rule_msg)] if record.rule_msg else []
        details += [f"{key}: {value}" for key, value in record.aux.items()]
        told = "\n".join(details)  # an executor may have shown its job's log already
        details += [line for log in record.log if log not in told for line in _last_lines(log, self.since)]
        if details and details[-1].endswith(_STOPPED):
            return f"STOPPED {name}"
        return "\n    ".join([f"FAILED {name}", *details])

    def _error(self, record: Any) -> str:
        """A failed job has been told of already, with its log."""
        return "" if record.exception in ("RuleException", "CalledProcessError") else str(record.getMessage())


def _last_lines(log: str, since: float) -> list[str]:
    """The log's path and the end of what it says; not what an earlier call left there."""
    path = Path(log.split(" (")[0])  # Snakemake adds remarks to the path
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if _written(path, since) else []
    except OSError:
        lines = []
    if not lines:
        return [f"log: {path} (nothing written)"]
    return [f"log: {path}", *(f"| {line}" for line in lines[-_LOG_LINES:])]


def _written(path: Path, since: float) -> bool:
    return path.stat().st_mtime >= since - 1  # file systems round
