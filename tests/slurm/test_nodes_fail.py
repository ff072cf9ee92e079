"""Nodes that crash, daemons that stop, jobs that somebody cancels, under one grid on a real Slurm."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from heads import Grid, final_values, until
from loopback.client import Slurm, held_cluster
from loopback.faults import crash_node, return_node, stopped

pytestmark = pytest.mark.slurm

# Two trainings fill a node.
SNAKEFILE = """
rule all:
    input: expand("{name}.out", name=list("abcdef")), "cancelled.out", "waits.out", "later.out"
rule train:
    output: "{name,[a-f]}.out"
    resources: mem_mb=240000, runtime=20
    shell: "python3 -SE trainer.py {wildcards.name} 10 {output}"
rule cancelled:
    output: "cancelled.out"
    resources: mem_mb=100, runtime=20
    shell: "python3 -SE trainer.py cancelled 10 {output}"
rule waits:
    output: "waits.out"
    resources: mem_mb=100, runtime=20, slurm_extra="--hold"
    shell: "touch {output}"
rule later:
    input: "f.out"
    output: "later.out"
    resources: mem_mb=100, runtime=20
    shell: "touch {output}"
"""
NAMES = "abcdef"


@pytest.fixture(scope="module", params=["accounting", "no accounting"])
def site(
    request: pytest.FixtureRequest,
    slurm_packages: None,  # noqa: ARG001
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Slurm]:
    """A cluster to break things on."""
    options = ["--no-accounting"] if request.param == "no accounting" else []
    with held_cluster(tmp_path_factory.mktemp("site"), *options) as own:
        yield own


def node_of(grid: Grid, name: str) -> str:
    """Where a training runs now."""
    return grid.starts(name)[-1].split()[2]


def test_the_grid_goes_on(site: Slurm, tmp_path: Path) -> None:
    """A node crashes; slurmctld is away while a job ends and the next should be sent; jobs are cancelled by hand."""
    grid = Grid(tmp_path / "grid", site, SNAKEFILE)
    for name in NAMES:
        grid.touch(f"hold.{name}")
    grid.touch("hold.cancelled")
    with grid.started("--keep-going", "all") as head, contextlib.ExitStack() as away:
        until(lambda: all(map(grid.starts, (*NAMES, "cancelled"))), head)
        bad = node_of(grid, "a")
        lost = {name for name in NAMES if node_of(grid, name) == bad}
        crash_node(site, bad)
        site.run("scancel", grid.starts("cancelled")[0].split()[0])
        site.run("scancel", "--name=waits")
        until(lambda: all(len(grid.starts(name)) == 2 for name in lost), head)
        with stopped(site, "slurmctld"):
            grid.remove("hold.f")
            until(lambda: head.says("1 of 10 steps"), head)
        if site.cluster.site.accounting:
            away.enter_context(stopped(site, "slurmdbd"))
        for name in NAMES[:-1]:
            grid.remove(f"hold.{name}")
        code, output = head.end()
    return_node(site, bad)
    assert code == 1, output
    for name in NAMES:
        assert len(grid.starts(name)) == 1 + (name in lost)
        assert grid.result(name) == final_values(name, 10)
        assert node_of(grid, name) != bad or name not in lost
    assert (grid.folder / "later.out").exists()
    assert output.count("Error in rule") == 2
    assert output.count("ended as CANCELLED") == 2
    assert f"node {bad} failed {len(lost)} jobs" in output
    assert grid.ledger() == []


def test_a_node_that_lost_its_network(site: Slurm, tmp_path: Path) -> None:
    """Its job runs on beside the second copy, which counts; the first one stops itself."""
    grid = Grid(tmp_path / "grid", site, SNAKEFILE)
    grid.touch("hold")
    with grid.started("a.out") as head:
        until(lambda: grid.starts("a"), head)
        bad = node_of(grid, "a")
        crash_node(site, bad, with_jobs=False)
        until(lambda: len(grid.starts("a")) == 2, head)
        first = grid.starts("a")[0].split()[3]
        until(lambda: not Path("/proc", first).exists(), head)
        grid.remove("hold")
        code, output = head.end()
    return_node(site, bad)
    assert code == 0, output
    assert grid.told("a")[-1] == "done"
    assert node_of(grid, "a") != bad
    assert grid.result("a") == final_values("a", 10)
    assert grid.ledger() == []
