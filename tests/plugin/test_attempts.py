"""Attempts are noted on the node and read back by the head, whatever happened between."""

import json
import subprocess
import sys
import threading

import pytest

from snakemake_executor_plugin_submitit.node.attempts import (
    Attempt,
    append_line,
    note_end,
    note_start,
    processors,
    read_attempts,
)


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """A file for notes, outside of any Slurm job."""
    for name in ("SLURMD_NODENAME", "SLURM_RESTART_COUNT", "SLURM_CPUS_ON_NODE", "SLURM_GPUS_ON_NODE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "7_1_attempts.jsonl"


def start(restart, node, time, **more):
    return {"event": "start", "restart": restart, "node": node, "time": time, "cpus": 2, "gpus": 1, **more}


def end(restart, node, time, outcome="ok", **more):
    return {"event": "end", "restart": restart, "node": node, "time": time, "outcome": outcome, **more}


def write(path, *notes):
    path.write_text("".join(json.dumps(note) + "\n" for note in notes))


def test_an_attempt_is_read_back_as_it_was_noted(notes, monkeypatch):
    for name, value in {
        "SLURMD_NODENAME": "n3",
        "SLURM_RESTART_COUNT": "2",
        "SLURM_CPUS_ON_NODE": "4",
        "SLURM_GPUS_ON_NODE": "1",
    }.items():
        monkeypatch.setenv(name, value)
    since = note_start(notes)
    (running,) = read_attempts(notes)
    assert (running.restart, running.node, running.cpus, running.gpus) == (2, "n3", 4, 1)
    assert (running.end, running.outcome, running.cpu_seconds) == (None, "", None)
    note_end(notes, "failed", "exit\ncode 1", since=since)
    (attempt,) = read_attempts(notes)
    assert attempt.end >= attempt.start == running.start
    assert (attempt.outcome, attempt.reason) == ("failed", "exit code 1")


def test_what_a_child_used_is_noted_and_what_earlier_ones_used_is_not(notes):
    spend = "import time; x = bytearray(150 << 20); e = time.process_time() + {}\nwhile time.process_time() < e: pass"
    subprocess.run([sys.executable, "-c", spend.format(0.4)], check=True)
    since = note_start(notes)
    subprocess.run([sys.executable, "-c", spend.format(0.1)], check=True)
    note_end(notes, "ok", since=since)
    (attempt,) = read_attempts(notes)
    assert 0.1 <= attempt.cpu_seconds < 0.4
    assert attempt.memory_mb > 150


def test_a_lost_attempt_has_no_end(notes):
    write(notes, start(0, "n1", 100), start(1, "n2", 160), end(1, "n2", 200))
    lost, done = read_attempts(notes)
    assert (lost.node, lost.end, lost.outcome) == ("n1", None, "")
    assert (done.node, done.end, done.outcome) == ("n2", 200, "ok")


def test_ends_of_two_copies_that_ran_at_once_find_their_starts(notes):
    write(
        notes,
        *(start(0, "n1", 100), start(1, "n2", 110)),
        *(end(0, "n1", 120, "superseded"), end(1, "n2", 200, cpu_seconds=80.5, memory_mb=512)),
    )
    assert read_attempts(notes) == [
        Attempt(0, "n1", 100, 120, "superseded", cpus=2, gpus=1),
        Attempt(1, "n2", 110, 200, "ok", cpus=2, gpus=1, cpu_seconds=80.5, memory_mb=512),
    ]


def test_the_same_restart_on_the_same_node_closes_the_later_start(notes):
    write(notes, start(0, "n1", 100), start(0, "n1", 150), end(0, "n1", 200))
    assert [attempt.end for attempt in read_attempts(notes)] == [None, 200]


def test_no_file_no_attempts(tmp_path):
    assert read_attempts(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize(
    "torn", ['{"event": "end", "resta', "[1]", "{}", '{"event": "end", "time": 5}', "\N{REPLACEMENT CHARACTER}", "\n"]
)
def test_a_line_that_is_no_note_is_passed_over(notes, torn):
    write(notes, start(0, "n1", 100))
    with notes.open("a") as stream:
        stream.write(torn)
    assert [attempt.end for attempt in read_attempts(notes)] == [None]


def test_a_note_after_a_torn_one_has_a_line_of_its_own(notes, monkeypatch):
    monkeypatch.setenv("SLURMD_NODENAME", "n1")
    note_start(notes)
    with notes.open("a") as stream:
        stream.write('{"event": "start", "res')
    note_end(notes, "ok")
    assert [attempt.outcome for attempt in read_attempts(notes)] == ["ok"]


def test_lines_of_many_writers_stay_whole(tmp_path):
    path, line = tmp_path / "lines", "x" * 200
    writers = [threading.Thread(target=lambda: [append_line(path, line) for _ in range(20)]) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_text().splitlines() == [line] * 80


def test_a_note_that_cannot_be_written_ends_no_job(tmp_path):
    assert note_start(tmp_path / "no folder" / "notes") >= 0
    note_end(tmp_path / "no folder" / "notes", "ok")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "cpus", "gpus"),
    [
        ({}, 0, 0),
        ({"SLURM_CPUS_PER_TASK": "3"}, 3, 0),
        ({"SLURM_CPUS_ON_NODE": "6", "SLURM_CPUS_PER_TASK": "3", "SLURM_GPUS_ON_NODE": "2"}, 6, 2),
        ({"CUDA_VISIBLE_DEVICES": "0,3"}, 0, 2),
        ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, 0, 0),
        ({"CUDA_VISIBLE_DEVICES": ""}, 0, 0),
        ({"SLURM_CPUS_ON_NODE": "many"}, 0, 0),
    ],
)
def test_cpus_and_gpus_are_what_slurm_says(environment, cpus, gpus):
    assert processors(environment) == {"cpus": cpus, "gpus": gpus}


def test_the_module_needs_only_the_standard_library():
    source = (
        "import sys, importlib.util as u\n"
        "s = u.find_spec('snakemake_executor_plugin_submitit').submodule_search_locations[0] + '/node/attempts.py'\n"
        "m = u.module_from_spec(u.spec_from_file_location('attempts', s)); sys.modules['attempts'] = m\n"
        "m.__spec__.loader.exec_module(m)\n"
        "print(sorted({n.partition('.')[0] for n in sys.modules} - set(sys.stdlib_module_names) - {'attempts'}))"
    )
    command = [sys.executable, "-S", "-c", source]
    environment = {"PYTHONPATH": next(path for path in sys.path if path.endswith("workflow/src"))}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "['__main__']\n"
