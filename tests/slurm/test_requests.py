"""What a rule asks for, on a real Slurm: it gets it, or Slurm's own words for why not; what Slurm's commands tell."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import submitit
from loopback.client import Slurm, held_cluster
from loopback.faults import stopped, submit_limit
from loopback.processes import wait_until as eventually

from snakemake_executor_plugin_submitit.asking.resources import parameters_of
from snakemake_executor_plugin_submitit.slurm.commands import GONE, Commands
from snakemake_executor_plugin_submitit.slurm.reasons import hopeless, submission_problem, worth_a_warning

pytestmark = pytest.mark.slurm

Submit = Callable[..., Any]
EACH_NODE = (
    "srun --overlap --nodes=2 --ntasks=2 --ntasks-per-node=1 sh -c 'echo $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES'"
)


@pytest.fixture(scope="module", params=["accounting", "no accounting"])
def site(request: pytest.FixtureRequest, slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """Both kinds of site: with sacct, and with squeue alone."""
    if request.param == "accounting":
        yield slurm
        return
    with held_cluster(tmp_path_factory.mktemp("bare"), "--no-accounting") as bare:
        yield bare


@pytest.fixture(scope="module")
def strict(slurm_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:  # noqa: ARG001
    """A site that enforces accounts and limits."""
    with held_cluster(tmp_path_factory.mktemp("strict"), "--limits") as cluster:
        yield cluster


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[Slurm], Submit]]:
    """`on(site)` points this process at a cluster; what it returns submits `number` of a rule's jobs."""
    jobs: list[Any] = []

    def submit(function: Any, *arguments: Any, number: int = 1, **resources: Any) -> Any:
        rule = SimpleNamespace(name="train", threads=resources.pop("threads", 1), resources=resources)
        executor = submitit.AutoExecutor(tmp_path / "jobs", cluster="slurm")
        executor.update_parameters(**parameters_of(rule, {"runtime": 20}))
        several = executor.map_array(lambda _: function(*arguments), range(number))
        jobs.extend(several)
        return several if number > 1 else several[0]

    def pointed(cluster: Slurm) -> Submit:
        for name, value in cluster.environment.items():
            monkeypatch.setenv(name, value)
        return submit

    yield pointed
    Commands(print).cancel(job.job_id for job in jobs)


def shown(site: Slurm, job: Any) -> set[str]:
    """The fields of a job that scontrol shows."""
    return set(site.run("scontrol", "-o", "show", "job", job.job_id).stdout.split())


def refusal(submit: Submit, **resources: Any) -> str:
    """The words with which sbatch refuses a job."""
    with pytest.raises(submitit.core.utils.FailedJobError) as caught:
        submit(print, **resources)
    return str(caught.value)


def the_reason(commands: Commands, job: Any) -> str:
    """Slurm's reason why a job waits, once it has looked at it."""
    assert eventually(lambda: commands.pending([job.job_id]).get(job.job_id, "None") != "None", 60)
    return commands.pending([job.job_id])[job.job_id]


@pytest.mark.parametrize(
    ("resources", "number"),
    [
        ({"gpu": 2, "gpu_model": "h200"}, 2),
        ({"gpu": 3}, 3),
        ({"gres": "gpu:h200:2"}, 2),
        ({"slurm_extra": "--gres=gpu"}, 1),
    ],
)
def test_a_job_gets_so_many_gpus(
    slurm: Slurm, on: Callable[[Slurm], Submit], resources: dict[str, Any], number: int
) -> None:
    devices = on(slurm)(subprocess.getoutput, "echo $CUDA_VISIBLE_DEVICES", **resources).result()
    assert len(set(devices.split(","))) == number


def test_two_nodes_have_their_gpus_and_the_payload_runs_once(slurm: Slurm, on: Callable[[Slurm], Submit]) -> None:
    job = on(slurm)(subprocess.getoutput, EACH_NODE, nodes=2, tasks_per_gpu=1, gpu=4, gpu_model="h200", cpus_per_gpu=2)
    rows = [row.split() for row in job.task(0).result().splitlines()]
    assert len({node for node, _ in rows}) == 2
    assert [len(devices.split(",")) for _, devices in rows] == [2, 2]
    assert {"NumNodes=2", "NumTasks=4", "CPUs/Task=2"} <= shown(slurm, job)
    results = list(job.paths.folder.glob(f"{job.job_id}_*_result.pkl"))
    assert len(results) == 1


