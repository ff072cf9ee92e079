"""What asks for the same goes out together; what Slurm refuses comes back in its own words."""

import os
import stat

import pytest

from snakemake_executor_plugin_submitit.payload import Payload
from snakemake_executor_plugin_submitit.submission import (
    Request,
    SubmissionError,
    grouped,
    one_line,
    private_folder,
    submit,
)


def request_of(job, run, **parameters):
    return Request(job("train", {"run": run}), {"cpus_per_task": 1, **parameters}, Payload("true", "/", "log", run))


def test_requests_are_grouped_by_what_they_ask_for_whatever_the_order(job):
    a, b = request_of(job, "a", mem_gb=1), request_of(job, "b", mem_gb=2)
    c = Request(job("plan"), {"mem_gb": 1, "cpus_per_task": 1}, a.payload)
    assert grouped([a, b, c]) == [[a, c], [b]]
    assert grouped([]) == []


def test_several_go_out_as_one_array_with_one_call(job, fake_slurm, tmp_path):
    jobs = submit([request_of(job, run) for run in "abc"], "slurm", tmp_path / "jobs")
    assert [one.job_id for one in jobs] == ["42_0", "42_1", "42_2"]
    assert "#SBATCH --array=0-2%3\n" in fake_slurm.script
    assert "#SBATCH --job-name=train.3jobs\n" in fake_slurm.script
    assert [call.split()[0] for call in fake_slurm.calls] == ["sbatch"]
    assert [one.submission().function.title for one in jobs] == ["a", "b", "c"]


def test_parallelism_limits_an_array(job, fake_slurm, tmp_path):
    submit([request_of(job, run) for run in "abc"], "slurm", tmp_path / "jobs", parallelism=2)
    assert "#SBATCH --array=0-2%2\n" in fake_slurm.script


def test_one_alone_is_a_plain_job(job, fake_slurm, tmp_path):
    (alone,) = submit([request_of(job, "a")], "slurm", tmp_path / "jobs")
    assert alone.job_id == "42"
    assert "--array" not in fake_slurm.script
    assert "#SBATCH --job-name=train.a\n" in fake_slurm.script


def test_a_refusal_is_slurms_words_in_one_line(job, fake_slurm, tmp_path, capfd):
    fake_slurm.refuse(
        "sbatch",
        "sbatch: error: invalid partition specified: nope\n"
        "sbatch: error: Batch job submission failed: Invalid partition name specified\n",
    )
    with pytest.raises(SubmissionError) as caught:
        submit([request_of(job, "a")], "slurm", tmp_path / "jobs")
    words = "invalid partition specified: nope; Batch job submission failed: Invalid partition name specified"
    assert str(caught.value) == words
    assert capfd.readouterr() == ("", "")


def test_a_refusal_says_nothing_twice():
    assert one_line("sbatch: error: no\nsbatch: error: no\n\n") == "no"


def test_nodes_that_this_machine_has_not_are_refused(job, tmp_path):
    with pytest.raises(SubmissionError, match="only one node"):
        submit([request_of(job, "a", nodes=2)], "local", tmp_path / "jobs")


def test_a_job_does_not_inherit_the_job_that_snakemake_runs_in(job, fake_slurm, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "100")
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm/slurm.conf")
    submit([request_of(job, "a")], "slurm", tmp_path / "jobs")
    given = {name for name in fake_slurm.environment if name.startswith("SLURM_")}
    assert given == {"SLURM_CONF"}
    assert os.environ["SLURM_MEM_PER_NODE"] == "100"


def test_the_job_folder_is_this_users_alone(tmp_path):
    folder = private_folder(tmp_path / "a" / "jobs")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o777)
    assert stat.S_IMODE(private_folder(folder).stat().st_mode) == 0o700


def test_a_job_folder_that_cannot_be_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SubmissionError, match=r"the job folder .*/file/jobs cannot be used: Not a directory"):
        private_folder(tmp_path / "file" / "jobs")
