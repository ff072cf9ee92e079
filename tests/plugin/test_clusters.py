"""The places where jobs run keep to one interface; local ones are few at a time, and end with their children."""

import time

import psutil
import pytest

from snakemake_executor_plugin_submitit.clusters import DebugCluster, LocalCluster, SlurmCluster
from snakemake_executor_plugin_submitit.payload import Payload
from snakemake_executor_plugin_submitit.status import Ending
from snakemake_executor_plugin_submitit.submission import Request, SubmissionError


@pytest.fixture
def request_of(job, tmp_path):
    """Makes requests that run a shell command in tmp_path."""

    def make(command, name="a", **parameters):
        payload = Payload(command, str(tmp_path), f"{name}.log", name)
        return Request(job("one", {"n": name}), {"cpus_per_task": 1, "timeout_min": 5, **parameters}, payload)

    return make


def ended(cluster, ids):
    """Wait for the endings of all jobs."""
    endings = {}
    while len(endings) < len(ids):
        endings |= cluster.endings([job_id for job_id in ids if job_id not in endings])
        time.sleep(0.05)
    return endings


def test_local_jobs_end_well_or_not(tmp_path, request_of):
    cluster = LocalCluster(tmp_path / "jobs", cores=2, patience=1)
    ids = cluster.submit([request_of("echo good", "a"), request_of("exit 3", "b")])
    assert ended(cluster, ids) == {ids[0]: Ending(True), ids[1]: Ending(False, "failed: exit code 3")}


def test_local_jobs_do_not_ask_for_more_cores_than_there_are(tmp_path, request_of):
    """Each job says how many run beside it: with 2 cores and 2 threads each, none."""
    cluster = LocalCluster(tmp_path / "jobs", cores=2, patience=1)
    alone = "mkdir running && sleep 0.2 && rmdir running"
    ids = cluster.submit([request_of(alone, name, cpus_per_task=2) for name in "abc"])
    assert (len(cluster.running), len(cluster.waiting)) == (1, 2)
    assert all(ending.ok for ending in ended(cluster, ids).values())


def test_a_local_job_larger_than_the_machine_runs_alone(tmp_path, request_of):
    cluster = LocalCluster(tmp_path / "jobs", cores=2, patience=1)
    ids = cluster.submit([request_of("true", cpus_per_task=64)])
    assert ended(cluster, ids) == {ids[0]: Ending(True)}


def test_a_local_job_that_is_killed_is_noticed(tmp_path, request_of):
    cluster = LocalCluster(tmp_path / "jobs", cores=2, patience=0.1)
    ids = cluster.submit([request_of("kill -9 $PPID")])
    (ending,) = ended(cluster, ids).values()
    assert (ending.ok, ending.reason) == (False, "ended as COMPLETED and left no result")


def test_what_cannot_run_here_is_that_jobs_error(tmp_path, request_of):
    cluster = LocalCluster(tmp_path / "jobs", cores=2, patience=1)
    ids = cluster.submit([request_of("true", nodes=2), request_of("true")])
    assert cluster.endings([]) == {}  # a look before Snakemake knows of the jobs must not lose one
    endings = ended(cluster, ids)
    assert "only one node" in endings[ids[0]].reason
    assert endings[ids[1]].ok


def test_cancelling_ends_local_jobs_with_their_children_and_starts_no_other(tmp_path, request_of):
    cluster = LocalCluster(tmp_path / "jobs", cores=1, patience=1)
    ids = cluster.submit([request_of("sleep 1000 & echo $! > pid; wait; touch late", name) for name in "ab"])
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.05)
    cluster.cancel(ids)
    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert cluster.endings(ids) == {}
    assert (cluster.running, cluster.waiting) == ({}, {})
    assert not (tmp_path / "late").exists()


def test_debug_runs_jobs_at_once(tmp_path, request_of):
    cluster = DebugCluster(tmp_path / "jobs")
    ids = cluster.submit([request_of("echo good > a", "a"), request_of("exit 3", "b")])
    assert (tmp_path / "a").read_text() == "good\n"
    assert cluster.endings(ids) == {ids[0]: Ending(True), ids[1]: Ending(False, "failed: exit code 3")}
    assert cluster.endings(ids) == {}


@pytest.fixture
def slurm_cluster(tmp_path, fake_slurm):  # noqa: ARG001
    """The plugin's Slurm on the fake commands, with the warnings it gave."""
    warnings = []
    cluster = SlurmCluster.start(tmp_path / "jobs", parallelism=0, interval=10, patience=5, warn=warnings.append)
    return cluster, warnings


def test_slurm_gives_an_id_to_each_job_of_an_array(slurm_cluster, request_of):
    assert slurm_cluster[0].submit([request_of("true", name) for name in "ab"]) == ["42_0", "42_1"]


def test_slurms_refusal_is_passed_on(slurm_cluster, fake_slurm, request_of):
    fake_slurm.refuse("sbatch", "sbatch: error: Batch job submission failed: Invalid qos specification")
    with pytest.raises(SubmissionError, match="failed: Invalid qos specification"):
        slurm_cluster[0].submit([request_of("true")])


def test_slurm_cancels_everything_with_one_call(slurm_cluster, fake_slurm):
    slurm_cluster[0].cancel(["42_0", "42_1", "7"])
    slurm_cluster[0].cancel([])
    assert fake_slurm.calls == ["scancel 42 7"]
    assert slurm_cluster[1] == []


def test_what_could_not_be_cancelled_is_named(slurm_cluster, fake_slurm):
    fake_slurm.refuse("scancel", "scancel: error: Unable to contact slurm controller\n")
    slurm_cluster[0].cancel(["42_0", "7"])
    (warning,) = slurm_cluster[1]
    assert warning == "scancel failed (scancel: error: Unable to contact slurm controller); still in the queue: 42 7"
