"""What a site allows, on a real Slurm: small arrays, few jobs at once, refusals, and jobs that could never start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from heads import Grid, Head, until
from loopback.client import Slurm, held_cluster
from loopback.faults import submit_limit

pytestmark = pytest.mark.slurm

SNAKEFILE = """
rule all:
    input: expand("many/{n}.txt", n=range(60))
rule one:
    output: "many/{n}.txt"
    resources: mem_mb=100, runtime=20
    shell: "echo {wildcards.n} > {output}; echo {wildcards.n} >> starts"
rule few:
    input: expand("few/{n}.txt", n=range(12))
rule waits:
    output: "few/{n}.txt"
    resources: mem_mb=100, runtime=20
    shell: "echo {wildcards.n} >> starts; while [ -e hold ]; do sleep 0.1; done; echo {wildcards.n} > {output}"
rule never:
    input: "good.txt", "nodes.txt", "child.txt"
rule good:
    output: "good.txt"
    resources: mem_mb=101, runtime=20
    shell: "touch {output}"
rule nodes:
    output: "nodes.txt"
    resources: mem_mb=102, runtime=20, nodes=5
    shell: "touch {output}"
rule child:
    output: "child.txt"
    resources: mem_mb=104, runtime=20, slurm_extra="--dependency=afterok:PARENT"
    shell: "touch {output}"
rule account:
    output: "account.txt"
    resources: mem_mb=103, runtime=20, slurm_account="nobody"
    shell: "touch {output}"
"""


@pytest.fixture(scope="module")
def never(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    """Jobs that would wait for ever; their head looks at them for a while, in which the other tests run."""
    parent = slurm.run("sbatch", "--parsable", "--output=/dev/null", "--wrap", "exit 1").stdout.strip()
    grid = Grid(tmp_path_factory.mktemp("never"), slurm, SNAKEFILE.replace("PARENT", parent))
    with grid.started("--keep-going", "never") as head:
        yield head


@pytest.fixture(scope="module")
def strict(never: Head, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:  # noqa: ARG001 (begins now)
    """A site with small arrays, where accounts and limits are enforced."""
    options = ("--limits", "--max-array-size", "25", "--nodes", "2")
    with held_cluster(tmp_path_factory.mktemp("strict"), *options) as own:
        yield own


def started(grid: Grid) -> list[int]:
    """The jobs that have begun, in their order."""
    record = grid.folder / "starts"
    return sorted(map(int, record.read_text().split())) if record.exists() else []


def test_small_arrays_after_a_while_in_which_sbatch_gives_no_answer(strict: Slurm, tmp_path: Path) -> None:
    with strict.counted(tmp_path / "bin") as calls:
        grid = Grid(tmp_path / "grid", strict.behind(calls), SNAKEFILE)
        words = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
        with grid.started("all") as head:
            with calls.failing("sbatch", words, done=True):
                until(lambda: head.says("60 jobs wait here until Slurm takes them: "), head)
            code, output = head.end()
    assert code == 0, output
    assert calls["sbatch"] == 4
    assert started(grid) == list(range(60))
    assert grid.ledger() == []
    assert grid.queue() == []


def test_more_jobs_than_may_be_submitted_at_once(strict: Slurm, tmp_path: Path) -> None:
    with strict.counted(tmp_path / "bin") as calls:
        grid = Grid(tmp_path / "grid", strict.behind(calls), SNAKEFILE)
        grid.touch("hold")
        with submit_limit(strict, 5, "qos"), grid.started("few") as head:
            until(lambda: len(started(grid)) == 5, head)
            until(lambda: head.says("jobs wait here until Slurm takes them: "), head)
            grid.remove("hold")
            code, output = head.end()
    assert code == 0, output
    assert started(grid) == list(range(12))
    assert grid.ledger() == []


def test_an_account_that_the_site_refuses(strict: Slurm, tmp_path: Path) -> None:
    code, output = Grid(tmp_path / "grid", strict, SNAKEFILE).run("account.txt")
    assert code == 1
    assert "not submitted: Batch job submission failed: Invalid account or account/partition combination" in output


def test_jobs_that_would_wait_for_ever(never: Head) -> None:
    code, output = never.end()
    assert code == 1
    assert output.count("Error in rule") == 2, output
    assert "would wait for ever: PartitionNodeLimit (its partition has or allows fewer nodes" in output
    assert "would wait for ever: DependencyNeverSatisfied (a job that it must come after has failed" in output
    assert never.log.with_name("good.txt").exists()
