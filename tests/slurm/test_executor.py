"""The executor plugin on a real Slurm: arrays, requests, every way in which a job can end, and Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import snakemake.common.tests
from heads import Grid, until
from loopback.client import Slurm, held_cluster

from snakemake_executor_plugin_submitit import ExecutorSettings

pytestmark = pytest.mark.slurm

SNAKEFILE = """
rule many:
    input: expand("many/{n}.txt", n=range(200)), "other.txt"
rule one:
    output: "many/{n}.txt"
    resources: mem_mb=100, runtime=20
    shell: "echo {wildcards.n} > {output}"
rule other:
    output: "other.txt"
    resources: mem_mb=200, runtime=20
    shell: "touch {output}"
rule requests:
    output: "requests.txt"
    threads: 3
    resources: mem_mb=300, runtime=30, gpu=2, slurm_partition="low", slurm_extra="--nodelist=n3"
    shell: "echo $CUDA_VISIBLE_DEVICES ${{SLURM_PROCID:-none}} {threads} > {output}"
rule nodes:
    output: "nodes.txt"
    resources: mem_mb=100, runtime=20, nodes=2, tasks=2
    shell: "echo once >> once.txt; srun --nodes=2 --ntasks=2 sh -c 'echo $SLURMD_NODENAME' | sort > {output}"
rule ends:
    input: "good.txt", "bad.txt", "partition.txt", "gpus.txt", "cancelled.txt", "killed.txt"
rule good:
    output: "good.txt"
    resources: mem_mb=101, runtime=20
    shell: "touch {output}"
rule bad:
    output: "bad.txt"
    resources: mem_mb=102, runtime=20
    shell: "echo what went wrong >&2; exit 3"
rule partition:
    output: "partition.txt"
    resources: mem_mb=103, runtime=20, slurm_partition="nope"
    shell: "touch {output}"
rule gpus:
    output: "gpus.txt"
    resources: mem_mb=104, runtime=20, gpu=9
    shell: "touch {output}"
rule cancelled:
    output: "cancelled.txt"
    resources: mem_mb=105, runtime=20
    shell: "scancel ${{SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}}; sleep 600"
rule killed:
    output: "killed.txt"
    resources: mem_mb=106, runtime=20
    shell: "pid=$PPID; until grep -q submitit.core._submit /proc/$pid/cmdline; do pid=$(($(ps -o ppid= $pid))); done; "
           "kill -9 $pid; sleep 1; exit 1"
rule long:
    output: "long/{n}.txt"
    resources: mem_mb=100, runtime=20
    shell: "touch started.{wildcards.n}; sleep 600"
"""


def assert_accounted(site: Slurm, fields: str, expected: set[tuple[str, ...]]) -> None:
    """Slurm's accounting knows these jobs; it lags some seconds behind."""
    known: set[tuple[str, ...]] = set()
    until = time.monotonic() + 30
    while not expected <= known and time.monotonic() < until:
        time.sleep(0.5)
        rows = site.run("sacct", "-X", "-n", "-P", "-o", fields).stdout.splitlines()
        known = {tuple(row.split("|")) for row in rows}
    assert expected <= known


