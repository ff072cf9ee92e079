"""Jobs that Slurm would let wait for ever are ended with its reason; others are left alone.

Slurm is asked 5 s after a submission, then once a minute; a reason must stand for 15 s.
"""

import pytest
from plugin.fakes import Clock, Hanging, Immediate

from snakemake_executor_plugin_submitit.files import Ending
from snakemake_executor_plugin_submitit.slurm.queue import Queue

VAIN = "InvalidQOS"
WORDS = "would wait for ever: InvalidQOS (there is no such QOS, or it is not yours: name another qos)"


class FakeCommands:
    """Reasons by job, when they were asked for, and what was cancelled."""

    def __init__(self, clock, reasons):
        self.clock, self.reasons, self.questions, self.cancelled = clock, reasons, [], []

    def pending(self, ids):
        self.questions.append(self.clock())
        return {job_id: reason for job_id, reason in self.reasons.items() if job_id in ids}

    def cancel(self, ids):
        self.cancelled += sorted(ids)


class FakeWatcher:
    """Which jobs run."""

    def __init__(self):
        self.running = set()

    def started(self, job_id):
        return job_id in self.running


class Site:
    def __init__(self, background=None, **reasons):
        self.clock, self.said, self.watcher, self.now = Clock(), [], FakeWatcher(), 0
        self.commands = FakeCommands(self.clock, {name.removeprefix("j"): reason for name, reason in reasons.items()})
        self.queue = Queue(self.commands, self.said.append, self.clock, background or Immediate())
        self.ids = set(self.commands.reasons)

    def look(self, until):
        """Look each second up to `until`: `{job: (when, ending)}`."""
        ended = {}
        for now in range(self.now, until + 1):
            self.clock.now = now
            endings = self.queue.stuck(self.ids, self.watcher)
            self.ids -= endings.keys()
            ended |= {job_id: (now, ending) for job_id, ending in endings.items()}
        self.now = until + 1
        return ended


@pytest.fixture
def site():
    return Site


def test_a_job_that_can_never_start_is_ended_and_cancelled(site):
    """Asked at 5 s, answered at the next look; asked again at 21 s, after its time of grace, and once more soon."""
    one = site(j7=VAIN, j8="Priority")
    assert one.look(60) == {"7": (22, Ending(False, WORDS, state="CANCELLED"))}
    assert one.commands.cancelled == ["7"]
    assert one.commands.questions == [5, 21, 36]
    assert one.ids == {"8"}


def test_a_reason_that_passes_ends_nothing(site):
    """Slurm shows some of them for a moment at every submission."""
    one = site(j7=VAIN)
    one.look(10)
    one.commands.reasons["7"] = "Priority"
    one.look(30)
    one.commands.reasons["7"] = VAIN
    ended = one.look(200)
    assert ended["7"][0] - 15 > 30
    assert len(one.commands.cancelled) == 1


def test_slurm_is_asked_rarely(site):
    """Five seconds after jobs came, and then each minute."""
    one = site(j7="Priority")
    one.look(200)
    assert one.commands.questions == [5, 65, 125, 185]
    one.ids.add("9")
    one.look(210)
    assert one.commands.questions[4:] == [206]


def test_jobs_that_keep_coming_do_not_put_the_look_off(site):
    one = site(j0=VAIN)
    for number in range(1, 40):
        one.ids.add(str(number))
        ended = one.look(number - 1)
        if ended:
            break
    assert "0" in ended


def test_jobs_that_run_are_not_asked_about(site):
    one = site(j7=VAIN)
    one.watcher.running.add("7")
    assert one.look(100) == {}
    assert one.commands.questions == []


def test_a_job_that_starts_before_its_reason_is_confirmed_goes_on(site):
    one = site(j7=VAIN)
    one.look(10)
    one.watcher.running.add("7")
    assert one.look(100) == {}
    assert one.commands.cancelled == []


def test_what_a_person_should_look_at_is_said_once(site):
    one = site(j7="JobHeldUser", j8="JobHeldUser")
    assert one.look(300) == {}
    assert one.said == ["jobs wait in the queue: JobHeldUser (held by a person: `scontrol release` lets it go)"]


def test_a_question_that_hangs_stops_nothing(site):
    slurm = Hanging()
    one = site(slurm, j7=VAIN)
    assert one.look(600) == {}
    assert len(slurm.calls) == 1


def test_a_question_that_fails_ends_nothing(site):
    one = site(j7="Priority")
    one.commands.reasons = None
    assert one.look(100) == {}
    assert len(one.commands.questions) == 2