def test_what_a_rule_asks_for_stands_in_the_queue(site: Slurm, on: Callable[[Slurm], Submit]) -> None:
    resources = {
        "mem_mb_per_cpu": 1800,
        "exclude": "n1,n2",
        "gpu": 2,
        "gpu_model": "h200",
        "slurm_partition": "low",
        "slurm_extra": "--hold --nice=5",
    }
    job = on(site)(print, threads=3, runtime=90, **resources)
    expected = {
        "TimeLimit=01:30:00",
        "CPUs/Task=3",
        "MinMemoryCPU=1800M",
        "ExcNodeList=n[1-2]",
        "Partition=low",
        "Nice=5",
    }
    assert expected <= shown(site, job)
    assert any(field.startswith("TresPerNode=") and field.endswith("gpu:h200:2") for field in shown(site, job))
    assert "JobHeldUser" in str(worth_a_warning(the_reason(Commands(print), job)))


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"gpu": 9}, "Requested node configuration is not available"),
        ({"gpu": 1, "gpu_model": "a100"}, "Requested node configuration is not available"),
        ({"gres": "tpu:1"}, "Invalid generic resource (gres) specification"),
        ({"mem_mb": 600_000}, "Memory specification can not be satisfied"),
        ({"threads": 65}, "CPU count per node can not be satisfied"),
        ({"constraint": "nosuch"}, "Invalid feature specification"),
        ({"slurm_partition": "nope"}, "invalid partition specified: nope"),
        ({"exclude": "n99"}, "Invalid node name specified"),
        ({"slurm_extra": "--reservation=nope"}, "Requested reservation is invalid"),
    ],
)
def test_what_no_node_has_is_refused_in_slurms_words(
    site: Slurm, on: Callable[[Slurm], Submit], resources: dict[str, Any], words: str
) -> None:
    said = refusal(on(site), **resources)
    assert words in said
    assert submission_problem(said) == "refused"


@pytest.fixture
def ten_minutes(site: Slurm) -> Iterator[str]:
    """A partition with that time limit."""
    site.run("scontrol", "create", "partitionname=short", "nodes=ALL", "maxtime=10")
    yield "short"
    site.run("scontrol", "delete", "partitionname=short")


def test_jobs_that_could_never_start_are_known_by_slurms_reason(
    site: Slurm, ten_minutes: str, on: Callable[[Slurm], Submit]
) -> None:
    submit, commands = on(site), Commands(print)
    jobs = [submit(print, nodes=9), submit(print, slurm_partition=ten_minutes)]
    for job, start in zip(
        jobs, ("PartitionNodeLimit (its partition has or", "PartitionTimeLimit (its runtime"), strict=True
    ):
        assert hopeless(the_reason(commands, job))  # at first the fallback PartitionConfig, which is as hopeless
        assert eventually(lambda: str(hopeless(the_reason(commands, job))).startswith(start), 60)  # noqa: B023
    assert commands.cancel(job.job_id for job in jobs) is None
    assert eventually(lambda: commands.pending(job.job_id for job in jobs) == {}, 60)


def test_accounts_qos_and_their_limits(strict: Slurm, on: Callable[[Slurm], Submit]) -> None:
    submit = on(strict)
    for resources, words in [
        ({"slurm_account": "nobody"}, "Invalid account or account/partition combination specified"),
        ({"qos": "nope"}, "Invalid qos specification"),
    ]:
        said = refusal(submit, **resources)
        assert words in said
        assert submission_problem(said) == "refused"
    strict.run("sacctmgr", "-i", "modify", "qos", "normal", "set", "MaxWall=10", "MaxTRESPerJob=gres/gpu=1")
    assert eventually(lambda: hopeless(the_reason(Commands(print), submit(print, runtime=20))) is not None, 60)
    reasons = [the_reason(Commands(print), submit(print, **asked)) for asked in ({}, {"runtime": 5, "gpu": 2})]
    strict.run("sacctmgr", "-i", "modify", "qos", "normal", "set", "MaxWall=-1", "MaxTRESPerJob=gres/gpu=-1")
    assert reasons == ["QOSMaxWallDurationPerJobLimit", "QOSMaxGRESPerJob"]
    assert "more GPUs or other gres than its QOS allows one job" in str(hopeless(reasons[1]))


