"""From a job's request and its attempts to a row, a file of rows, and a table for the terminal."""

import threading
from dataclasses import replace

import pytest

from snakemake_executor_plugin_submitit.node.attempts import Attempt
from snakemake_executor_plugin_submitit.used.efficiency import (
    Row,
    append_row,
    gpus_asked,
    read_rows,
    row_of,
    wildcards_of,
)
from snakemake_executor_plugin_submitit.used.summary import duration, summary
from snakemake_executor_plugin_submitit.used.usage import Account, Submitted, accounted, usage

LIMIT = 3600.0


def ran(restart, node, start, end, outcome="ok", cpu=None, memory=None):
    return Attempt(restart, node, start, end, outcome, cpu_seconds=cpu, memory_mb=memory)


def lost(restart, node, start):
    return Attempt(restart, node, start)


def used(*submissions, ok=True, finished=10_000.0):
    return usage(submissions, ok=ok, finished=finished, limit=LIMIT)


def test_one_attempt():
    total = used(Submitted(100, [ran(0, "n1", 160, 460, cpu=290.0, memory=512.0)]))
    assert (total.attempts, total.requeues, total.nodes) == (1, 0, ("n1",))
    assert (total.queue, total.elapsed, total.lost) == (60, 300, 0)
    assert (total.cpu_seconds, total.memory_mb) == (290.0, 512.0)


def test_a_requeue_after_a_warning_loses_nothing_and_waits_twice():
    first, second = ran(0, "n1", 110, 400, "requeued", 280.0, 600.0), ran(1, "n2", 430, 600, "ok", 160.0, 500.0)
    total = used(Submitted(100, [first, second]))
    assert (total.attempts, total.requeues, total.nodes) == (2, 1, ("n1", "n2"))
    assert (total.queue, total.elapsed, total.lost) == (10 + 30, 290 + 170, 0)
    assert (total.cpu_seconds, total.memory_mb) == (440.0, 600.0)


def test_a_job_that_the_head_sent_again():
    first = Submitted(100, [ran(0, "n1", 110, 400, "stopped", 280.0)])
    second = Submitted(405, [ran(0, "n1", 425, 600, "ok", 170.0)])
    total = used(first, second)
    assert (total.attempts, total.requeues, total.queue, total.elapsed, total.lost) == (2, 1, 30, 465, 0)


def test_restarts_that_left_no_note_count_as_requeues():
    assert used(Submitted(100, [ran(3, "n1", 110, 400)])).requeues == 3


def test_a_failure_is_lost():
    total = used(Submitted(100, [ran(0, "n1", 110, 400, "failed", 280.0)]), ok=False)
    assert (total.elapsed, total.lost, total.cpu_seconds) == (290, 290, 280.0)


def test_an_attempt_without_an_end_is_lost_up_to_the_next_start():
    total = used(Submitted(100, [lost(0, "n1", 110), ran(1, "n2", 400, 600, cpu=190.0)]))
    assert (total.queue, total.elapsed, total.lost) == (10, 290 + 200, 290)
    assert total.cpu_seconds is None


def test_an_attempt_without_an_end_lasted_no_longer_than_its_limit():
    total = used(Submitted(100, [lost(0, "n1", 110), ran(1, "n2", 9000, 9200)]))
    assert (total.lost, total.queue) == (LIMIT, 10 + 9000 - 110 - LIMIT)


def test_an_attempt_without_an_end_ended_when_accounting_says_so():
    accounts = [Account(109, 50, 45.0, 300.0), Account(395, 210, 190.0, 310.0)]
    total = used(Submitted(100, [lost(0, "n1", 110), ran(1, "n2", 400, 600, cpu=190.0)], accounts))
    assert (total.lost, total.queue) == (49, 10 + 400 - 159)
    assert (total.cpu_seconds, total.memory_mb) == (45.0 + 190.0, 300.0)


def test_a_lost_job_ended_when_the_head_sent_it_again():
    first, second = Submitted(100, [lost(0, "n1", 110)]), Submitted(300, [ran(0, "n1", 310, 400)])
    total = used(first, second)
    assert (total.lost, total.elapsed, total.queue) == (190, 190 + 90, 10 + 10)


