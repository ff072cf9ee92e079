"""Snakemake itself with the plugin on a Slurm of shell scripts that runs batch scripts on this machine.

What a real Slurm does beside is tested in tests/slurm.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

SECRET = "correct-horse"
PATIENCE = 120  # seconds; what takes longer has gone wrong
SNAKEFILE = """
envvars: "PLUGIN_TEST_SECRET"
rule all:
    input: "all.txt"
rule each:
    output: "{name}.txt"
    wildcard_constraints: name="[abc]"
    shell: "echo {wildcards.name} >> ran; touch {wildcards.name}.runs; "
           "while [ ! -e {wildcards.name}.go ]; do sleep 0.05; done; "
           "echo secret of ${{#PLUGIN_TEST_SECRET}} letters | tee {output}"
rule joined:
    input: "a.txt", "b.txt", "c.txt"
    output: "all.txt"
    shell: "cat {input} > {output}"
"""
PROGRAMS = {
    "sbatch": r"""
        id=$(cat "$home/next" 2>/dev/null || echo 42); echo $((id + 1)) > "$home/next"
        cp "$1" "$home/script.$id"
        last=$(sed -n 's/^#SBATCH --array=0-\([0-9]*\).*/\1/p' "$1")
        for task in $(seq 0 "${last:-0}"); do
            name=$id${last:+_$task}
            echo RUNNING > "$home/states/$name"
            (
                export SLURM_JOB_ID=$((id + task)) ${last:+SLURM_ARRAY_JOB_ID=$id SLURM_ARRAY_TASK_ID=$task}
                setsid bash "$home/script.$id"
                echo COMPLETED > "$home/states/$name"
            ) < /dev/null > /dev/null 2>&1 &
        done
        echo "Submitted batch job $id" """,
    "srun": """
        while [ "${1#-}" != "$1" ]; do case "$1" in --output | --error) shift 2 ;; *) shift ;; esac; done
        export SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_NODEID=0 SLURM_NTASKS=1 SLURM_JOB_NUM_NODES=1 SLURM_JOB_NODELIST=n1
        exec "$@" """,
    "sacct": 'for file in "$home"/states/*; do echo "${file##*/}|$(cat "$file")"; done',
    "squeue": ":",
    "scancel": ":",
    "scontrol": ":",
}
HEAD = '#!/bin/bash\nhome=$(dirname "$0")\necho "${0##*/} $*" >> "$home/calls"\n'


class Workplace:
    """A folder with a Snakefile, and a Slurm."""

    def __init__(self, folder, slurm):
        self.folder, self.slurm = folder, slurm
        (folder / "Snakefile").write_text(SNAKEFILE)

    def start(self, *options):
        command = [sys.executable, "-m", "snakemake", "--executor", "submitit", "--jobs", "9", "--nolock"]
        command += ["--rerun-incomplete", "--submitit-poll-seconds", "0.1", "--latency-wait", "2", *options]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, cwd=self.folder, **pipes)

    def run(self, *options):
        """Exit code and output."""
        return self.end(self.start(*options))

    def end(self, head):
        """Wait for a head; what hangs is killed, and fails the test by its exit code."""
        try:
            output, _ = head.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            head.kill()
            output, _ = head.communicate()
        return head.returncode, output

    def let_end(self, names):
        for name in names:
            (self.folder / f"{name}.go").touch()

    def until(self, condition, head=None):
        while not condition():
            assert head is None or head.poll() is None, head.stdout.read()
            time.sleep(0.02)

    def exist(self, *names):
        return lambda: all((self.folder / name).exists() for name in names)

    def ended(self, *ids):
        return lambda: all((self.slurm / "states" / job_id).read_text() == "COMPLETED\n" for job_id in ids)

    @property
    def ran(self):
        return "".join(sorted((self.folder / "ran").read_text().split()))

    @property
    def sbatches(self):
        return (self.slurm / "calls").read_text().count("sbatch ")

    @property
    def ledger(self):
        return list((self.folder / ".snakemake/submitit/ledger/claims").iterdir())

    def files_with(self, words):
        """Files below the folder that hold these words."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()]
        assert any(path.suffix == ".pkl" for path in files)
        return [path for path in files if words.encode() in path.read_bytes()]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    slurm, folder = tmp_path / "bin", tmp_path / "work"
    for path in (slurm, slurm / "states", folder):
        path.mkdir()
    for name, body in PROGRAMS.items():
        (slurm / name).write_text(HEAD + body + "\n")
        (slurm / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{slurm}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PLUGIN_TEST_SECRET", SECRET)
    yield Workplace(folder, slurm)
    for name in "abc":
        (folder / f"{name}.go").touch()


def private(path):
    return stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_call_that_leaves_and_one_that_goes_on(workplace):
    """--submitit-detach; meanwhile no file holds the secret that the jobs were given, and nobody else can look."""
    code, output = workplace.run("--submitit-detach")
    assert code == 1
    assert "3 jobs left to themselves; the same command, later, finds them and goes on." in output
    assert "Traceback" not in output
    workplace.until(workplace.exist("a.runs", "b.runs", "c.runs"))
    assert len(workplace.ledger) == 3
    assert workplace.files_with(SECRET) == []
    mine = [workplace.folder / "logs/submitit/jobs", workplace.folder / ".snakemake/submitit/ledger"]
    folders = [path for top in mine for path in (top, *top.rglob("*")) if path.is_dir() and not path.is_symlink()]
    assert len(folders) >= 6
    assert [path for path in folders if not private(path)] == []
    workplace.let_end("abc")
    code, output = workplace.run()
    assert code == 0, output
    assert (workplace.folder / "all.txt").read_text() == "secret of 13 letters\n" * 3
    assert (workplace.ran, workplace.sbatches, workplace.ledger) == ("abc", 2, [])
    assert "Found each.a as 42_" in output
    assert workplace.files_with(SECRET) == []


@pytest.mark.parametrize("inner", [False, True])
def test_a_killed_head_loses_nothing_and_what_ended_without_it_has_its_provenance(workplace, inner):
    """Two of three jobs end while no head lives, one while it does.

    To Snakemake the two are incomplete, and are found; where the inner Snakemake has tidied up after itself, they are
    complete, and only their provenance is added.
    """
    head = workplace.start("--until", "each", *["--submitit-inner-snakemake"] * inner)
    workplace.until(workplace.exist("a.runs", "b.runs", "c.runs"), head)
    workplace.until(lambda: len(list((workplace.folder / ".snakemake/submitit/ledger/groups").glob("*.json"))) == 1)
    head.send_signal(signal.SIGKILL)
    head.communicate()
    workplace.let_end("ab")
    workplace.until(workplace.exist("a.txt", "b.txt"))
    workplace.until(lambda: sum(path.name.endswith("_result.pkl") for path in workplace.folder.rglob("*")) == 2)
    head = workplace.start()
    workplace.until(lambda: len(list(workplace.folder.glob("logs/submitit/jobs/*"))) == 2, head)  # it has looked
    workplace.let_end("c")
    code, output = workplace.end(head)
    assert code == 0, output
    assert ("2 jobs ended well while no Snakemake was there to see it" in output) == inner
    assert output.count("Found each.") == (1 if inner else 3)
    assert (workplace.ran, workplace.sbatches, workplace.ledger) == ("abc", 2, [])
    code, output = workplace.run("--dry-run")
    assert code == 0
    assert "Nothing to be done" in output
    assert sorted(recorded(workplace.folder)) == ["each", "each", "each", "joined"]


def recorded(folder):
    """The rules of outputs that have a record of how they were made."""
    files = (path for path in Path(folder, ".snakemake/metadata").rglob("*") if path.is_file())
    return [json.loads(path.read_text())["rule"] for path in files]
