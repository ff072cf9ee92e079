"""Snakemake's resources become sbatch's options, or one clear line."""

import sys
import warnings

import pytest
import submitit
from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_submitit.asking.options import resources_and_options
from snakemake_executor_plugin_submitit.asking.resources import parameters_of, requeues_of

DEFAULTS = {"runtime": 60, "slurm_partition": "", "slurm_account": ""}
SLURM = "slurm_partition, slurm_account, slurm_extra"
ONE_NODE = {
    "runtime": 90,
    "mem_mb": 4000,
    "gpu": 2,
    "gpu_model": "a100",
    "exclude": "n7,n9",
    "warning_seconds": 120,
    "requeues": 3,
    "slurm_partition": "gpus",
    "slurm_account": "lab",
    "qos": "high",
    "constraint": "ib|nvlink",
    "slurm_extra": "--exclusive --mail-type END --mail-user='two words'",
    "mpi": "srun",
    "tmpdir": "/tmp",
    "licence": 1,
}
SEVERAL_NODES = {
    "runtime": 30,
    "mem_mb": 1000,
    "mem_mb_per_cpu": 1800,
    "gres": "gpu:a100:4,nvme:100G",
    "nodes": 2,
    "tasks_per_gpu": 2,
    "cpus_per_gpu": 6,
    "slurm_extra": "--qos=long --reservation=course",
}
HEAD = """#!/bin/bash

# Parameters
"""
TAIL = """
# command
export SUBMITIT_EXECUTOR=slurm
srun --unbuffered --output {folder}/%j_%t_log.out --error {folder}/%j_%t_log.err {srun} \
{python} -u -m submitit.core._submit {folder}
"""
# What the mapping promises, as sbatch reads it; {folder} and {python} stand for this machine's.
GOLDEN_ONE_NODE = (
    HEAD
    + """#SBATCH --account=lab
#SBATCH --constraint='ib|nvlink'
#SBATCH --cpus-per-task=4
#SBATCH --error={folder}/%j_0_log.err
#SBATCH --exclude=n7,n9
#SBATCH --exclusive
#SBATCH --gpus-per-node=a100:2
#SBATCH --job-name=submitit
#SBATCH --mail-type=END
#SBATCH --mail-user='two words'
#SBATCH --mem=4000MB
#SBATCH --nodes=1
#SBATCH --open-mode=append
#SBATCH --output={folder}/%j_0_log.out
#SBATCH --partition=gpus
#SBATCH --qos=high
#SBATCH --signal=USR2@120
#SBATCH --time=90
#SBATCH --wckey=submitit
"""
    + TAIL
)
GOLDEN_SEVERAL_NODES = (
    HEAD
    + """#SBATCH --cpus-per-task=3
#SBATCH --error={folder}/%j_0_log.err
#SBATCH --gres=gpu:a100:4,nvme:100G
#SBATCH --job-name=submitit
#SBATCH --mem-per-cpu=1800MB
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --open-mode=append
#SBATCH --output={folder}/%j_0_log.out
#SBATCH --qos=long
#SBATCH --reservation=course
#SBATCH --signal=USR2@90
#SBATCH --time=30
#SBATCH --wckey=submitit
"""
    + TAIL
)


@pytest.fixture
def script_of(fake_slurm, tmp_path):
    """The text that submitit hands to sbatch for these parameters."""

    def submitted(parameters):
        executor = submitit.AutoExecutor(folder=tmp_path / "jobs", cluster="slurm")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # submitit warns of parameters that do not work together
            executor.update_parameters(**parameters)
        executor.submit(print)
        return fake_slurm.script

    return submitted


@pytest.mark.parametrize(
    ("resources", "golden", "srun"),
    [
        (ONE_NODE, GOLDEN_ONE_NODE, "--cpus-per-task=4"),
        (SEVERAL_NODES, GOLDEN_SEVERAL_NODES, "--cpus-per-task=3 --nodes=1 --ntasks=1 --overlap"),
    ],
    ids=["one node", "several nodes"],
)
def test_every_resource_reaches_sbatch(job, script_of, tmp_path, resources, golden, srun):
    parameters = parameters_of(job(resources=resources, threads=4), DEFAULTS)
    assert script_of(parameters) == golden.format(folder=tmp_path / "jobs", python=sys.executable, srun=srun)


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


def test_a_model_of_gpu_is_for_slurm_and_the_number_for_local_jobs_too(job, tmp_path):
    several_nodes = parameters_of(job(resources={"gpu": 4, "nodes": 2, "gpu_model": "h200"}), DEFAULTS)
    assert (several_nodes["gpus_per_node"], several_nodes["slurm_gpus_per_node"]) == (2, "h200:2")
    parameters = parameters_of(job(resources={"gpu": 2, "gpu_model": "h200"}), DEFAULTS)
    local = submitit.AutoExecutor(folder=tmp_path, cluster="local")
    local.update_parameters(**parameters)
    assert local._executor.parameters["gpus_per_node"] == 2