def test_a_result_proves_an_end_that_could_not_be_noted():
    total = used(Submitted(100, [lost(0, "n1", 110)]), finished=200)
    assert (total.elapsed, total.lost) == (90, 0)
    assert used(Submitted(100, [lost(0, "n1", 110)]), finished=200, ok=False).lost == 90


def test_two_copies_at_once():
    total = used(Submitted(100, [ran(0, "n1", 110, 300, "superseded"), ran(1, "n2", 200, 500)]))
    assert (total.attempts, total.requeues) == (2, 1)
    assert (total.queue, total.elapsed, total.lost) == (10, 190 + 300, 190)


def test_a_job_that_never_ran_only_waited():
    total = used(Submitted(100, []), ok=False, finished=160)
    assert (total.attempts, total.queue, total.elapsed, total.nodes, total.cpu_seconds) == (0, 60, 0, (), None)


def test_clocks_of_nodes_that_differ_make_no_negative_time():
    total = used(Submitted(100, [ran(0, "n1", 98, 97)]))
    assert (total.queue, total.elapsed, total.lost) == (0, 0, 0)


SACCT = """JobID|Start|ElapsedRaw|TotalCPU|MaxRSS
7_1|2026-11-21T14:05:00|35|00:21.500|
7_1.batch|2026-11-21T14:05:00|35|00:01.500|4096K
7_1.0|2026-11-21T14:05:01|34|00:20|2G
7_1|1795000000|200|1-02:00:10|
7_1.0|1795000000|200|1-02:00:10|0
7_[2-9]|Unknown|0|00:00:00|
8|1795000000|1|00:00:00|
nonsense
"""


def test_nothing_is_no_account():
    assert accounted("") == {} == accounted("JobID|State\n7|FAILED\n")


def test_accounting_is_read_with_all_runs_of_a_job():
    accounts = accounted(SACCT)
    assert list(accounts) == ["7_1", "8"]
    first, second = accounts["7_1"]
    assert (first.seconds, first.cpu_seconds, first.memory_mb) == (35, 21.5, 2048)
    assert (second.start, second.cpu_seconds, second.memory_mb) == (1795000000, 93610.0, None)
    assert accounts["8"] == [Account(1795000000, 1, None, None)]


ATTEMPT = ran(0, "n1", 160, 460, cpu=290.0, memory=512.04)
# As Slurm 22.05 wrote it on the loopback cluster when n1 was set down under a job, with the notes of the job's attempts
LOST_NODE = """JobID|State|ElapsedRaw|TotalCPU|MaxRSS|NodeList|Submit|Start
1986870_0|NODE_FAIL|5|00:00:00||n1|1795239744|1795239744
1986870_0.batch|CANCELLED|5|00:00:00||n1|1795239744|1795239744
1986870_0.0|CANCELLED|5|00:00:00||n1|1795239744|1795239744
1986870_0|COMPLETED|16|00:00:00||n2|1795239749|1795239755
1986870_0.batch|COMPLETED|16|00:00:00||n2|1795239755|1795239755
1986870_0.0|COMPLETED|16|00:00:00||n2|1795239755|1795239755
"""
LOST_NODE_ATTEMPTS = [lost(0, "n1", 1795239744.774), ran(1, "n2", 1795239756.135, 1795239771.314, cpu=0.077)]


def test_a_lost_node_in_slurms_own_words():
    accounts = accounted(LOST_NODE)["1986870_0"]
    total = used(Submitted(1795239744, LOST_NODE_ATTEMPTS, accounts), finished=1795239772)
    assert total.lost == pytest.approx(5 - 0.774, abs=1e-3)
    assert total.queue == pytest.approx(0.774 + 756.135 - 749, abs=1e-3)
    assert total.elapsed == pytest.approx(5 - 0.774 + 15.179, abs=1e-3)
    assert total.cpu_seconds is None
    without = used(Submitted(1795239744, LOST_NODE_ATTEMPTS), finished=1795239772)
    assert without.lost == pytest.approx(756.135 - 744.774, abs=1e-3)


