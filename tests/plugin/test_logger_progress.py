"""The logger plugin's counts, and how it says them."""

from datetime import datetime

import pytest

from snakemake_logger_plugin_datavolume import words
from snakemake_logger_plugin_datavolume.progress import Counts, Progress


def begun(jobs: int, *, planned: int = 0, local: bool = False) -> Progress:
    """Jobs 0, 1, … of so many planned ones, started in second 0."""
    progress = Progress()
    progress.plan({"train": planned or jobs}, 0.0)
    for job in range(jobs):
        progress.start(job, "train", 0.0, local=local)
    return progress


def test_jobs_of_this_machine() -> None:
    progress = begun(3, planned=6, local=True)
    assert progress.finish(0, 4.0) == 4
    progress.fail(1, 5.0)
    assert progress.counts() == Counts(planned=6, done=1, failed=1, running=1, waiting=3)


def test_a_failed_job_may_be_tried_again() -> None:
    progress = begun(2, local=True)
    progress.fail(0, 3.0)
    progress.start(0, "train", 4.0, local=True)
    assert progress.counts() == Counts(planned=2, running=2)
    assert progress.finish(0, 6.0) == 2


def test_an_executor_that_tells_nothing_runs_all_it_has() -> None:
    progress = begun(2, planned=3)
    assert progress.counts() == Counts(planned=3, running=2, waiting=1)
    assert progress.finish(0, 5.0) == 5


def test_an_executor_tells_what_runs_and_what_is_in_the_queue() -> None:
    progress = begun(10, planned=12)
    progress.hear({"waiting": 3, "pending": 5, "running": 2, "requeued": 0}, 1.0)
    assert progress.counts() == Counts(planned=12, running=2, pending=5, waiting=5)
    progress.hear({"pending": 4, "running": 3, "requeued": 1}, 2.0)
    progress.start(90, "plan", 2.0, local=True)
    assert progress.counts() == Counts(planned=13, running=4, pending=4, waiting=5, requeued=1)


def test_the_time_in_the_queue_is_not_the_jobs() -> None:
    progress = begun(2)
    progress.hear({"pending": 1, "running": 1}, 100.0)
    progress.hear({"pending": 0, "running": 2}, 150.0)
    progress.hear({"running": 1}, 170.0)  # heard before the job is reported
    assert progress.finish(0, 171.0) == 71
    assert progress.finish(1, 180.0) == 30


def test_the_executor_knows_best_how_long_a_job_ran() -> None:
    progress = begun(1)
    progress.hear({"running": 1}, 100.0)
    progress.hear({"ran": {0: 42.0}}, 150.0)
    assert progress.finish(0, 150.0) == 42


def test_a_requeued_job_begins_anew() -> None:
    progress = begun(1)
    progress.hear({"pending": 0, "running": 1, "requeued": 0}, 10.0)
    progress.hear({"pending": 1, "running": 0, "requeued": 1}, 60.0)
    assert progress.counts() == Counts(planned=1, pending=1, requeued=1)
    progress.hear({"pending": 0, "running": 1}, 70.0)
    assert progress.finish(0, 75.0) == 5


def test_jobs_of_an_earlier_head_are_as_old_as_they_are() -> None:
    progress = begun(2)
    progress.hear({"pending": 1, "running": 1, "reattached": [-500.0]}, 1.0)
    assert progress.finish(0, 100.0) == 600


def test_records_that_lag_behind_do_not_count_twice() -> None:
    progress = begun(2)
    progress.hear({"pending": 0, "running": 2}, 1.0)
    progress.finish(0, 5.0)
    assert progress.counts() == Counts(planned=2, done=1, running=1)
    progress.hear({"pending": 1, "running": 2}, 6.0)
    assert progress.counts() == Counts(planned=2, done=1, running=1)


def test_a_checkpoint_adds_jobs() -> None:
    progress = begun(1, local=True)
    progress.finish(0, 1.0)
    progress.start(1, "more", 1.0, local=True)
    progress.start(2, "train", 1.0, local=True)
    progress.finish(2, 2.0)
    assert progress.counts() == Counts(planned=3, done=2, running=1)


def test_the_estimate_runs_down_and_ends_with_the_last_job() -> None:
    progress = begun(2, local=True)
    assert progress.seconds_left(5.0) is None
    progress.finish(0, 10.0)
    assert progress.seconds_left(10.0) == pytest.approx(1)
    assert progress.seconds_left(10.5) == pytest.approx(0.5)
    progress.finish(1, 11.0)
    assert progress.seconds_left(11.0) is None


def test_durations_as_a_person_says_them() -> None:
    told = [words.duration(seconds) for seconds in (4.13, 49.7, 170, 7500, 200_000)]
    assert told == ["4.1 s", "50 s", "3 min", "2 h 05 min", "2 d 8 h"]
    assert [words.elapsed(seconds) for seconds in (7.9, 765, 11565)] == ["0:07", "12:45", "3:12:45"]


def test_an_estimate_is_no_more_exact_than_it_can_be() -> None:
    now = datetime(2026, 11, 21, 13, 58, 31)
    told = [words.ending(seconds, now) for seconds in (None, 0.2, 47, 340, 5870, 40_000, 900_000)]
    assert told == [
        "",
        "about 1 s left",
        "about 45 s left",
        "about 6 min left, until 14:04",
        "about 1 h 40 min left, until 15:35",
        "about 11 h 00 min left, until Sun 01:00",
        "about 10 d 10 h left, until 2 Dec 00:00",
    ]


def test_counts_in_words() -> None:
    counts = Counts(planned=110, done=9, running=12, pending=3, requeued=2)
    assert words.count(counts) == "[  9/110]"
    assert list(words.states(counts).values()) == ["12 running", "3 pending", "2 requeued"]
    assert words.states(Counts()) == {"running": "0 running"}
    assert words.summary(Counts(planned=3, done=2, failed=1), 240) == "2 of 3 jobs done in 4 min, 1 failed"