@pytest.mark.parametrize(
    ("gres", "number"),
    [("gpu", 1), ("gpu:3", 3), ("gpu:a100", 1), ("gpu:a100:2,gpu:h200:1,nvme:100G", 3), ("nvme:100G", None)],
)
def test_gpus_in_gres_are_counted_for_local_jobs(job, gres, number):
    parameters = parameters_of(job(resources={"gres": gres}), DEFAULTS)
    assert parameters["slurm_gres"] == gres
    assert parameters.get("local_gpus_per_node") == number
    assert "gpus_per_node" not in parameters  # --gpus-per-node beside --gres


def test_cpus_and_tasks_for_each_gpu_become_those_of_a_node_and_a_task(job):
    resources = {"gpu": 8, "nodes": 2, "tasks_per_gpu": 1, "cpus_per_gpu": 5}
    parameters = parameters_of(job(resources=resources, threads=2), DEFAULTS)
    assert (parameters["slurm_tasks_per_node"], parameters["cpus_per_task"]) == (4, 5)
    alone = parameters_of(job(resources={"gpu": 2, "cpus_per_gpu": 5}, threads=2), DEFAULTS)
    assert alone["cpus_per_task"] == 10


def test_tasks_per_node_are_not_shared(job):
    assert parameters_of(job(resources={"nodes": 2, "tasks_per_node": 3}), DEFAULTS)["slurm_tasks_per_node"] == 3


@pytest.mark.parametrize(
    ("resources", "kept"),
    [
        ({"mem_mb": 1000, "mem_mb_per_cpu": 500}, {"slurm_mem_per_cpu": "500MB"}),
        ({"mem_mb": 1000, "slurm_extra": "--mem=0"}, {"slurm_additional_parameters": {"mem": "0"}}),
        (
            {"mem_mb_per_cpu": 1, "slurm_extra": "--mem-per-gpu=9G"},
            {"slurm_additional_parameters": {"mem_per_gpu": "9G"}},
        ),
    ],
)
def test_one_request_for_memory_is_left(job, resources, kept):
    parameters = parameters_of(job(resources=resources), DEFAULTS)
    names = {"mem_gb", "slurm_mem_per_cpu", "slurm_additional_parameters"}
    assert {name: value for name, value in parameters.items() if name in names} == kept


@pytest.mark.parametrize(("runtime", "seconds"), [(1, 30), (2, 60), (3, None), (60, None)])
def test_the_warning_comes_while_the_job_runs(job, runtime, seconds):
    assert parameters_of(job(resources={"runtime": runtime}), DEFAULTS).get("slurm_signal_delay_s") == seconds


def test_requeues_are_the_heads_own(job):
    assert requeues_of(job(), 5) == requeues_of(job(resources={"requeues": None}), 5) == 5
    assert requeues_of(job(resources={"requeues": 0}), 5) == 0
    assert "requeues" not in str(parameters_of(job(resources={"requeues": 3}), DEFAULTS))
    with pytest.raises(WorkflowError, match=r"^rule train: resource requeues='often' is not a whole number$"):
        requeues_of(job(resources={"requeues": "often"}), 5)


def test_options_of_a_resource_count_as_the_resource(job):
    defaults = {"slurm_partition": "main"}
    extra = "--partition=low --exclude=n1 --gres gpu:2 --account=lab --constraint='a&b'"
    parameters = parameters_of(job(resources={"slurm_extra": extra, "qos": "high"}), defaults)
    assert parameters == {
        "cpus_per_task": 1,
        "local_gpus_per_node": 2,
        "slurm_account": "lab",
        "slurm_constraint": "a&b",
        "slurm_exclude": "n1",
        "slurm_gres": "gpu:2",
        "slurm_partition": "low",
        "slurm_qos": "high",
        "slurm_srun_args": ["--cpus-per-task=1"],
    }


