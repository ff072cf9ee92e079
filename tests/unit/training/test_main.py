"""The command: what it says and how it ends."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.training.studies import command, make_study

from datavolume.study import Resources
from datavolume.training.__main__ import main

TRAIN = [sys.executable, "-m", "datavolume.training"]


@pytest.fixture(autouse=True)
def _handlers_and_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command keeps its signal handlers to the end of the process, which goes on here. Every test has two cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def said_and_ended(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, int]:
    exit_code = main(arguments)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said.rstrip(), exit_code


def test_one_line_for_a_finished_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths, plan = make_study(tmp_path, seeds=(0, 3))
    assert main(command(paths, plan)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for line, seed in zip(lines, (0, 3), strict=True):
        assert re.fullmatch(rf"mlp f0\.1 seed {seed}: top-1 \d\d\.\d %, \d+\.\d s", line)


def test_the_environment_is_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"JOB_ID": "4711", "RESTART_COUNT": "2", "JOB_NODELIST": "n[1-2]"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    paths, plan = make_study(tmp_path)
    assert main(command(paths, plan)) == 0
    configuration, block = next(iter(plan.blocks))
    found = json.loads(paths.run_file(configuration, block, "environment.json").read_text())
    assert (found["processes"], found["nodes"], found["threads"]) == (1, 1, 1)
    assert (found["slurm_job_id"], found["slurm_restarts"], found["slurm_nodes"]) == ("4711", 2, "n[1-2]")
    assert found["versions"]["torch"].startswith("2.")
    assert found["device"].startswith("CPU (")
    assert found["started"] <= found["finished"]
    assert found["started"].endswith("+00:00")


def test_no_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--results", str(tmp_path), "--configuration", "x", "--block", "0"]
    said, exit_code = said_and_ended(arguments, capsys)
    assert (said.startswith(f"Error: {tmp_path}/plan.csv: there is no plan"), exit_code) == (True, 1)


def test_a_block_that_the_plan_does_not_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths, plan = make_study(tmp_path)
    said, exit_code = said_and_ended([*command(paths, plan)[:-1], "7-9"], capsys)
    assert said.startswith("Error: the plan has no seed block 7-9 of configuration mlp-f0.1-bs32")
    assert exit_code == 1


def test_a_batch_that_does_not_divide_into_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths, plan = make_study(tmp_path, shards=5)
    said, exit_code = said_and_ended(command(paths, plan), capsys)
    assert "recipe.batch_size 32 is not divisible into recipe.shards 5; change one of them" in said
    assert exit_code == 1


def test_shards_that_do_not_divide_among_processes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    paths, plan = make_study(tmp_path, shards=1)
    said, _ = said_and_ended(command(paths, plan), capsys)
    assert "recipe.shards 1 cannot be divided among 2 processes; set recipe.shards to a multiple of 2" in said


@pytest.mark.parametrize(("options", "cores"), [([], 2), (["--cores", "1"], 1)])
def test_more_threads_than_cores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], cores: int
) -> None:
    paths, plan = make_study(tmp_path, resources=Resources(threads=3))
    said, exit_code = said_and_ended(command(paths, plan, *options), capsys)
    assert f"1 processes of 3 threads on {cores} cores would slow each other down" in said
    assert "lower resources.processes or resources.threads, or give the job more cores (--cores)" in said
    assert exit_code == 1


@pytest.mark.parametrize("nodes", [None, "1", "2"])
def test_what_the_trainer_becomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], nodes: str | None
) -> None:
    """Four processes on two nodes, where the job has none, one, or both of them."""
    became: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, words: became.append(words[2:]))
    if nodes:
        monkeypatch.setenv("SLURM_JOB_NUM_NODES", nodes)
    asked = Resources(processes=4, nodes=2)
    paths, plan = make_study(tmp_path, shards=4, resources=asked)
    arguments = command(paths, plan, "--cores", "2")
    main(arguments)
    said = capsys.readouterr().err
    if nodes == "2":
        options = ["--nodes", "2", "--processes-per-node", "2", "--cores", "2", "--"]
        assert became == [["datavolume.training.processes.nodes", *options, *arguments]]
        assert said == ""
    else:
        options = ["--standalone", "--nproc-per-node", "2", "-m", "datavolume.training"]
        assert became == [["datavolume.training.processes.launch", *options, *arguments]]
        assert said == "the study asks for 2 nodes and this job has 1: training on one, with 2 of 4 processes\n"


def test_a_second_process_says_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    said, _ = said_and_ended(["--results", str(tmp_path), "--configuration", "x", "--block", "0"], capsys)
    assert said.startswith("process 1: Error: ")


def small_files() -> None:
    """The kernel then refuses to let a file grow beyond 50 000 bytes, as it would on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))


def test_a_disk_that_takes_no_checkpoint(tmp_path: Path) -> None:
    paths, plan = make_study(tmp_path)
    train = [*TRAIN, *command(paths, plan, "--checkpoint-seconds", "0")]
    ended = subprocess.run(train, preexec_fn=small_files, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert re.fullmatch(r"Error: .*/update-00000001.pt: cannot be written \(File too large\); .*\n", ended.stderr)
    assert list(paths.checkpoints(plan.runs[0].run).iterdir()) == []
