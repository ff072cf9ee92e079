"""Snakemake logger plugin: one line per finished job, an estimate of the end, and of a failed job the end of its log.

    snakemake --logger datavolume ...

    [14/33] Train mlp-f0.25-bs32-88d0b3c1fe, seeds 0-4 · 4.1 s · about 50 s left

In a terminal the progress stands below these lines (`display.py`); elsewhere a line a minute says as much (`plain.py`).
An executor may tell how its jobs are doing (`Progress.hear`), by records with the attribute `submitit`.
Snakemake's own, longer account stands in .snakemake/log as always; a dry run prints it as without this plugin.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from logging import WARNING, LogRecord
from typing import TYPE_CHECKING, Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_datavolume import words
from snakemake_logger_plugin_datavolume.logs import last_lines
from snakemake_logger_plugin_datavolume.plain import Plain
from snakemake_logger_plugin_datavolume.progress import Progress

if TYPE_CHECKING:  # not for the inner Snakemake of each job: rich takes some 30 ms
    from snakemake_logger_plugin_datavolume.display import Display
    from snakemake_logger_plugin_datavolume.picture import View

__all__ = ["LogHandler"]

_STOPPED = "the same command goes on from there"  # how a training's log ends after Ctrl-C
_AGAIN = re.compile(r"Trying to restart job (\d+)\.")  # it has --retries left
_WITHOUT_OUTPUT = re.compile(r"^Job (\d+) completed successfully, but some output files are missing", re.MULTILINE)


class LogHandler(LogHandlerBase):
    """Prints to stderr, as Snakemake's own handler does."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.progress = Progress()
        self.counting = threading.RLock()  # the output's thread looks at the progress too
        self.jobs: dict[int, str] = {}  # names of those that were started
        self.since = time.time()
        self.output: Plain | Display = Plain()
        self.planned = False

    def emit(self, record: LogRecord) -> None:
        """Called under the handler's lock."""
        try:
            with self.counting:
                text = self.format(record) if self.common_settings.dryrun else self._tell(record)
            if text:
                self.output.say(text)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Called at the end, however that comes: the terminal is left as it was."""
        self.output.close()
        super().close()

    def _tell(self, record: LogRecord) -> str:
        """What to print; "" for nothing."""
        if hasattr(record, "submitit"):
            return self._heard(record)
        event = getattr(record, "event", None)
        tell = self._events().get(event) if event else None
        if tell is not None:
            return tell(record)
        told = record.getMessage() if record.msg else ""
        if again := _AGAIN.match(told):  # has no event of its own
            return f"AGAIN  {self.jobs.get(int(again[1]), f'job {again[1]}')}"
        return told if record.levelno >= WARNING or told.startswith("Nothing to be done") else ""

    def _events(self) -> dict[LogEvent, Callable[[Any], str]]:
        return {
            LogEvent.RUN_INFO: self._plan,
            LogEvent.JOB_INFO: self._started,
            LogEvent.JOB_FINISHED: self._finished,
            LogEvent.JOB_ERROR: self._failed,
            LogEvent.ERROR: self._error,
        }

    def _plan(self, record: Any) -> str:
        counts = {rule: count for rule, count in record.stats.items() if rule not in ("total", "all")}
        self.progress.plan(counts, time.time())
        if not self.planned and not self.common_settings.quiet:
            self.output = self._display() if _terminal() else Plain(self._line)
        self.planned = True
        return f"{sum(counts.values())} jobs: " + ", ".join(f"{count} {rule}" for rule, count in counts.items())

    def _started(self, record: Any) -> str:
        if record.rule_name != "all":
            name = record.rule_msg or " ".join([record.rule_name, *record.wildcards.values()])
            self.jobs[record.jobid] = name
            self.progress.start(record.jobid, record.rule_name, time.time(), record.local)
            self.output.changed()
        return ""

    def _heard(self, record: Any) -> str:
        """An executor told how its jobs are doing, with words once a minute, or at the end what they used."""
        if record.submitit.get("summary"):
            return str(record.getMessage())
        self.progress.hear(record.submitit, time.time())
        self.output.changed()
        if record.msg:
            self.output.tell()
        return ""

    def _finished(self, record: Any) -> str:
        if record.job_id not in self.jobs:
            return ""
        seconds = self.progress.finish(record.job_id, time.time())
        left = words.left(self._seconds_left()) if isinstance(self.output, Plain) else ""
        parts = [self.jobs.pop(record.job_id), words.duration(seconds), *([left] if left else [])]
        return f"{words.count(self.progress.counts())} " + " · ".join(parts)

    def _failed(self, record: Any) -> str:
        self.progress.fail(record.jobid, time.time())
        name = self.jobs.get(record.jobid, record.rule_name)
        details = [str(record.rule_msg)] if record.rule_msg else []
        details += [f"{key}: {value}" for key, value in record.aux.items()]
        told = "\n".join(details)  # an executor may have shown its job's log already
        details += [line for log in record.log if log not in told for line in last_lines(log, self.since)]
        if details and details[-1].endswith(_STOPPED):
            return f"STOPPED {name}"
        return "\n    ".join([f"FAILED {name}", *details])

    def _error(self, record: Any) -> str:
        """A failed job has been told of already, with its log."""
        told = str(record.getMessage())
        if lacking := _WITHOUT_OUTPUT.search(told):  # has no event of its own
            self.progress.fail(int(lacking[1]), time.time())
        return "" if record.exception in ("RuleException", "CalledProcessError") else told

    def _display(self) -> Display:
        from snakemake_logger_plugin_datavolume.display import Display

        return Display(sys.stderr, self._view, colour=not self.common_settings.nocolor)

    def _view(self) -> View:
        """What the display shows now."""
        from snakemake_logger_plugin_datavolume.picture import View

        with self.counting:
            ending = words.ending(self._seconds_left(), datetime.now())
            return View(self.progress.counts(), time.time() - self.progress.since, ending)

    def _line(self) -> str:
        """How far it is, in one line; "" when no job is left to wait for."""
        with self.counting:
            counts = self.progress.counts()
            parts = [*words.states(counts).values(), words.so_far(time.time() - self.progress.since)]
            ending = words.ending(self._seconds_left(), datetime.now())
        if counts.done + counts.failed >= counts.planned:
            return ""
        return f"{words.count(counts)} " + " · ".join([*parts, *([ending] if ending else [])])

    def _seconds_left(self) -> float | None:
        return self.progress.seconds_left(time.time())


def _terminal() -> bool:
    """Whether a person looks at a terminal that can move its cursor."""
    dumb = os.environ.get("TERM", "") in ("", "dumb", "unknown")
    automatic = os.environ.get("CI", "").lower() not in ("", "0", "false")
    return sys.stderr.isatty() and not dumb and not automatic
