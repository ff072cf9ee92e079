"""Stories of jobs that end, and which nodes new jobs then avoid.

A job is `key@node:outcome node:outcome … = STATE`: its attempts in order, then `= ok`, `= failed` (with a result) or
Slurm's state of a job without one. An attempt without an outcome has no end.
"""

import pytest

from snakemake_executor_plugin_submitit.node.attempts import Attempt
from snakemake_executor_plugin_submitit.slurm.nodes import NodeBlame

WORDS = {"ok": ("", True), "failed": ("", False)}


def tell(*jobs, **options):
    nodes = NodeBlame(clock=lambda: 0.0)
    for job in jobs:
        key, _, rest = job.partition("@")
        places, _, ending = rest.partition(" = ")
        attempts = []
        for number, place in enumerate(places.split()):
            node, _, outcome = place.partition(":")
            attempts.append(Attempt(number, node, 100.0 * number, None if not outcome else 1.0, outcome))
        state, ok = WORDS.get(ending, (ending, False))
        nodes.observe(key, attempts, state, ok, label=f"train.{key}", **options)
    return nodes


STORIES = {
    "all is well": (["a@n1:ok = ok", "b@n2:ok = ok"], []),
    "a node is lost under two jobs that run on elsewhere": (["a@n1 n2:ok = ok", "b@n1 n3:ok = ok"], ["n1"]),
    "a node is lost under one job": (["a@n1 n2:ok = ok", "b@n1:ok = ok"], []),
    "a node is lost under the same job twice": (["a@n1 n2 n1 n2:ok = ok"], []),
    "a node reboots, and the job runs there again": (["a@n1 n1:ok = ok", "b@n1 n1:ok = ok", "c@n2:ok = ok"], []),
    "Slurm says so, and requeue is forbidden": (["a@n1 = NODE_FAIL", "a@n2:ok = ok", "b@n1 = BOOT_FAIL"], ["n1"]),
    "two nodes are lost under one job each": (["a@n1 n3:ok = ok", "b@n2 n3:ok = ok"], []),
    "the warning came, the job moved": (["a@n1:requeued n2:ok = ok", "b@n1:stopped n2:ok = ok"], []),
    "preempted or requeued by a person, after SIGTERM": (["a@n1:ended n2:ok = ok", "b@n1:ended n2:ok = ok"], []),
    "two heads: the older copy stops itself": (["a@n1:superseded n2:ok = ok", "b@n1:superseded n2:ok = ok"], []),
    "jobs fail on a node and succeed on others": (
        ["a@n1:failed = failed", "b@n1:failed = failed", "a@n2:ok = ok", "b@n3:ok = ok"],
        ["n1"],
    ),
    "jobs fail on a node, and succeed there at the next try": (
        ["a@n1:failed = failed", "b@n1:failed = failed", "a@n1:ok = ok", "b@n1:ok = ok", "c@n2:ok = ok"],
        [],
    ),
    "a bug fails everywhere": ([f"{key}@n{n}:failed = failed" for n in (1, 2, 3) for key in "abcd"], []),
    "a bug fails everywhere, another rule works": (
        [*(f"{key}@n{n}:failed = failed" for n in (1, 2, 3) for key in "abcd"), "x@n2:ok = ok", "y@n3:ok = ok"],
        [],
    ),
    "a bug ends everything without a result": ([f"{key}{n}@n{n} = FAILED" for n in (1, 2, 3) for key in "abcd"], []),
    "a bug ends everything without a result, but one job": (
        ["x@n2:ok = ok", *(f"{key}{n}@n{n} = FAILED" for n in (1, 2, 3) for key in "abcd")],
        [],
    ),
    "a node without the file system ends jobs without a result": (
        ["a@n1 = FAILED", "b@n1 = FAILED", "c@n2:ok = ok"],
        ["n1"],
    ),
    "a program that fails now and then": (
        [
            *(f"{n}@n{node}:ok = ok" for node in (1, 2, 3) for n in range(20)),
            *(job for node in (2, 3) for job in (f"a{node}@n{node}:failed = failed", f"a{node}@n1:ok = ok")),
            *(job for n in range(3) for job in (f"b{n}@n1:failed = failed", f"b{n}@n2:ok = ok")),
        ],
        [],
    ),
    "a good node turns bad": (
        [
            *(f"{n}@n{node}:ok = ok" for node in (1, 2, 3) for n in range(20)),
            *(job for n in range(2) for job in (f"b{n}@n1:failed = failed", f"b{n}@n2:ok = ok")),
        ],
        ["n1"],
    ),
    "cancelled": (["a@n1 = CANCELLED by 1000", "b@n1 = CANCELLED by 1000", "c@n2:ok = ok"], []),
    "timed out": (["a@n1 = TIMEOUT", "b@n1 = TIMEOUT", "a@n2:ok = ok", "b@n2:ok = ok"], []),
    "out of memory": (["a@n1 = OUT_OF_MEMORY", "b@n1 = OUT_OF_MEMORY", "a@n2:ok = ok", "b@n2:ok = ok"], []),
    "preempted without a warning": (["a@n1 = PREEMPTED", "b@n1 = PREEMPTED", "a@n2:ok = ok", "b@n2:ok = ok"], []),
    "Slurm has forgotten the jobs": (["a@n1 = UNKNOWN to Slurm", "b@n1 = UNKNOWN to Slurm", "c@n2:ok = ok"], []),
    "a power cut takes half of the nodes": (
        [f"{key}{n}@n{n} = NODE_FAIL" for n in (4, 3, 2, 1) for key in "ab"],
        ["n3", "n4"],
    ),
    "the only node fails": (["a@n1 = NODE_FAIL", "b@n1 = NODE_FAIL"], []),
    "a lost node, and a failure that was its own": (
        ["a@n1 n2:ok = ok", "b@n1:failed = failed", "b@n2:ok = ok"],
        ["n1"],
    ),
}


