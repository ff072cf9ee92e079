"""Jobs on their way to a Slurm that is a small state table: how many it takes at once, how many in all, and when not.

Expected sizes follow from halving after a refusal and doubling after a success; expected times from waits of 5 s that
double to 120 s, and from 5 s after room was made.
"""

import threading

import pytest
from plugin.fakes import Clock, keys_in, request_for

from snakemake_executor_plugin_submitit.slurm.outbox import Outbox, SubmissionError

LIMIT = SubmissionError("QOSMaxSubmitJobPerUserLimit", "limit")
BUSY = SubmissionError("Unable to contact slurm controller", "busy")
REFUSED = SubmissionError("Invalid partition name specified")


class Scheduler:
    """Takes arrays of at most `max_size`, `places` jobs in all; `answers` come first: errors, or None for yes."""

    def __init__(self, clock, max_size=1001, places=10**6, answers=()):
        self.clock, self.max_size, self.places, self.answers = clock, max_size, places, list(answers)
        self.taken, self.attempts = [], []  # keys of each submission; (time, size) of each attempt

    def send(self, group):
        self.attempts.append((self.clock(), len(group)))
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer
        assert len(group) <= self.max_size
        if len(group) > self.places:
            raise LIMIT
        self.places -= len(group)
        self.taken.append([request.key for request in group])
        return set()

    @property
    def sizes(self):
        return [size for _, size in self.attempts]


class Site:
    """An outbox before a scheduler, and what was said."""

    def __init__(self, **scheduler):
        self.clock, self.said = Clock(), []
        self.scheduler = Scheduler(self.clock, **scheduler)
        self.outbox = Outbox(self.scheduler.send, lambda: self.scheduler.max_size, self.said.append, self.clock)

    def pass_until(self, until):
        """Flush each second up to `until`; what was refused for good."""
        refused = {}
        for now in range(int(self.clock.now), until + 1):
            self.clock.now = now
            refused |= self.outbox.flush()
        return refused


@pytest.fixture
def requests(job):
    """So many requests for the same."""
    return lambda number, first=0, **asks: [request_for(job, f"k{first + n}", **asks) for n in range(number)]


def test_all_goes_out_at_once_in_its_order(requests):
    site = Site()
    site.outbox.add(requests(200))
    assert len(site.outbox) == 200
    assert site.outbox.flush() == {}
    assert site.scheduler.taken == [[f"k{number}" for number in range(200)]]
    assert (len(site.outbox), site.said) == (0, [])
    site.outbox.flush()
    assert site.scheduler.sizes == [200]


def test_arrays_are_no_larger_than_the_site_takes(requests):
    site = Site(max_size=64)
    site.outbox.add(requests(200))
    site.outbox.flush()
    assert site.scheduler.sizes == [64, 64, 64, 8]


def test_what_asks_for_different_things_goes_out_apart(job):
    site = Site()
    site.outbox.add([request_for(job, key, mem_gb=memory) for key, memory in zip("abc", (1, 2, 1), strict=True)])
    site.outbox.flush()
    assert site.scheduler.taken == [["a", "c"], ["b"]]


def test_where_places_are_limited_arrays_are_halved_until_they_fit(requests):
    """Twenty places: 12 fit, then 6 in the eight left, then 1 and 1; when not even one fits, all wait."""
    site = Site(places=20)
    site.outbox.add(requests(100))
    assert site.outbox.flush() == {}
    assert site.scheduler.sizes == [100, 50, 25, 12, 24, 12, 6, 12, 6, 3, 1, 2, 1, 2, 1]
    assert site.scheduler.places == 0
    assert len(site.outbox) == 80
    assert site.said == ["80 jobs wait here until Slurm takes them: QOSMaxSubmitJobPerUserLimit"]


def test_a_full_queue_is_tried_again_after_waits_that_double(requests):
    """At 0, then 5, 10, 20, 40, 80, 120, 120 s later; one line says so."""
    site = Site(places=0)
    site.outbox.add(requests(1))
    site.pass_until(600)
    assert [when for when, _ in site.scheduler.attempts] == [0, 5, 15, 35, 75, 155, 275, 395, 515]
    assert len(site.said) == 1
    site.scheduler.places = 1
    site.pass_until(700)
    assert site.scheduler.attempts[-1] == (635, 1)
    assert len(site.outbox) == 0


def test_room_is_used_within_seconds(requests):
    """Full at 75 s, so that the next try would be at 155 s; a job ends at 80 s."""
    site = Site(places=0)
    site.outbox.add(requests(3))
    site.pass_until(80)
    site.scheduler.places = 1
    site.outbox.room()
    before = len(site.scheduler.attempts)
    site.pass_until(90)
    assert site.scheduler.attempts[before] == (85, 1)
    assert site.scheduler.taken == [["k0"]]


