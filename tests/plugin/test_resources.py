"""Snakemake's resources become sbatch's options, or one clear line."""

import sys

import pytest
from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_submitit.payload import Payload
from snakemake_executor_plugin_submitit.resources import parameters_of, sbatch_options
from snakemake_executor_plugin_submitit.submission import Request, submit

DEFAULTS = {"runtime": 60, "slurm_partition": "", "slurm_account": ""}
SLURM = "slurm_partition, slurm_account, slurm_extra"
EVERYTHING = {
    "runtime": 90,
    "mem_mb": 4000,
    "gpu": 2,
    "slurm_partition": "gpus",
    "slurm_account": "lab",
    "qos": "high",
    "constraint": "a100|h100",
    "slurm_extra": "--exclusive --mail-type END --comment='two words'",
    "tmpdir": "/tmp",
    "licence": 1,
}
# What the mapping promises, as sbatch reads it; {folder} and {python} stand for this machine's.
GOLDEN = """#!/bin/bash

# Parameters
#SBATCH --account=lab
#SBATCH --comment='two words'
#SBATCH --constraint='a100|h100'
#SBATCH --cpus-per-task=4
#SBATCH --error={folder}/%j_0_log.err
#SBATCH --exclusive
#SBATCH --gpus-per-node=2
#SBATCH --job-name=train.cnn-f0.25
#SBATCH --mail-type=END
#SBATCH --mem=4000MB
#SBATCH --nodes=1
#SBATCH --open-mode=append
#SBATCH --output={folder}/%j_0_log.out
#SBATCH --partition=gpus
#SBATCH --qos=high
#SBATCH --signal=USR2@90
#SBATCH --time=90
#SBATCH --wckey=submitit

# command
export SUBMITIT_EXECUTOR=slurm
srun --unbuffered --output {folder}/%j_%t_log.out --error {folder}/%j_%t_log.err --cpus-per-task=4 \
{python} -u -m submitit.core._submit {folder}
"""


def test_every_resource_reaches_sbatch(job, fake_slurm, tmp_path):
    wanted = job(wildcards_dict={"run": "cnn-f0.25"}, resources=EVERYTHING, threads=4)
    request = Request(wanted, parameters_of(wanted, DEFAULTS), Payload("true", str(tmp_path), "log", "train"))
    submit([request], "slurm", tmp_path / "jobs")
    assert fake_slurm.script == GOLDEN.format(folder=tmp_path / "jobs", python=sys.executable)


def test_a_job_that_asks_for_nothing_gets_the_defaults(job):
    defaults = {"runtime": 60, "slurm_partition": "main", "slurm_account": ""}
    parameters = parameters_of(job(), defaults)
    assert parameters == {
        "timeout_min": 60,
        "cpus_per_task": 1,
        "slurm_partition": "main",
        "slurm_srun_args": ["--cpus-per-task=1"],
    }


@pytest.mark.parametrize("unset", [None, "", "<TBD>"])
def test_an_unset_resource_leaves_the_default(job, unset):
    defaults = {"runtime": 60, "slurm_account": "lab"}
    parameters = parameters_of(job(resources={"runtime": unset, "slurm_account": unset, "mem_mb": unset}), defaults)
    assert (parameters["timeout_min"], parameters["slurm_account"]) == (60, "lab")
    assert "mem_gb" not in parameters


def test_memory_of_zero_is_left_to_the_site(job):
    assert "mem_gb" not in parameters_of(job(resources={"mem_mb": 0}), DEFAULTS)


def test_megabytes_are_slurms_megabytes(job):
    assert parameters_of(job(resources={"mem_mb": 1000}), DEFAULTS)["mem_gb"] * 1024 == 1000


def test_cpus_per_task_wins_over_threads(job):
    parameters = parameters_of(job(threads=2, resources={"cpus_per_task": 8}), DEFAULTS)
    assert parameters["cpus_per_task"] == 8
    assert parameters["slurm_srun_args"] == ["--cpus-per-task=8"]


def test_gpus_and_tasks_are_shared_over_the_nodes_and_the_payload_runs_once(job):
    parameters = parameters_of(job(resources={"gpus": 8, "nodes": 2, "tasks": 4}), DEFAULTS)
    assert parameters["gpus_per_node"] == 4
    assert parameters["slurm_tasks_per_node"] == 2
    assert parameters["slurm_srun_args"] == ["--cpus-per-task=1", "--nodes=1", "--ntasks=1", "--overlap"]


def test_no_gpu_asks_for_none(job):
    assert "gpus_per_node" not in parameters_of(job(resources={"gpu": 0}), DEFAULTS)


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"runtime": "soon"}, "rule train: resource runtime='soon' is not a whole number"),
        ({"runtime": 0}, "rule train: resource runtime=0 must be at least 1"),
        ({"mem_mb": -1}, "rule train: resource mem_mb=-1 must be at least 0"),
        ({"gpu": 1, "gpus": 2}, "rule train: resource gpus=2 contradicts another resource for gpus_per_node: name one"),
        ({"gpu": 3, "nodes": 2}, "rule train: resource gpus=3 cannot be shared equally by nodes=2"),
        ({"tasks": 3, "nodes": 2}, "rule train: resource tasks=3 cannot be shared equally by nodes=2"),
        ({"qos": "two words"}, "rule train: resource qos='two words' must be one word"),
        ({"slurm_partiton": "x"}, "rule train: resource slurm_partiton is unknown; did you mean slurm_partition?"),
        ({"slurm_zzz": 1}, f"rule train: resource slurm_zzz is unknown; there are {SLURM}"),
        ({"slurm_extra": "--comment='a"}, 'rule train: resource slurm_extra="--comment=\'a" No closing quotation'),
    ],
)
def test_what_cannot_be_meant_is_one_line_with_rule_and_resource(job, resources, words):
    with pytest.raises(WorkflowError) as caught:
        parameters_of(job(resources=resources), DEFAULTS)
    assert str(caught.value) == words


def test_options_are_read_as_a_shell_reads_them():
    text = "--gres=gpu:h200:1 --exclusive --mail-user 'a b' --nice=-5"
    assert sbatch_options(text) == {"gres": "gpu:h200:1", "exclusive": True, "mail_user": "a b", "nice": "-5"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-p main", "has '-p' where a long option"),
        ("main", "has 'main' where a long option"),
        ("--comment=a b", "has 'b' where a long option"),
        ("--", "has '--' where a long option"),
        ("--exclusive --array=1-3", "sets --array, which the plugin sets itself"),
        ("--job-name=x", "sets --job-name, which the plugin sets itself"),
    ],
)
def test_options_that_cannot_be_passed_on_are_refused(text, words):
    with pytest.raises(ValueError, match=words):
        sbatch_options(text)