@pytest.mark.parametrize(("jobs", "excluded"), STORIES.values(), ids=STORIES)
def test_who_is_to_blame(jobs, excluded):
    assert tell(*jobs).excluded == excluded


def test_a_node_that_is_excluded_stays_so():
    bad = ["a@n1 n2:ok = ok", "b@n1 n2:ok = ok"]
    assert tell(*bad, *(f"{n}@n1:ok = ok" for n in range(50))).excluded == ["n1"]


def test_a_retry_that_asks_for_more_says_nothing_about_the_node():
    nodes = NodeBlame()
    for key in "ab":
        nodes.observe(key, [Attempt(0, "n1", 0, 1, "failed")], ok=False, asked="mem=1000")
        nodes.observe(key, [Attempt(0, "n2", 2, 3, "ok")], ok=True, asked="mem=2000")
    assert nodes.excluded == []


def test_of_several_nodes_nobody_knows_which_one_failed():
    assert tell("a@n1 n2:ok = ok", "b@n1 = NODE_FAIL", "c@n1 = NODE_FAIL", nodes=2).excluded == []


def test_a_job_that_noted_nothing_ran_where_slurm_says():
    nodes = tell("x@n2:ok = ok", "a@ = FAILED", "b@ = FAILED", node="n1")
    assert nodes.excluded == ["n1"]
    assert tell("a@ = FAILED", "b@ = FAILED").excluded == []


def test_the_end_names_nodes_and_jobs():
    jobs = ["a@n1 n2:ok = ok", "b@n1:failed = failed", "b@n2:ok = ok", "c@n1 = FAILED", "d@n1 n2:ok = ok"]
    (line,) = tell(*jobs).summary()
    assert line.startswith(
        "node n1 failed 4 jobs (train.a lost; train.b failed, but not on n2; train.c left no result; and 1 more): "
        "excluded since 19"
    )
    assert line.endswith("; tell your administrators")


def test_the_end_names_nodes_that_were_too_many_to_exclude():
    lines = tell("a@n1 = NODE_FAIL", "b@n1 = NODE_FAIL").summary()
    assert len(lines) == 1
    assert "still used, as half of the nodes seen are excluded already" in lines[0]


def test_the_end_says_nothing_when_all_is_well():
    assert tell("a@n1:ok = ok", "b@n1 n2:ok = ok").summary() == []
