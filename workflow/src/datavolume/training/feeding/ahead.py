"""Work on the images of a batch, by threads that run ahead of training, or in the training thread where there are none.

with Threads(workers) as threads:
    ready = threads.each(function, count)       function(0), ..., function(count - 1), in any order
    ready()                                     waits; raises what the first of them raised
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import torch

__all__ = ["Threads"]

_CHUNK = 8  # images that one thread takes at a time: few hand-overs, and a batch is still shared evenly


class Threads:
    """`images_ahead` is how many images keep all of them busy."""

    def __init__(self, workers: int) -> None:
        # As torch's own loader does in its threads: the setting is the thread's own, and the training thread keeps its.
        self._pool = ThreadPoolExecutor(workers, "decode", torch.set_num_threads, (1,)) if workers else None
        self.images_ahead = 2 * workers * _CHUNK

    def each(self, function: Callable[[int], None], count: int) -> Callable[[], None]:
        """Begin; what comes back waits for the end. Without threads, all is done then."""
        if self._pool is None:
            return lambda: _some(function, 0, count)
        starts = range(0, count, _CHUNK)
        chunks = [self._pool.submit(_some, function, start, min(start + _CHUNK, count)) for start in starts]
        return lambda: _finish(chunks)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _some(function: Callable[[int], None], start: int, stop: int) -> None:
    for place in range(start, stop):
        function(place)


def _finish(chunks: list[Future[None]]) -> None:
    for chunk in chunks:
        chunk.result()
