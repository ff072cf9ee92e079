"""What is kept of jobs: what would run, what was used, and the provenance of those that ended while no head lived."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import suppress
from logging import Logger
from pathlib import Path
from typing import Any

from .files import JobFiles
from .ledger import Entry, Ledger
from .progress import tell
from .requests import Report, Request, key_of
from .used.efficiency import Row, append_row, row_of

__all__ = ["adopt", "fingerprint_of", "record_row"]


def fingerprint_of(job: Any) -> str:
    """Changes when a job would do something else: its inputs, parameters or command."""
    members = list(job.jobs) if job.is_group() else [job]
    text = "\n".join(part for member in members for part in what_runs(member))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def what_runs(job: Any) -> Iterator[str]:
    yield from map(str, job.input)
    yield from (f"{name}={value}" for name, value in job.params.items())
    yield str(job.shellcmd)


def record_row(folder: Path, logger: Logger, request: Request, report: Report) -> Row | None:
    """Write down, and tell logger plugins, what a job used; None where that cannot be known."""
    job = request.job
    if job.is_group() or not report.submissions:
        return None
    row = row_of(
        job=request.label,
        rule=job.name,
        wildcards=job.wildcards_dict,
        job_id=report.job_id,
        ok=report.ending.ok,
        parameters=request.parameters,
        submissions=report.submissions,
        finished=time.time(),
    )
    with suppress(OSError):  # what is only told at the end must not fail a job
        append_row(folder / "efficiency.csv", row)
    tell(logger, {"ran": {job.jobid: row.elapsed_s}})
    return row


def adopt(workflow: Any, ledger: Ledger) -> int:
    """Record the provenance of jobs that ended well while no head lived, and that Snakemake does not want again.

    The inner Snakemake of a job leaves that to the head. Returns how many there were.
    """
    keys = ledger.keys()
    if not keys:
        return 0
    done = [job for job in workflow.dag.jobs if not workflow.dag.needrun(job) and key_of(job) in keys]
    entries = ledger.find(key_of(job) for job in done)
    adopted = [(job, entries[key]) for job in done if (key := key_of(job)) in entries and ended_well(entries[key])]
    for job, entry in adopted:
        workflow.async_run(workflow.persistence.finished(job))
        ledger.release(entry.token, [entry.key])
    return len(adopted)


def ended_well(entry: Entry) -> bool:
    files = JobFiles(entry.folder, entry.job_id or "")
    return files.result.exists() and files.ending().ok
