"""Threads: results in order, a bounded number ahead, failures where they belong, and a line now and then."""

import logging
from threading import Event

import pytest

from datavolume.data import streaming
from datavolume.data.streaming import in_order, with_progress


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_items_whichever_is_done_first(threads):
    second_done = Event()

    def slow_first(item: int) -> int:
        if item == 0 and threads > 1:
            assert second_done.wait(10)
        if item == 1:
            second_done.set()
        return item * 10

    assert list(in_order(slow_first, range(50), threads)) == [item * 10 for item in range(50)]


def test_a_million_items_are_not_held_at_once():
    taken = 0

    def items():
        nonlocal taken
        for item in range(1_000_000):
            taken += 1
            yield item

    results = in_order(str, items(), 2)
    for expected in range(100):
        assert next(results) == str(expected)
        assert taken <= expected + 2 * 8
    results.close()
    assert taken < 200


def test_a_failure_is_that_of_its_item():
    results = in_order(lambda item: 1 // item, [1, 0, 1], 2)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_a_line_says_how_far_it_is(caplog, monkeypatch):
    clock = iter([0.0, 1.0, 10.0, 12.0, 20.0])
    monkeypatch.setattr(streaming, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO):
        assert list(with_progress("abcd", 4, "letters")) == list("abcd")
    assert caplog.messages == [
        "letters: 1 of 4, 0 images/s, 0 minutes left",
        "letters: 3 of 4, 0 images/s, 0 minutes left",
    ]


def test_the_rate_and_the_time_left_are_those_since_the_start(caplog, monkeypatch):
    clock = iter([0.0, *[0.0] * 999, 10.0])
    monkeypatch.setattr(streaming, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO):
        steps = with_progress(range(1_281_167), 1_281_167, "images")
        for _ in range(1000):
            next(steps)
    assert caplog.messages == ["images: 999 of 1281167, 100 images/s, 214 minutes left"]
