"""Time limits, preemption and what sites forbid, on a real Slurm: a warned job goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from heads import Grid, Head, final_values, until
from loopback.client import Slurm, held_cluster

pytestmark = pytest.mark.slurm

SNAKEFILE = """
rule all:
    input: "warned.out", "deaf.out", "sent.out", "limited.out"
rule train:
    output: "{name,warned|sent|limited}.out"
    resources: mem_mb=100, runtime=20, requeues=lambda wildcards: 1 if wildcards.name == "limited" else 5
    shell: "python3 -SE trainer.py {wildcards.name} 10 {output}"
rule deaf:
    output: "deaf.out"
    resources: mem_mb=100, runtime=20
    shell: "echo start $SNAKEMAKE_SUBMITIT_JOB >> told.deaf; while [ -e hold ]; do sleep 0.1; done; touch {output}"
rule low:
    input: "p.out", "q.out"
rule preempted:
    output: "{name,[pq]}.out"
    resources: mem_mb=100, runtime=20, slurm_partition="low"
    shell: "python3 -SE trainer.py {wildcards.name} 10 {output}"
rule short:
    output: "short.out"
    resources: mem_mb=100, runtime=1
    shell: "[ $SNAKEMAKE_SUBMITIT_RESTART = 0 ] || rm -f hold; python3 -SE trainer.py short 10 {output}"
"""


@pytest.fixture(scope="module", params=["requeue allowed", "requeue forbidden"])
def site(request: pytest.FixtureRequest, slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A site with accounting, and one with neither accounts nor requeues."""
    if request.param == "requeue allowed":
        yield slurm
        return
    with held_cluster(tmp_path_factory.mktemp("strict"), "--no-accounting", "--no-requeue", "--nodes", "2") as strict:
        yield strict


@pytest.fixture(scope="module")
def short(site: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Grid, Head]]:
    """A job that reaches its time limit while the other tests run, and ends in its second life: limits are minutes."""
    grid = Grid(tmp_path_factory.mktemp("short"), site, SNAKEFILE)
    grid.touch("hold")
    with grid.started("short.out") as head:
        yield grid, head


def warn(site: Slurm, grid: Grid, name: str, head: Head) -> None:
    """Warn a training as Slurm does before a time limit, and wait until it has begun again or was given up."""
    begun = len(grid.starts(name))
    site.run("scancel", "--signal=USR2", grid.starts(name)[-1].split()[0])
    until(lambda: len(grid.starts(name)) > begun or head.says("Error in rule"), head)


def test_a_warned_job_stops_is_started_again_and_goes_on(
    site: Slurm,
    short: tuple[Grid, Head],  # noqa: ARG001 (begins now)
    tmp_path: Path,
) -> None:
    """By Slurm or by the head; past the limit of requeues it fails. One that does not listen runs on."""
    with site.counted(tmp_path / "bin") as calls:
        grid = Grid(tmp_path / "grid", site.behind(calls), SNAKEFILE)
        grid.touch("hold")
        names = ("warned", "sent", "limited")
        with grid.started("--keep-going", "all") as head:
            until(lambda: all(map(grid.starts, (*names, "deaf"))), head)
            warn(site, grid, "warned", head)
            site.run("scancel", "--signal=USR2", grid.starts("deaf")[0])
            with calls.failing("scontrol", "scontrol: command not found", places=("jobs",)):
                warn(site, grid, "sent", head)
            warn(site, grid, "limited", head)
            warn(site, grid, "limited", head)
            grid.remove("hold")
            code, output = head.end()
    assert code == 1, output
    for name in ("warned", "sent"):
        assert [line.split()[0] for line in grid.told(name)] == ["start", "warned", "start", "done"]
        assert grid.result(name) == final_values(name, 10)
        assert [start.split()[1] for start in grid.starts(name)] == ["0", "1"]
    assert grid.told("limited")[1::2] == ["warned", "warned"]
    assert len(grid.told("deaf")) == 1
    assert "stopped by its time limit or a preemption 2 times, and 1 requeues are allowed" in output
    assert output.count("Error in rule") == 1
    assert grid.ledger() == []


def test_preempted_jobs_leave_at_once_and_go_on_later(site: Slurm, tmp_path: Path) -> None:
    grid = Grid(tmp_path / "grid", site, SNAKEFILE)
    grid.touch("hold")
    with grid.started("low") as head:
        until(lambda: grid.starts("p") and grid.starts("q"), head)
        site.run(
            *("sbatch", "--parsable", f"--nodes={site.cluster.site.node_count}", "--exclusive", "--output=/dev/null"),
            *("--partition=main", f"--chdir={tmp_path}", "--wrap", "touch urgent; sleep 1"),
        )
        until(lambda: (tmp_path / "urgent").exists(), head)
        grid.remove("hold")
        code, output = head.end()
    assert code == 0, output
    for name in "pq":
        assert [line.split()[0] for line in grid.told(name)] == ["start", "warned", "start", "done"]
        assert grid.result(name) == final_values(name, 10)


def test_a_job_that_reaches_its_time_limit_goes_on(short: tuple[Grid, Head]) -> None:
    grid, head = short
    code, output = head.end()
    assert code == 0, output
    assert [line.split()[0] for line in grid.told("short")] == ["start", "warned", "start", "done"]
    assert grid.result("short") == final_values("short", 10)
