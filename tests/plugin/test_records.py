"""What is kept of jobs; provenance for those that ended while no head lived is also shown in test_slurm_run."""

import csv
import logging
from types import SimpleNamespace

import pytest
from plugin.fakes import leave_result, request_for

from snakemake_executor_plugin_submitit.files import Ending
from snakemake_executor_plugin_submitit.ledger import Claim, Ledger
from snakemake_executor_plugin_submitit.node.attempts import Attempt
from snakemake_executor_plugin_submitit.records import adopt, fingerprint_of, record_row
from snakemake_executor_plugin_submitit.requests import Report, key_of
from snakemake_executor_plugin_submitit.used.usage import Submitted


def one(job, **changes):
    what = {"input": ["in"], "output": ["out"], "params": {"rate": 0.1}, "shellcmd": "train {input}"}
    return job("train", **(what | changes))


def test_a_fingerprint_changes_with_what_would_run_and_with_nothing_else(job):
    same = fingerprint_of(one(job))
    assert fingerprint_of(one(job, resources={"mem_mb": 9}, threads=8, jobid=7)) == same
    for change in ({"input": ["other"]}, {"params": {"rate": 0.2}}, {"shellcmd": "train --fast {input}"}):
        assert fingerprint_of(one(job, **change)) != same


def test_a_group_changes_with_its_members(job):
    group = job("g", group="g", jobs=[one(job), one(job, output=["b"])])
    changed = job("g", group="g", jobs=[one(job), one(job, output=["b"], params={"rate": 1})])
    assert fingerprint_of(group) != fingerprint_of(changed)


class Workflow:
    """What `adopt` asks of Snakemake: jobs, which of them are to run, and a place for provenance."""

    def __init__(self, jobs, wanted=()):
        self.finished = []
        self.dag = SimpleNamespace(jobs=jobs, needrun=lambda job: job.output[0] in wanted)
        self.persistence = SimpleNamespace(finished=lambda job: job)
        self.async_run = lambda job: self.finished.append(job.output[0])


@pytest.mark.parametrize(
    ("left", "wanted", "adopted"),
    [
        ("", "", True),
        (None, "", False),  # it runs, or waits
        ("PayloadError: exit code 1", "", False),
        ("", "a", False),  # Snakemake wants it once more: then it is asked for, and found
    ],
)
def test_what_ended_well_and_is_not_wanted_again_gets_its_provenance(job, tmp_path, left, wanted, adopted):
    mine, foreign = one(job, output=["a"]), one(job, output=["b"])
    ledger = Ledger(tmp_path / "ledger")
    token, _ = ledger.claim(tmp_path, [Claim(key_of(mine))])
    ledger.record(token, {key_of(mine): "7"})
    if left is not None:
        leave_result(tmp_path, "7", left)
    workflow = Workflow([mine, foreign], wanted)
    assert adopt(workflow, ledger) == adopted
    assert workflow.finished == ["a"] * adopted
    assert bool(ledger.keys()) != adopted


def test_a_submission_without_an_answer_is_nothing_to_adopt(job, tmp_path):
    mine, ledger = one(job, output=["a"]), Ledger(tmp_path / "ledger")
    ledger.claim(tmp_path, [Claim(key_of(mine))])
    assert adopt(Workflow([mine]), ledger) == 0


def test_an_empty_ledger_asks_snakemake_nothing(tmp_path):
    assert adopt(None, Ledger(tmp_path / "ledger")) == 0


def test_each_finished_job_is_a_row(job, tmp_path):
    request = request_for(job, "a", timeout_min=60)
    attempts = [Attempt(0, "n1", 110.0, 170.0, "ok", cpus=1, cpu_seconds=30.0, memory_mb=5.0)]
    row = record_row(tmp_path, logging.Logger("x"), request, Report(Ending(True), "7", [Submitted(100.0, attempts)]))
    with (tmp_path / "efficiency.csv").open() as stream:
        (written,) = csv.DictReader(stream)
    assert (written["job"], written["id"], written["outcome"], written["nodes"]) == ("train.a", "7", "ok", "n1")
    assert (row.queue_s, row.elapsed_s, row.cpu_s, row.runtime_s) == (10.0, 60.0, 30.0, 3600)


def test_what_never_ran_or_is_many_has_no_row(job, tmp_path):
    logger, request = logging.Logger("x"), request_for(job, "a")
    assert record_row(tmp_path, logger, request, Report(Ending(False, "not submitted: no"), "")) is None
    request.job.group = "g"
    assert record_row(tmp_path, logger, request, Report(Ending(True), "7", [Submitted(1.0, [])])) is None
    assert not (tmp_path / "efficiency.csv").exists()


def test_a_full_disk_is_no_reason_to_fail_a_job(job, tmp_path):
    report = Report(Ending(True), "7", [Submitted(100.0, [Attempt(0, "n1", 110.0, 170.0, "ok")])])
    assert record_row(tmp_path / "away" / "x", logging.Logger("x"), request_for(job, "a", timeout_min=1), report)