@pytest.fixture(scope="module", params=["accounting", "no accounting"])
def site(request: pytest.FixtureRequest, slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """Both kinds of site: with sacct, and with squeue alone."""
    if request.param == "accounting":
        yield slurm
        return
    with held_cluster(tmp_path_factory.mktemp("bare"), "--no-accounting") as bare:
        yield bare


def test_jobs_that_want_the_same_are_one_array(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        grid = Grid(tmp_path / "grid", slurm.behind(calls), SNAKEFILE)
        # At most 20 at once, for the sake of this machine; Snakemake itself hands out 100 jobs a second if not told.
        options = ("--submitit-array-parallelism", "20", "--max-jobs-per-timespan", "1000/1s")
        with grid.started(*options, "many") as head:
            code, output = head.end(600)
    assert code == 0, output
    assert {path.read_text() for path in (grid.folder / "many").iterdir()} == {f"{n}\n" for n in range(200)}
    assert calls["sbatch"] == 2
    # Result files tell how jobs end; Slurm is asked a few times, however many jobs there are.
    assert calls["sacct"] + calls["squeue"] + calls["scontrol"] < 20
    assert calls.in_jobs("srun") == 201
    scripts = list((grid.folder / "logs/submitit/jobs").rglob("*_submission.sh"))
    (array,) = (path for path in scripts if "--array=0-199%20\n" in path.read_text())
    number = array.name.split("_")[0]
    tasks = {(f"{number}_{n}", "one.200jobs", "COMPLETED") for n in range(200)}
    assert_accounted(slurm, "JobID,JobName,State", tasks)
    logs = {path.name for path in (grid.folder / "logs/submitit/one").iterdir()}
    assert logs == {f"{n}.log" for n in range(200)}


def test_what_a_rule_asks_for_is_what_the_job_gets(slurm: Slurm, tmp_path: Path) -> None:
    code, output = Grid(tmp_path, slurm, SNAKEFILE).run("requests.txt")
    assert code == 0, output
    devices, process, threads = (tmp_path / "requests.txt").read_text().split()
    assert (len(devices.split(",")), process, threads) == (2, "none", "3")
    job = ("requests", "low", "300M", "00:30:00", "3", "n3")
    assert_accounted(slurm, "JobName,Partition,ReqMem,Timelimit,AllocCPUS,NodeList", {job})


def test_on_several_nodes_the_rule_runs_once_and_starts_the_rest_with_srun(slurm: Slurm, tmp_path: Path) -> None:
    code, output = Grid(tmp_path, slurm, SNAKEFILE).run("nodes.txt")
    assert code == 0, output
    assert (tmp_path / "once.txt").read_text() == "once\n"
    assert len(set((tmp_path / "nodes.txt").read_text().split())) == 2


def test_however_a_job_ends_it_is_that_jobs_error_and_the_others_go_on(site: Slurm, tmp_path: Path) -> None:
    code, output = Grid(tmp_path, site, SNAKEFILE).run("--keep-going", "ends")
    assert code == 1
    assert (tmp_path / "good.txt").exists()
    messages = {rule: message_of(output, rule) for rule in ("bad", "partition", "gpus", "cancelled", "killed")}
    assert "failed: exit code 3; log: logs/submitit/bad/bad.log" in messages["bad"][0]
    assert "        what went wrong" in messages["bad"]
    assert messages["bad"][-1].endswith("Command exited with non-zero exit code 3.")
    assert messages["partition"][0].startswith("    message: not submitted: invalid partition specified: nope; ")
    assert "Requested node configuration is not available; log: " in messages["gpus"][0]
    assert "log: logs/submitit/cancelled/cancelled.log" in messages["cancelled"][0]
    assert any("CANCELLED" in line for line in messages["cancelled"])
    assert "and left no result; log: logs/submitit/killed/killed.log" in messages["killed"][0]


def message_of(output: str, rule: str) -> list[str]:
    """The lines of a rule's error message."""
    (block,) = (part for part in output.split("\nError in rule ")[1:] if part.startswith(f"{rule}:"))
    return block[: block.index("    jobid: ")].splitlines()[1:]


def test_ctrl_c_cancels_what_runs(site: Slurm, tmp_path: Path) -> None:
    grid = Grid(tmp_path, site, SNAKEFILE)
    with grid.started("long/1.txt", "long/2.txt") as head:
        until(lambda: len(list(tmp_path.glob("started.*"))) == 2, head)
        head.interrupt()
        code, output = head.end()
    assert code == 1
    assert "scancel failed" not in output
    assert site.run("squeue", "-h", "-o", "%i", "-t", "PENDING,RUNNING", "-n", "long.2jobs").stdout == ""
    assert grid.ledger() == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pulp")
class TestContract(snakemake.common.tests.TestWorkflowsLocalStorageBase):  # type: ignore[misc]
    """Snakemake's own tests of an executor plugin."""

    __test__ = True

    @pytest.fixture(autouse=True)
    def on_slurm(self, slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in slurm.environment.items():
            monkeypatch.setenv(name, value)

    def get_executor(self) -> str:
        return "submitit"

    def get_executor_settings(self) -> Any:
        return ExecutorSettings(cluster="slurm", poll_seconds=0.1)