CLUSTER = "is not supported: start Snakemake on a login node of that cluster"


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"runtime": "soon"}, "runtime='soon' is not a whole number"),
        ({"runtime": 0}, "runtime=0 must be at least 1"),
        ({"mem_mb": -1}, "mem_mb=-1 must be at least 0"),
        ({"mem_mb_per_cpu": 0}, "mem_mb_per_cpu=0 must be at least 1"),
        ({"gpu": 1, "gpus": 2}, "gpus=2 contradicts gpu=1: name one"),
        ({"gpu": 3, "nodes": 2}, "gpu=3 cannot be shared equally by nodes=2"),
        ({"gpu": "a100:2"}, "gpu='a100:2' is not a whole number"),
        ({"gpu_model": "a100"}, "gpu_model='a100' needs their number: gpu=1, say"),
        ({"gpu_model": "a100", "gres": "gpu:1"}, "gpu_model='a100' needs their number: gpu=1, say, and no gres"),
        (
            {"gpu_model": "a100:2", "gpu": 2},
            "gpu_model='a100:2' must be a name such as a100; their number is the resource gpu",
        ),
        ({"gpu": 1, "gres": "gpu:1"}, "gres='gpu:1' asks for GPUs, as gpu=1 does: name one"),
        ({"gpu": 1, "slurm_extra": "--gres=gpu:1"}, "gres='gpu:1' asks for GPUs, as gpu=1 does: name one"),
        ({"gres": "'gpu:1'"}, """gres="'gpu:1'" is not of the form name, name:number or name:type:number"""),
        ({"tasks": 3, "nodes": 2}, "tasks=3 cannot be shared equally by nodes=2"),
        ({"tasks": 2, "tasks_per_gpu": 1, "gpu": 1}, "tasks_per_gpu=1 is named beside tasks=2: name one"),
        ({"tasks_per_gpu": 1}, "tasks_per_gpu=1 needs GPUs: gpu=1, say"),
        ({"cpus_per_gpu": 4}, "cpus_per_gpu=4 needs GPUs: gpu=1, say"),
        ({"cpus_per_gpu": 4, "gpu": 1, "cpus_per_task": 2}, "cpus_per_gpu=4 is named beside cpus_per_task=2: name one"),
        ({"cpus_per_gpu": 3, "gpu": 1, "tasks": 2}, "cpus_per_gpu=3 for 1 GPUs cannot be shared equally by 2 tasks"),
        (
            {"warning_seconds": 600, "runtime": 10},
            "warning_seconds=600 must be at most 599: it is before the time limit",
        ),
        (
            {"warning_seconds": 70000, "runtime": 9999},
            "warning_seconds=70000 must be at most 65535: it is before the time limit",
        ),
        ({"qos": "two words"}, "qos='two words' must be one word"),
        ({"exclude": "n1 n2"}, "exclude='n1 n2' must be one word"),
        ({"slurm_partiton": "x"}, "slurm_partiton is unknown; did you mean slurm_partition?"),
        ({"slurm_zzz": 1}, f"slurm_zzz is unknown; there are {SLURM}"),
        ({"slurm_cluster": "a"}, f"slurm_cluster {CLUSTER}"),
        ({"clusters": "a"}, f"clusters {CLUSTER}"),
        ({"slurm_extra": "--clusters=a"}, f"clusters {CLUSTER}"),
        ({"slurm_extra": "--comment='a"}, 'slurm_extra="--comment=\'a" No closing quotation'),
        (
            {"slurm_extra": "--time=1:00"},
            "slurm_extra='--time=1:00' sets --time: write the resource runtime (minutes) instead",
        ),
        ({"slurm_extra": "--nodes 2"}, "slurm_extra='--nodes 2' sets --nodes: write the resource nodes instead"),
    ],
)
def test_what_cannot_be_meant_is_one_line_with_rule_and_resource(job, resources, words):
    with pytest.raises(WorkflowError) as caught:
        parameters_of(job(resources=resources), DEFAULTS)
    assert str(caught.value) == f"rule train: resource {words}"


def test_options_are_read_as_a_shell_reads_them():
    text = "--licenses=matlab:1 --exclusive --mail-user 'a b' --nice=-5"
    assert resources_and_options(text) == (
        {},
        {"licenses": "matlab:1", "exclusive": True, "mail_user": "a b", "nice": "-5"},
    )


@pytest.mark.parametrize("text", ["'--qos=long --nice=5'", '"--qos=long --nice=5"', " --qos=long  --nice 5 "])
def test_quotes_around_all_options_are_no_part_of_them(text):
    assert resources_and_options(text) == ({"qos": "long"}, {"nice": "5"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-p main", "has '-p' where a long option"),
        ("main", "has 'main' where a long option"),
        ("--mail-user=a b", "has 'b' where a long option"),
        ("--", "has '--' where a long option"),
        ("--exclusive --array=1-3", "sets --array, which the plugin sets itself"),
        ("--job-name=x", "sets --job-name, which the plugin sets itself"),
        ("--comment=x", "sets --comment, which the plugin sets itself"),
        ("--signal=USR1@60", "sets --signal: write the resource warning_seconds instead"),
        ("--ntasks-per-gpu=2", "sets --ntasks-per-gpu: write the resource tasks_per_gpu instead"),
    ],
)
def test_options_that_cannot_be_passed_on_are_refused(text, words):
    with pytest.raises(ValueError, match=words):
        resources_and_options(text)
