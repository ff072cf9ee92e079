"""What sbatch is told, and what Slurm refuses, in its own words."""

import os
import sys

import pytest
from plugin.fakes import request_for

from snakemake_executor_plugin_submitit.asking.resources import parameters_of
from snakemake_executor_plugin_submitit.slurm.outbox import SubmissionError
from snakemake_executor_plugin_submitit.submission import one_line, submit

GOLDEN = """#!/bin/bash

# Parameters
#SBATCH --array=0-1%2
#SBATCH --comment=submitit:4f
#SBATCH --cpus-per-task=4
#SBATCH --dependency=afterany:7_1
#SBATCH --error=JOBS/%A_%a_0_log.err
#SBATCH --exclude=n3
#SBATCH --gpus-per-node=2
#SBATCH --job-name=train.2jobs
#SBATCH --mem=8GB
#SBATCH --nodes=1
#SBATCH --open-mode=append
#SBATCH --output=JOBS/%A_%a_0_log.out
#SBATCH --partition=gpu
#SBATCH --signal=USR2@90
#SBATCH --time=30
#SBATCH --wckey=submitit

# setup
submitit_job='JOBS'/${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}
rm -f -- "${submitit_job}_ended"
trap '[ -e "${submitit_job}_0_result.pkl" ] || : >"${submitit_job}_ended"' EXIT

# command
export SUBMITIT_EXECUTOR=slurm
srun --unbuffered --output JOBS/%A_%a_%t_log.out --error JOBS/%A_%a_%t_log.err \
--cpus-per-task=4 PYTHON -u -m submitit.core._submit JOBS
"""


@pytest.fixture
def send(job, tmp_path):
    """Submits runs of the rule `train` by their keys."""

    def send(keys, cluster="slurm", parallelism=0, parameters=None, **more):
        requests = [request_for(job, key, **(parameters or {})) for key in keys]
        return submit(requests, lambda request: request.payload, cluster, tmp_path / "jobs", parallelism, **more)

    return send


def test_the_batch_script_of_an_array(send, job, fake_slurm, tmp_path):
    """All that sbatch is told: what a rule asks for, the ledger's mark, what to avoid, whom to wait for."""
    resources = {"gpu": 2, "mem_mb": 8192, "runtime": 30, "slurm_partition": "gpu"}
    parameters = parameters_of(job(resources=resources, threads=4), {})
    more = {"slurm_comment": "submitit:4f", "slurm_exclude": "n3", "slurm_dependency": "afterany:7_1"}
    send("ab", parameters=parameters, **more)
    script = fake_slurm.script.replace(str(tmp_path / "jobs"), "JOBS").replace(sys.executable, "PYTHON")
    assert script == GOLDEN


def test_several_go_out_as_one_array_with_one_call(send, fake_slurm):
    jobs = send("abc")
    assert [one.job_id for one in jobs] == ["42_0", "42_1", "42_2"]
    assert "#SBATCH --array=0-2%3\n" in fake_slurm.script
    assert [call.split()[0] for call in fake_slurm.calls] == ["sbatch"]
    assert [one.submission().function.title for one in jobs] == ["a", "b", "c"]


def test_parallelism_limits_an_array(send, fake_slurm):
    send("abc", parallelism=2)
    assert "#SBATCH --array=0-2%2\n" in fake_slurm.script


def test_one_alone_is_a_plain_job(send, fake_slurm):
    (alone,) = send("a")
    assert alone.job_id == "42"
    assert "--array" not in fake_slurm.script
    assert "#SBATCH --job-name=train.a\n" in fake_slurm.script


@pytest.mark.parametrize(
    ("words", "problem", "line"),
    [
        (
            "sbatch: error: invalid partition specified: nope\n"
            "sbatch: error: Batch job submission failed: Invalid partition name specified\n",
            "refused",
            "invalid partition specified: nope; Batch job submission failed: Invalid partition name specified",
        ),
        (
            "sbatch: error: QOSMaxSubmitJobPerUserLimit\n"
            "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's "
            "size and/or time limits)\n",
            "limit",
            "QOSMaxSubmitJobPerUserLimit; Batch job submission failed: Job violates accounting/QOS policy (job submit "
            "limit, user's size and/or time limits)",
        ),
        (
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n",
            "busy",
            "Batch job submission failed: Unable to contact slurm controller (connect failure)",
        ),
    ],
)
def test_what_slurm_does_not_take_is_its_words_in_one_line(send, fake_slurm, capfd, words, problem, line):
    fake_slurm.refuse("sbatch", words)
    with pytest.raises(SubmissionError) as caught:
        send("a")
    assert (str(caught.value), caught.value.problem) == (line, problem)
    assert capfd.readouterr() == ("", "")


def test_a_refusal_says_nothing_twice():
    assert one_line("sbatch: error: no\nsbatch: error: no\n\n") == "no"


def test_nodes_that_this_machine_has_not_are_refused(send):
    with pytest.raises(SubmissionError, match="only one node"):
        send("a", cluster="local", parameters={"nodes": 2})


def test_a_job_does_not_inherit_the_job_that_snakemake_runs_in(send, fake_slurm, monkeypatch):
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "100")
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm/slurm.conf")
    send("a")
    given = {name for name in fake_slurm.environment if name.startswith("SLURM_")}
    assert given == {"SLURM_CONF"}
    assert os.environ["SLURM_MEM_PER_NODE"] == "100"
