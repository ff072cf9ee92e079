"""The logger plugin's estimate of the end: times by hand, and whole workflows played through."""

import heapq
import random
from collections.abc import Callable

import pytest

from snakemake_logger_plugin_datavolume.estimate import Kind, Slots, Times, seconds_left
from snakemake_logger_plugin_datavolume.progress import Progress


def test_waiting_jobs_take_the_slots_as_they_become_free() -> None:
    kinds = {"train": Kind(times=[10.0, 10.0], waiting=4), "report": Kind(waiting=1)}
    # Two at a time, the report taken for a mean job: 0-10, 0-10, 10-20, 10-20, 20-30.
    assert seconds_left(kinds, slots=2.0) == pytest.approx(30)


def test_running_jobs_have_come_as_far_as_their_age() -> None:
    kinds = {"train": Kind(times=[10.0, 10.0, 10.0], ages=[4.0, 9.0], waiting=1)}
    # They end after 6 s and 1 s; the third begins after 1 s.
    assert seconds_left(kinds, slots=2.0) == pytest.approx(11)
    assert seconds_left({"train": Kind(times=[10.0], ages=[4.0])}, slots=0.0) == pytest.approx(6)


def test_many_waiting_jobs_count_with_their_mean() -> None:
    assert seconds_left({"train": Kind(times=[10.0], waiting=10_000)}, slots=100.0) == pytest.approx(1000)


def test_each_kind_has_its_own_times() -> None:
    kinds = {"train": Kind(times=[100.0], waiting=3), "figure": Kind(times=[1.0], waiting=5)}
    assert seconds_left(kinds, slots=1.0) == pytest.approx(305)


def test_nothing_is_said_before_a_job_of_most_has_ended() -> None:
    assert seconds_left({"train": Kind(ages=[50.0])}, slots=1.0) is None
    assert seconds_left({"plan": Kind(times=[1.0]), "train": Kind(waiting=3)}, slots=1.0) is None
    assert seconds_left({"train": Kind(times=[9.0], waiting=2), "figure": Kind(waiting=3)}, slots=1.0) is None


def test_nothing_is_said_when_the_first_of_many_has_ended() -> None:
    assert seconds_left({"train": Kind(times=[10.0], ages=[11.0] * 9)}, slots=10.0) is None
    assert seconds_left({"train": Kind(times=[10.0] * 4, ages=[11.0] * 9)}, slots=10.0) is not None


def test_times_count_the_jobs_that_still_run() -> None:
    # Product limit: a third took 1 s; of the two left, one is known to take more than 2 s, the other took 3 s.
    times = Times([1.0, 3.0], [2.0])
    assert times.mean == pytest.approx(1 / 3 + 3 * 2 / 3)
    assert times.known == pytest.approx(1)
    assert [times.at(share) for share in (0.1, 0.33, 0.34, 0.9)] == [1, 1, 3, 3]
    assert times.rest(2.0, 0.5) == pytest.approx(1)


def test_a_job_that_outlasts_all_others_runs_on_for_a_while() -> None:
    times = Times([10.0, 10.0], [])
    assert times.rest(50.0, 0.5) == pytest.approx(5)


def test_times_not_seen_yet_lie_within_bounds() -> None:
    assert Times([1.0, 5.0], [60.0] * 4).at(0.99) == pytest.approx(120)
    assert Times([10.0, 10.0], [12.0] * 2).at(0.99) == pytest.approx(13.2)
    assert 13.2 < Times([10.0, 11.0], [12.0] * 2).at(0.99) < 24


def test_slots_are_a_mean_over_time() -> None:
    slots = Slots()
    slots.observe(0, 0.0)
    slots.observe(4, 100.0)
    assert slots.mean() == 0
    slots.observe(0, 101.0, stalled=True)
    slots.observe(4, 5000.0)
    slots.observe(4, 5001.0)
    assert slots.mean() == pytest.approx(4)  # neither the wait before the first job counts nor the one in the queue
    slots.observe(2, 5001.0)
    slots.observe(2, 6000.0)
    assert slots.mean() == pytest.approx(2)


def play(jobs: int, slots: Callable[[float], int], head: int = 0) -> list[tuple[float | None, float]]:
    """(seconds left as estimated, as it came), every five seconds of a grid; the head begins in second `head`."""
    draws = random.Random(7)
    lengths = [max(30.0, draws.gauss(600, 120)) for _ in range(jobs)]
    begins, ends = _schedule(lengths, slots)
    whole = max(ends)
    progress = Progress()
    left = [job for job in range(jobs) if ends[job] >= head]
    progress.plan({"train": len(left)}, head)
    for job in left:
        progress.start(job, "train", head, local=False)
    progress.hear({"reattached": [begins[job] for job in left if begins[job] < head]}, head)
    told = []
    for now in range(head, int(whole), 5):
        running = sum(begins[job] <= now < ends[job] for job in left)
        pending = sum(begins[job] > now for job in left)
        progress.hear({"running": running, "pending": pending}, now)
        for job in left:
            if now - 5 < ends[job] <= now:
                progress.hear({"ran": {job: lengths[job]}}, now)
                progress.finish(job, now)
        told.append((progress.seconds_left(now), whole - now))
    return told


def _schedule(lengths: list[float], slots: Callable[[float], int]) -> tuple[list[float], list[float]]:
    begins, ends, running = [], [], list[float]()
    now = 0.0
    for length in lengths:
        while len(running) >= slots(now):
            now = max(now, heapq.heappop(running)) if running else now + 1
        begins.append(now)
        ends.append(now + length)
        heapq.heappush(running, now + length)
    return begins, ends


@pytest.mark.parametrize(
    ("jobs", "slots", "head"),
    [
        pytest.param(300, lambda _: 30, 0, id="as many as ever"),
        pytest.param(300, lambda _: 30, 1500, id="found again by a second head"),
        pytest.param(300, lambda now: 30 if now >= 3000 else 0, 0, id="after an hour in the queue"),
    ],
)
def test_estimates_hold(jobs: int, slots: Callable[[float], int], head: int) -> None:
    told = play(jobs, slots, head)
    assert told[0][0] is None
    working = [pair for pair in told if pair[1] <= 5400]  # the last nine waves
    for part in (0.2, 0.4, 0.6, 0.8):
        estimate, truth = working[int(len(working) * part)]
        assert estimate == pytest.approx(truth, rel=0.15)


def test_no_estimate_while_all_wait_for_the_cluster() -> None:
    told = play(60, lambda now: 30 if now >= 3000 else 0)
    assert {estimate for estimate, _ in told[:600]} == {None}
