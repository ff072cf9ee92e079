"""Ctrl-C once cancels; twice within seconds leaves the jobs, where they can live without this process."""

import pytest

from snakemake_executor_plugin_submitit import leaving
from snakemake_executor_plugin_submitit.leaving import chance_to_leave

OFFER = "Cancelling 7 jobs in 3 s. Ctrl-C again leaves them running."


def test_one_ctrl_c_cancels_after_some_seconds(monkeypatch):
    said, slept = [], []
    monkeypatch.setattr(leaving.time, "sleep", slept.append)
    assert not chance_to_leave(7, "slurm", said.append)
    assert (said, slept) == ([OFFER], [3.0])


def test_a_second_one_leaves_the_jobs(monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    said = []
    monkeypatch.setattr(leaving.time, "sleep", interrupted)
    assert chance_to_leave(7, "slurm", said.append)
    assert said == [OFFER]


@pytest.mark.parametrize("cluster", ["local", "debug"])
def test_jobs_of_this_machine_are_cancelled_at_once(cluster, monkeypatch):
    said = []
    monkeypatch.setattr(leaving.time, "sleep", said.append)
    assert not chance_to_leave(7, cluster, said.append)
    assert said == []
