"""torchrun, whose last words are the training's own line: no tracebacks of its own, and the exit code of the process.

    python -m datavolume.training.processes.launch --standalone --nproc-per-node 2 -m datavolume.training --results ...

Takes torchrun's options. A signal that asks to stop is passed on to each process, once however often it comes; then
they have the time they need to write a checkpoint. torchrun itself would give them 30 seconds, and a second signal
would break it off.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from threading import Thread

import psutil  # type: ignore[import-untyped]
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.elastic.rendezvous import RendezvousError
from torch.distributed.run import parse_args, run

from datavolume.training.surviving.signals import note_signals

__all__ = ["launch"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2, signal.SIGHUP, signal.SIGQUIT)
_SECONDS_BETWEEN_LOOKS = 0.1
_LOOKS_WITHOUT_PROCESSES = 100


def launch(arguments: Sequence[str], asked: Callable[[], int] = lambda: 0) -> int:
    """Start the processes and wait for them; the exit code of the first that failed, or 128 + the signal's number.

    `asked` gives the number of a signal that came on another way, or 0.
    """
    logging.disable(logging.ERROR)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torchrun's own value, without the banner; the study's comes later
    noted, passed = note_signals(_SIGNALS), _PassedOn()
    ended: Future[int] = Future()
    # Not in the main thread, where torchrun would put its own handlers in place of ours.
    Thread(target=_torchrun, args=(["--log-dir", os.devnull, *arguments], ended), daemon=True).start()
    numbers: list[int] = []
    while not ended.done():
        wait([ended], _SECONDS_BETWEEN_LOOKS)
        numbers = [*noted, *filter(None, [asked()])]
        passed.on(numbers)
        if numbers and passed.nobody_there > _LOOKS_WITHOUT_PROCESSES:
            return 128 + numbers[0]
    try:
        return ended.result()
    except RendezvousError as error:
        if numbers:
            return 128 + numbers[0]
        sys.stderr.write(f"Error: the processes of this job did not find each other ({error})\n")
        return 1


def _torchrun(arguments: Sequence[str], ended: Future[int]) -> None:
    try:
        run(parse_args(list(arguments)))  # type: ignore[no-untyped-call]
        ended.set_result(0)
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        ended.set_result(failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode)
    except BaseException as error:
        ended.set_exception(error)


class _PassedOn:
    """Signals to every process that torchrun has started: also to one that starts after the signal came."""

    def __init__(self) -> None:
        self.nobody_there = 0
        self._done: set[tuple[int, int]] = set()

    def on(self, numbers: Sequence[int]) -> None:
        processes = psutil.Process().children() if numbers else []
        self.nobody_there = 0 if processes else self.nobody_there + 1
        for process in processes:
            for number in numbers:
                if (process.pid, number) not in self._done:
                    self._done.add((process.pid, number))
                    with suppress(psutil.NoSuchProcess):
                        process.send_signal(number)


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1:]))