@pytest.mark.parametrize(
    ("of", "words"), [("qos", "QOSMaxSubmitJobPerUserLimit"), ("association", "AssocMaxSubmitJobLimit")]
)
def test_a_full_queue_is_a_limit_and_no_refusal(
    strict: Slurm, on: Callable[[Slurm], Submit], of: str, words: str
) -> None:
    submit = on(strict)
    with submit_limit(strict, 3, of):
        said = refusal(submit, number=4, slurm_extra="--hold")
        assert words in said
        assert submission_problem(said) == "limit"
        assert len(submit(print, number=3, slurm_extra="--hold")) == 3
        assert submission_problem(refusal(submit, number=1)) == "limit"


def test_states_of_tasks_that_wait_run_and_are_cancelled(site: Slurm, on: Callable[[Slurm], Submit]) -> None:
    submit, commands = on(site), Commands(print)
    others = ",".join(site.cluster.site.node_names[1:])
    jobs = submit(subprocess.getoutput, "sleep 300", number=6, exclude=others, threads=20)
    ids = [job.job_id for job in jobs]
    running = {"RUNNING": 3, "PENDING": 3}  # of 64 CPUs
    assert eventually(lambda: counted(commands.states({*ids, "1"}).values()) == running | {GONE: 1}, 60)
    assert set(commands.pending(ids).values()) <= {"None", "Resources", "Priority"}
    assert len(commands.pending(ids)) == 3
    assert commands.cancel(ids, ["PENDING"]) is None
    assert eventually(lambda: states_of(commands, ids) == {"RUNNING": 3, "CANCELLED": 3}, 60)
    assert commands.cancel([ids[0]]) is None
    assert eventually(lambda: states_of(commands, ids) == {"RUNNING": 2, "CANCELLED": 4}, 60)
    number = ids[0].split("_")[0]
    assert commands.cancel([number]) is None
    assert eventually(lambda: states_of(commands, ids) == {"CANCELLED": 6}, 60)
    assert commands.cancel([number, ids[0], "1_1"]) is None


def states_of(commands: Commands, ids: list[str]) -> dict[str, int]:
    """How many of the jobs are in each state, without who cancelled them."""
    return counted(state.split()[0] for state in commands.states(set(ids)).values())


def counted(values: Any) -> dict[str, int]:
    """How often each value is there."""
    values = list(values)
    return {value: values.count(value) for value in values}


def test_a_requeued_job_is_told_of_as_it_runs_again(site: Slurm, on: Callable[[Slurm], Submit]) -> None:
    submit, commands = on(site), Commands(print)
    job = submit(subprocess.getoutput, "sleep 300")
    assert eventually(lambda: states_of(commands, [job.job_id]) == {"RUNNING": 1}, 60)
    site.run("scontrol", "requeue", job.job_id)
    assert eventually(lambda: states_of(commands, [job.job_id]) == {"PENDING": 1}, 60)
    assert eventually(lambda: states_of(commands, [job.job_id]) == {"RUNNING": 1}, 60)


def test_comments_limits_and_nodes_to_avoid(site: Slurm, on: Callable[[Slurm], Submit]) -> None:
    on(site)
    commands = Commands(print)
    array = ("sbatch", "--parsable", "--hold", "--comment=submitit:f00", "--array=0-4", "-o", "/dev/null")
    number = site.run(*array, "--wrap", "true").stdout.strip()
    assert commands.tokens() == {**(commands.tokens() or {}), "submitit:f00": number}
    assert commands.limits().max_array_size == 1001
    for nodes, shown_as in ((["n2", "n1"], "n1,n2"), ([], "(null)")):
        commands.exclude([f"{number}_3"], nodes)
        assert f"ExcNodeList={shown_as}" in site.run("scontrol", "-o", "show", "job", number).stdout.split()
    assert commands.cancel([number]) is None


def test_while_slurmctld_is_away_nothing_is_said_of_a_job(slurm: Slurm, on: Callable[[Slurm], Submit]) -> None:
    submit, now, said = on(slurm), [0.0], list[str]()
    commands = Commands(said.append, lambda: now[0])
    job = submit(print, slurm_extra="--hold")
    with stopped(slurm, "slurmctld"):
        assert commands.queued({job.job_id}) == {}
        assert commands.controlled({job.job_id}) == {}
        assert submission_problem(refusal(submit)) == "busy"
    assert commands.queued({job.job_id}) == {}  # left alone for a while
    now[0] = 30.0
    assert commands.queued({job.job_id}) == {job.job_id: "PENDING"}
    assert commands.controlled({job.job_id}) == {job.job_id: "PENDING"}
    assert [line.split(" (")[0] for line in said] == ["squeue does not answer", "squeue answers again"]
