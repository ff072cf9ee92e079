"""Work on many items by threads, in order and in bounded memory, and a line in the log that says how far it is."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import TypeVar

__all__ = ["PROGRESS_SECONDS", "in_order", "with_progress"]

PROGRESS_SECONDS = 10.0
_AHEAD = 8  # results a thread may be ahead of the one that is asked for

T = TypeVar("T")
R = TypeVar("R")
_log = logging.getLogger(__name__)


def in_order(function: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """The results in order, a bounded number of them ahead of the one that is asked for."""
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[R]] = deque()
        for item in items:
            ahead.append(pool.submit(function, item))
            if len(ahead) >= _AHEAD * threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def with_progress(items: Iterable[T], count: int, what: str) -> Iterator[T]:
    """The items; a line in the log every so many seconds says how far they are."""
    start = said = monotonic()
    for done, item in enumerate(items):
        if (now := monotonic()) - said >= PROGRESS_SECONDS:
            said = now
            rate = done / (now - start)
            left = (count - done) / max(rate, 1e-9) / 60
            _log.info("%s: %d of %d, %.0f images/s, %.0f minutes left", what, done, count, rate, left)
        yield item
