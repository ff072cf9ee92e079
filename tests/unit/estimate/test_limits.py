"""Slurm's limits, with a made-up sinfo."""

from pathlib import Path

import pytest

from datavolume.estimate.limits import Limit, parse_minutes, slurm_limit, starts


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1-00:00:00", 1440),
        ("7-12", 7 * 1440 + 720),
        ("2:30:00", 150),
        ("30:00", 30),
        ("0:30", 0.5),
        ("45", 45),
        ("infinite", None),
        ("n/a", None),
    ],
)
def test_slurms_times(text: str, minutes: float | None) -> None:
    assert parse_minutes(text) == minutes


@pytest.mark.parametrize(
    ("seconds", "minutes", "times"),
    [(3600, 60, 1), (3601, 60, 2), (36_000, 240, 3), (400, 1, 14)],
)
def test_a_job_past_its_limit_starts_again(seconds: float, minutes: float, times: int) -> None:
    """Ten hours in four: each start trains for 240 min less the 90 s of the warning, 14 310 s, so three starts."""
    assert starts(seconds, minutes) == times


def put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    file = folder / "sinfo"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_the_partition_that_is_named_or_the_one_with_a_star(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(tmp_path, monkeypatch, "printf 'gpu 2-00:00:00\\nmain* 1:00:00\\nlong infinite\\n'")
    assert slurm_limit() == Limit("main", 60)
    assert slurm_limit("gpu") == Limit("gpu", 2880)
    assert slurm_limit("long") == Limit("long", None)
    assert slurm_limit("gone") is None


def test_without_slurm_or_without_its_answer_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert slurm_limit() is None
    put_on_path(tmp_path, monkeypatch, "exit 1")
    assert slurm_limit() is None