def test_a_grid_of_a_thousand_goes_through_a_queue_of_fifty(requests):
    """Each ten seconds ten jobs end: ten go out with one sbatch, nothing is lost or sent twice, in order."""
    site = Site(places=50)
    site.outbox.add(requests(1000))
    for _ in range(150):
        site.pass_until(int(site.clock.now) + 10)
        if site.scheduler.places < 50:
            site.scheduler.places += 10
            for _ in range(10):
                site.outbox.room()
    assert [key for keys in site.scheduler.taken for key in keys] == [f"k{number}" for number in range(1000)]
    first = [1000, 500, 250, 125, 62, 31, 62, 31, 15, 30, 15, 7, 3, 6, 3, 1, 2, 1]  # fifty, and then full
    assert site.scheduler.sizes == [*first, 1, *[10] * 95]


def test_a_slurm_that_does_not_answer_is_not_asked_again_for_smaller_arrays(requests, job):
    """It may have taken the jobs, and halves would not help: the other group waits too."""
    site = Site(answers=[BUSY, BUSY])
    site.outbox.add([*requests(8), request_for(job, "other", mem_gb=1)])
    assert site.pass_until(15) == {}
    assert site.scheduler.attempts == [(0, 8), (5, 8), (15, 8), (15, 1)]
    assert site.said == ["9 jobs wait here until Slurm takes them: Unable to contact slurm controller"]


def test_places_that_somebody_else_has_taken_are_no_loss(requests):
    """Six jobs have ended, and three places are left: six are too many, three are not, then all wait again."""
    site = Site(places=0)
    site.outbox.add(requests(50))
    site.pass_until(14)
    site.scheduler.places = 3
    for _ in range(6):
        site.outbox.room()
    before = len(site.scheduler.sizes)
    site.pass_until(19)
    assert site.scheduler.sizes[before:] == [6, 3, 6, 3, 1]
    assert len(site.outbox) == 47


def test_places_that_nobody_told_of_are_found(requests):
    """Somebody else's jobs have ended, or the limit was raised: one is tried, then two, four, eight."""
    site = Site(places=0)
    site.outbox.add(requests(15))
    site.pass_until(14)
    site.scheduler.places = 100
    site.pass_until(15)
    assert site.scheduler.sizes[-4:] == [1, 2, 4, 8]
    assert len(site.outbox) == 0


def test_after_an_answer_the_next_wait_is_short_again(requests):
    site = Site(answers=[BUSY, BUSY, None, BUSY])
    site.outbox.add(requests(1))
    site.pass_until(20)
    site.outbox.add(requests(1, first=1))
    site.pass_until(40)
    assert [when for when, _ in site.scheduler.attempts] == [0, 5, 15, 20, 25]


def test_what_is_refused_for_good_is_told_and_the_others_go_out(requests, job):
    site = Site(answers=[REFUSED])
    site.outbox.add([*requests(2), request_for(job, "good", mem_gb=1)])
    assert site.outbox.flush() == dict.fromkeys(["k0", "k1"], "Invalid partition name specified")
    assert site.scheduler.taken == [["good"]]
    assert (len(site.outbox), site.outbox.flush()) == (0, {})


def test_jobs_that_another_head_is_submitting_wait_here(requests):
    site = Site()
    others = {"k1"}
    site.outbox.send = lambda group: site.scheduler.send(group) or {request.key for request in group} & others
    site.outbox.add(requests(3))
    site.outbox.flush()
    assert list(site.outbox.waiting) == ["k1"]
    assert site.said == ["3 jobs wait here until Slurm takes them: another Snakemake is submitting them"]
    others.clear()
    site.pass_until(5)
    assert site.scheduler.attempts == [(0, 3), (5, 1)]


def test_what_is_dropped_is_not_sent(requests):
    site = Site(max_size=2)
    site.outbox.add(requests(6))
    sent = []

    def send(group):  # Ctrl-C comes during the first sbatch
        sent.append(keys_in(group))
        site.outbox.drop([f"k{number}" for number in range(2, 6)])
        return set()

    site.outbox.send = send
    assert site.outbox.flush() == {}
    assert sent == ["k0k1"]
    assert len(site.outbox) == 0


def test_a_job_sent_again_while_another_submission_runs_is_not_lost(requests):
    site = Site()
    (again,) = requests(1, first=9)
    site.outbox.send = lambda _: site.outbox.add([again]) or set()
    site.outbox.add(requests(2))
    site.outbox.flush()
    assert list(site.outbox.waiting) == ["k9"]


def test_two_threads_never_send_at_once(requests):
    site = Site()
    entered, leave = threading.Event(), threading.Event()

    def send(group):
        entered.set()
        leave.wait(10)
        return site.scheduler.send(group)

    site.outbox.send = send
    site.outbox.add(requests(2))
    first = threading.Thread(target=site.outbox.flush)
    first.start()
    assert entered.wait(10)
    assert site.outbox.flush() == {}
    leave.set()
    first.join()
    assert site.scheduler.sizes == [2]


def test_an_interruption_leaves_the_outbox_usable(requests):
    site = Site(answers=[KeyboardInterrupt()])
    site.outbox.add(requests(2))
    with pytest.raises(KeyboardInterrupt):
        site.outbox.flush()
    site.outbox.flush()
    assert site.scheduler.taken == [["k0", "k1"]]