PARAMETERS = {"timeout_min": 60, "mem_gb": 2000 / 1024, "cpus_per_task": 4, "gpus_per_node": 1}


def row(ok=True, attempts=(ATTEMPT,), **parameters):
    return row_of(
        job="train.a",
        rule="train",
        wildcards={"configuration": "a=b;c", "block": "0-4"},
        job_id="7_1",
        ok=ok,
        parameters=PARAMETERS | parameters,
        submissions=[Submitted(100, attempts)],
        finished=1_000.0,
    )


def test_a_row_has_what_was_asked_for_and_what_was_used():
    found = row()
    assert (found.job, found.rule, found.id, found.outcome) == ("train.a", "train", "7_1", "ok")
    assert (found.cpus, found.mem_mb, found.gpus, found.runtime_s) == (4, 2000, 1, 3600)
    assert (found.queue_s, found.elapsed_s, found.lost_s) == (60, 300, 0)
    assert (found.cpu_s, found.used_mb, found.nodes) == (290.0, 512.0, "n1")
    assert wildcards_of(found) == {"configuration": "a=b;c", "block": "0-4"}
    assert found.finished.startswith("1970-01-01T")


def test_several_nodes_and_tasks_are_counted_and_cpu_seconds_of_one_node_say_nothing():
    found = row(nodes=2, gpus_per_node="a100:4", slurm_tasks_per_node=2)
    assert (found.cpus, found.gpus, found.cpu_s) == (16, 8, None)


def test_gpus_that_a_gres_brought_are_those_the_job_saw():
    assert row(attempts=[replace(ran(0, "n1", 1, 2), gpus=2)], gpus_per_node=0, nodes=2).gpus == 4


def test_a_job_that_asks_for_no_memory_has_none():
    assert row(mem_gb=None).mem_mb is None


@pytest.mark.parametrize(
    ("request_", "number"),
    [(0, 0), (2, 2), ("2", 2), ("a100:2", 2), ("a100", 1), ("a100:1,h200:2", 3), ("", 0)],
)
def test_requests_for_gpus(request_, number):
    assert gpus_asked(request_) == number


def test_rows_are_read_back_as_they_were_written(tmp_path):
    path = tmp_path / "logs" / "efficiency.csv"
    rows = [row(), replace(row(ok=False), job='b "quoted", twice'), row(mem_gb=None, nodes=2)]
    for each in rows:
        append_row(path, each)
    assert read_rows(path) == rows
    assert path.read_text().splitlines()[0] == (
        "job,rule,wildcards,id,outcome,attempts,requeues,queue_s,elapsed_s,lost_s,"
        "cpus,cpu_s,mem_mb,used_mb,gpus,runtime_s,nodes,finished"
    )
    assert [file.name for file in path.parent.iterdir()] == ["efficiency.csv"]


def test_a_wildcard_cannot_break_a_line(tmp_path):
    wild = {"a": "x\ny", "b": "100%25;"}
    each = row_of(
        job="j",
        rule="r",
        wildcards=wild,
        job_id="1",
        ok=True,
        parameters={},
        submissions=[Submitted(1, [])],
        finished=2,
    )
    append_row(tmp_path / "e.csv", each)
    assert len((tmp_path / "e.csv").read_text().splitlines()) == 2
    assert wildcards_of(*read_rows(tmp_path / "e.csv")) == wild


@pytest.mark.parametrize("torn", ["train.x,train,", '"train.x', "\n"])
def test_a_torn_row_is_passed_over(tmp_path, torn):
    path = tmp_path / "e.csv"
    append_row(path, row())
    with path.open("a") as stream:
        stream.write(torn)
    append_row(path, row())
    assert read_rows(path) == [row(), row()]


def test_no_file_no_rows(tmp_path):
    assert read_rows(tmp_path / "none.csv") == []


