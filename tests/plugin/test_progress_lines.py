"""Counts go to logger plugins when they change; a person without one reads a line a minute."""

import logging
from logging.handlers import QueueHandler
from queue import SimpleQueue

import pytest
from plugin.fakes import Clock

from snakemake_executor_plugin_submitit.progress import Progress, text_of
from snakemake_executor_plugin_submitit.requests import Counts


class Listener:
    """A logger with a terminal, and a logger plugin behind a queue."""

    def __init__(self):
        self.logger = logging.Logger("test", logging.INFO)
        self.terminal, self.queue = [], SimpleQueue()
        screen = logging.Handler()
        screen.emit = lambda record: self.terminal.append(record.getMessage())
        self.logger.addHandler(screen)
        self.logger.addHandler(QueueHandler(self.queue))

    @property
    def told(self):
        """What the plugin was told since the last look."""
        records = []
        while not self.queue.empty():
            records.append(self.queue.get())
        return [(record.submitit, record.getMessage()) for record in records]


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
def clock():
    return Clock()


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (Counts(0, 0, 0, 0), "0 running, 0 pending"),
        (Counts(0, 30, 12, 0), "12 running, 30 pending"),
        (Counts(5, 30, 12, 2), "12 running, 30 pending, 5 not yet submitted, 2 requeued so far"),
    ],
)
def test_a_line_names_what_there_is(counts, text):
    assert text_of(counts) == text


def test_plugins_hear_of_each_change_once_and_the_terminal_of_none(listener, clock):
    progress = Progress(listener.logger, clock)
    for running in (0, 1, 1, 2):
        clock.now += 1
        progress.show(Counts(running=running))
    assert listener.told == [
        ({"waiting": 0, "pending": 0, "running": running, "requeued": 0}, "") for running in (1, 2)
    ]
    assert listener.terminal == []


def test_a_line_a_minute_and_only_when_something_has_changed(listener, clock):
    """Looks each second for five minutes; a job starts at 10 s, one at 130 s."""
    progress = Progress(listener.logger, clock)
    lines = []
    for clock_now in range(301):
        clock.now = clock_now
        progress.show(Counts(pending=2 - (clock_now >= 10) - (clock_now >= 130), running=(clock_now >= 10) + 0))
        lines += [(clock_now, line) for line in listener.terminal]
        listener.terminal.clear()
    assert lines == [(60, "1 running, 1 pending"), (130, "1 running, 0 pending")]
    assert [text for _, text in listener.told if text] == [line for _, line in lines]


def test_the_end_is_told_in_one_piece_and_once(listener, clock):
    progress = Progress(listener.logger, clock)
    progress.conclude(["a", "b"])
    progress.conclude(["a", "b"])
    assert listener.told == [({"summary": True}, "a\nb")]
    assert listener.terminal == ["a\nb"]


def test_without_anything_to_say_nothing_is_said(listener, clock):
    Progress(listener.logger, clock).conclude([])
    assert listener.told == listener.terminal == []


def test_without_a_plugin_nothing_but_lines(clock):
    plain = logging.Logger("plain", logging.INFO)
    lines = []
    screen = logging.Handler()
    screen.emit = lambda record: lines.append(record.getMessage())
    plain.addHandler(screen)
    progress = Progress(plain, clock)
    progress.show(Counts(running=1))
    assert lines == []
