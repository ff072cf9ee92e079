"""What jobs leave: results, hints and the last lines of logs."""

import subprocess
from pathlib import Path

import pytest
from plugin.fakes import leave_result

from snakemake_executor_plugin_submitit.files import Ending, JobFiles, listing, setup_of, tail


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        ("", Ending(True)),
        ("x.PayloadError: exit code 3", Ending(False, "failed: exit code 3")),
        ("x.StoppedError: stopped at a warning", Ending(False, "stopped at a warning", again=True)),
        ("x.SupersededError: nobody waits for it", Ending(False, "nobody waits for it", again=True)),
        ("AssertionError", Ending(False, "failed: AssertionError")),
    ],
)
def test_a_result_tells_how_a_job_ended(tmp_path, error, ending):
    leave_result(tmp_path, "7", error)
    assert JobFiles(tmp_path, "7").ending() == ending


def test_a_failure_shows_what_the_nodes_daemon_said(tmp_path):
    leave_result(tmp_path, "7", "PayloadError: killed by signal 15")
    (tmp_path / "7_0_log.err").write_text("srun: got SIGCONT\nslurmstepd: error: *** JOB 7 CANCELLED ***\nTraceback…\n")
    ending = JobFiles(tmp_path, "7").ending()
    assert ending == Ending(False, "failed: killed by signal 15", ("slurmstepd: error: *** JOB 7 CANCELLED ***",))


def test_an_unreadable_result_is_a_failure(tmp_path):
    JobFiles(tmp_path, "7").result.write_bytes(b"")
    ending = JobFiles(tmp_path, "7").ending()
    assert not ending.ok
    assert ending.reason.startswith("left an unreadable result")


def test_a_listing_has_what_is_there(tmp_path):
    (tmp_path / "a").touch()
    assert listing([tmp_path, tmp_path / "away"]) == {tmp_path / "a"}


def batch(folder, body, **variables):
    """Run a batch script with the plugin's lines, as Slurm does."""
    script = "\n".join(["set -u", *setup_of(folder), body])
    return subprocess.run(["bash", "-c", script], env={"PATH": "/usr/bin:/bin", **variables}).returncode


@pytest.mark.parametrize("name", ["jobs", 'it\'s a "folder" $HOME'])
def test_a_batch_script_leaves_a_hint_when_it_ends_without_a_result(tmp_path, name):
    folder = Path(tmp_path, name)
    folder.mkdir()
    assert batch(folder, "exit 3", SLURM_JOB_ID="7") == 3
    assert batch(folder, "kill $$", SLURM_JOB_ID="9", SLURM_ARRAY_JOB_ID="8", SLURM_ARRAY_TASK_ID="1") == -15
    assert listing([folder]) == {JobFiles(folder, "7").ended, JobFiles(folder, "8_1").ended}


def test_no_hint_beside_a_result_and_none_of_the_start_before(tmp_path):
    files = JobFiles(tmp_path, "7")
    files.ended.touch()
    batch(tmp_path, f"[ ! -e '{files.ended}' ] && touch '{files.result}'", SLURM_JOB_ID="7")
    assert listing([tmp_path]) == {files.result}


def test_the_tail_skips_blank_lines_and_the_inner_snakemakes_farewell(tmp_path):
    log = tmp_path / "log"
    log.write_text("\n".join([*map(str, range(20)), "", "Elapsed time: 0:01", "WorkflowError:"]))
    assert tail(log, 3) == ["17", "18", "19"]
    assert tail(tmp_path / "none") == []


def test_the_tail_leaves_out_what_was_there_before(tmp_path):
    log = tmp_path / "log"
    log.write_text("yesterday\n")
    size = log.stat().st_size
    assert tail(log, start=size) == []
    log.write_text("yesterday\ntoday\n")
    assert tail(log, start=size) == ["today"]


def test_the_tail_of_a_long_line_of_any_bytes(tmp_path):
    (tmp_path / "log").write_bytes(b"\xff" * 100_000 + b"\nlast\n")
    assert tail(tmp_path / "log", 2)[-1] == "last"
