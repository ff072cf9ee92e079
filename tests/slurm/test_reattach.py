"""Jobs outlive their head on a real Slurm: killed at any moment, left, detached, doubled; 0 lost, 0 run twice."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from heads import Grid, final_values, until
from loopback.client import Slurm, held_cluster

pytestmark = pytest.mark.slurm

SNAKEFILE = """
rule all:
    input: expand("{name}.out", name=[*"abcdefghij", "after"])
rule train:
    output: "{name,[a-j]}.out"
    resources: mem_mb=100, runtime=20
    shell: "python3 -SE trainer.py {wildcards.name} 8 {output}"
rule after:
    input: expand("{name}.out", name=list("abcdefghij"))
    output: "after.out"
    resources: mem_mb=100, runtime=20
    shell: "python3 -SE trainer.py after 2 {output}"
"""
TEN = "abcdefghij"
KILLS = 5  # on each of the two sites


@pytest.fixture(scope="module", params=["accounting", "no accounting"])
def site(request: pytest.FixtureRequest, slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """Both kinds of site: with sacct, and with squeue alone."""
    if request.param == "accounting":
        yield slurm
        return
    with held_cluster(tmp_path_factory.mktemp("bare"), "--no-accounting") as bare:
        yield bare


def assert_each_ran_once(grid: Grid, names: str = TEN) -> None:
    """Every training was started once, ended well, and is not waited for."""
    assert {name: [line.split()[0] for line in grid.told(name)] for name in names} == {
        name: ["start", "done"] for name in names
    }
    assert {name: grid.result(name) for name in names} == {name: final_values(name, 8) for name in names}


def test_a_head_killed_at_random_moments_loses_nothing_and_runs_nothing_twice(site: Slurm, tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    print(f"seed {seed}")
    with site.counted(tmp_path / "bin") as calls:
        grid = Grid(tmp_path / "grid", site.behind(calls), SNAKEFILE)
        grid.touch("hold")
        for kill in range(KILLS):
            with grid.started("all") as head:
                until(partial(opened, grid, kill + 1), head)
                time.sleep(moments.uniform(0, 1.5))
                if kill == KILLS - 1:
                    until(lambda: all(map(grid.starts, TEN)), head)
                    grid.remove("hold")
            grid.unlock()
        code, output = grid.run("all")
    assert code == 0, output
    assert_each_ran_once(grid)
    assert [line.split()[0] for line in grid.told("after")] == ["start", "done"]
    # One array and one job; another sbatch only after a head that was killed before it had recorded its own.
    silent = sum(not head.says("Submitted ") and not head.says("Found ") for head in grid.heads[:KILLS])
    assert calls["sbatch"] <= 2 + silent
    assert grid.ledger() == []
    assert nothing_to_do(grid)


def opened(grid: Grid, heads: int) -> bool:
    """Whether so many heads have begun with their jobs."""
    return len(list(grid.folder.glob("logs/submitit/jobs/*"))) == heads


LEFT = """
rule all:
    input: "plain.out", "full.out", "late.out", "after.out"
rule plain:
    output: "plain.out"
    resources: mem_mb=100, runtime=20
    shell: "python3 -SE trainer.py plain 8 {output}"
rule full:
    output: "full.out"
    resources: mem_mb=100, runtime=20
    run: shell("python3 -SE trainer.py full 8 {output}")
rule late:
    output: "late.out"
    resources: mem_mb=100, runtime=20, slurm_extra="--hold"
    run: shell("python3 -SE trainer.py late 8 {output}")
rule after:
    input: "plain.out", "full.out", "late.out"
    output: "after.out"
    resources: mem_mb=100, runtime=20
    shell: "cat {input} > {output}"
"""


def test_jobs_are_left_and_found_again(site: Slurm, tmp_path: Path) -> None:
    """By --submitit-detach, then by a second Ctrl-C; an inner Snakemake may begin when no head is there any more."""
    with site.counted(tmp_path / "bin") as calls:
        grid = Grid(tmp_path / "grid", site.behind(calls), LEFT)
        grid.touch("hold")
        code, output = grid.run("--submitit-detach", "all")
        assert "3 jobs left to themselves; the same command, later, finds them and goes on." in output
        assert len(grid.queue()) == 3
        with grid.started("all") as head:
            until(lambda: head.output.count("Found ") == 3, head)
            head.interrupt()
            until(lambda: head.says("Ctrl-C again leaves them running"), head)
            head.interrupt()
            code, output = head.end()
        assert "3 jobs left to themselves" in output
        assert len(grid.queue()) == 3
        held = site.run("squeue", "-h", "-t", "PENDING", "-o", "%i", "-n", "late").stdout.strip()
        site.run("scontrol", "release", held)
        until(lambda: grid.starts("late") and grid.starts("full"))
        grid.remove("hold")
        until(lambda: not grid.queue())
        code, output = grid.run("all")
    assert code == 0, output
    assert calls["sbatch"] == 3
    assert_each_ran_once(grid, ("plain", "full", "late"))
    assert grid.ledger() == []
    assert nothing_to_do(grid)


def test_killed_while_sbatch_answers(site: Slurm, tmp_path: Path) -> None:
    """What Slurm took without the head's knowing is cancelled, and never runs beside the next submission."""
    with site.counted(tmp_path / "bin") as calls:
        grid = Grid(tmp_path / "grid", site.behind(calls), SNAKEFILE)
        slow = tmp_path / "slow"
        slow.mkdir()
        (slow / "sbatch").write_text(f'#!/bin/sh\n{tmp_path}/bin/sbatch "$@" > {slow}/answer; sleep 60\n')
        (slow / "sbatch").chmod(0o755)
        with grid.with_first_on_path(slow).started("all") as head:
            until(lambda: (slow / "answer").exists() and (slow / "answer").read_text(), head)
            head.kill()
        grid.unlock()
        code, output = grid.run("all")
    assert code == 0, output
    assert calls["sbatch"] == 3
    assert_each_ran_once(grid)
    assert grid.ledger() == []


def test_two_heads_at_once_run_nothing_twice(site: Slurm, tmp_path: Path) -> None:
    with site.counted(tmp_path / "bin") as calls:
        grid = Grid(tmp_path / "grid", site.behind(calls), SNAKEFILE)
        with grid.started("--nolock", "all") as one, grid.started("--nolock", "all") as two:
            ends = [one.end(), two.end()]
    assert [code for code, _ in ends] == [0, 0], ends
    assert_each_ran_once(grid)
    assert len(grid.starts("after")) == 1
    assert calls["sbatch"] == 2
    assert grid.ledger() == []


def nothing_to_do(grid: Grid) -> bool:
    """Whether Snakemake knows where everything came from."""
    code, output = grid.run("--dry-run", "all")
    assert code == 0, output
    _, summary = grid.run("--summary", "all")
    states = [line.split("\t") for line in summary.splitlines() if ".out\t" in line]
    return "Nothing to be done" in output and bool(states) and all("no update" in state for state in states)