def test_two_heads_share_one_file_with_one_heading(tmp_path):
    path, barrier = tmp_path / "e.csv", threading.Barrier(4)

    def head():
        barrier.wait()
        for _ in range(10):
            append_row(path, row())

    heads = [threading.Thread(target=head) for _ in range(4)]
    for each in heads:
        each.start()
    for each in heads:
        each.join()
    assert read_rows(path) == [row()] * 40
    assert path.read_text().count("elapsed_s") == 1


JOB = Row(
    *("train.0", "train", "run=0", "7_0", "ok"),
    *(1, 0, 60.0, 600.0, 0.0),
    *(4, 2160.0, 16384.0, 1200.0, 2, 1800, "n1", "2026-11-21T14:05:00+00:00"),
)


def jobs(number, **changes):
    return [replace(JOB, job=f"train.{n}", **changes) for n in range(number)]


def table(rows):
    """The lines of a summary, each as its cells."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in summary(rows)]


def test_the_summary_has_a_line_a_rule():
    slow = replace(JOB, job="train.3", queue_s=3600.0, elapsed_s=1200.0, lost_s=300.0, requeues=2, cpu_s=None)
    head, train, draw, *_ = table([*jobs(3), slow, replace(JOB, job="draw", rule="draw", gpus=0, lost_s=90.0)])
    assert head[:3] == ["rule", "jobs", "time used/asked"]
    # GPU hours: 2 × (3 × 600 + 1200) s; CPUs: 2160 of 4 × 600 s, those of the slow job are unknown
    assert train == [
        *("train", "4", "10 min / 30 min", "90 %", "1.2 GB / 16 GB", "1.7 GPU h", "0.2 GPU h", "1 min (1 h)", "2")
    ]
    assert draw[5:7] == ["0.7 CPU h", "0.1 CPU h"]


def test_a_job_that_failed_and_then_succeeded_is_one_that_did_not_fail():
    again = [replace(JOB, outcome="failed"), JOB, replace(JOB, job="train.9", outcome="failed")]
    assert table(again)[1][1] == "2 (1 failed)"


def test_what_nobody_measured_is_not_made_up():
    unknown = replace(JOB, cpu_s=None, used_mb=None, mem_mb=None)
    assert table([unknown])[1][3:5] == ["–", "–"]
    assert table([replace(unknown, mem_mb=2048.0)])[1][4] == "– / 2 GB"


def test_little_memory_is_told_in_mb():
    assert table([replace(JOB, used_mb=44.4, mem_mb=512.0)])[1][4] == "44 MB / 512 MB"


def test_no_rows_no_summary():
    assert summary([]) == []


def test_advice_is_given_where_requests_are_far_too_large():
    (line,) = summary(jobs(3, used_mb=1229.0, runtime_s=3600, elapsed_s=240.0, cpu_s=264.0))[2:]
    assert line == (
        "train asked for 16 GB, its largest process used at most 1.2 GB; "
        "1 h, its longest job took 4 min; 4 CPUs, its jobs kept 1.1 busy"
    )


@pytest.mark.parametrize(
    "rows",
    [
        jobs(2, used_mb=100.0),
        jobs(3, used_mb=100.0, outcome="failed"),
        jobs(3, used_mb=8000.0),
        jobs(3, used_mb=100.0, mem_mb=2000.0),
        jobs(3, used_mb=None),
        [*jobs(3, used_mb=100.0), replace(JOB, used_mb=9000.0)],
        jobs(3, elapsed_s=10.0, cpu_s=36.0, runtime_s=900, used_mb=9000.0),
        jobs(3, cpus=1, cpu_s=60.0, used_mb=9000.0),
    ],
)
def test_advice_is_not_given_where_it_is_not_clear(rows):
    assert summary(rows)[2:] == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0, "0 s"), (35.4, "35 s"), (59.6, "1 min"), (750, "12 min"), (3580, "1 h"), (4800, "1 h 20 min")),
        *((7200, "2 h"), (86000, "1 d"), (266400, "3 d 2 h")),
    ],
)
def test_durations(seconds, words):
    assert duration(seconds) == words
