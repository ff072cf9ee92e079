"""Runs of a block side by side, in workers that are forked from a process that has imported torch and read the images.

    train_side_by_side(names, workers, work, stop)

Each worker calls `work(turns)`; `turns` gives it places in `names`, the next one when it has done the one before. So no
run is trained twice, and none waits for a slower one. Signals are passed on; what a worker raises is raised here.

Of a process's threads, a fork keeps one. So nothing before it may use several, or a GPU: PyTorch would wait for them in
the worker for ever (measured: with two threads and a convolution before the fork, the first one after it never ended;
without, sixty of sixty workers gave the parent's bits, on one thread and on two).
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from datavolume.errors import UserError
from datavolume.study.model import Resources
from datavolume.training.surviving.lease import TakenOver
from datavolume.training.surviving.signals import Interrupted, StopRequest

__all__ = ["Turns", "Work", "train_side_by_side", "workers_of"]

Turns = Iterator[int]
Work = Callable[[Turns], object]
_EXPECTED = (UserError, Interrupted, TakenOver)
_SECONDS_BETWEEN_LOOKS = 0.1
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def workers_of(resources: Resources, runs: int, cores: int | None = None) -> int:
    """How many runs of a block train at once: as many as the study says, as there are, and as the cores can bear.

    `cores`: those of the job (None: those that this process may use). The bits are the same for any number.
    """
    if "RANK" in os.environ:  # torchrun's processes train one run together
        return 1
    here = cores or len(os.sched_getaffinity(0))
    return max(1, min(resources.parallel_seeds, runs, here // (resources.threads + resources.workers)))


def train_side_by_side(names: Sequence[str], workers: int, work: Work, stop: StopRequest) -> None:
    """Return when all is done. Where a worker fails or is asked to stop, so are the others, and it is raised here.

    `names` are those of the runs, for messages. Raises the UserError, Interrupted or TakenOver of a worker, and
    UserError where one dies.
    """
    crew: list[_Worker] = []
    try:
        for _ in range(min(workers, len(names))):
            crew.append(_Worker.started(work))
        failures, left = _conduct(crew, names, stop)
    finally:
        for worker in crew:
            worker.end()
    for failure in sorted(failures, key=lambda failure: isinstance(failure, Interrupted)):
        raise failure
    if left < len(names):
        raise Interrupted(stop.signal, f"before {names[left]}")


def _conduct(crew: Sequence[_Worker], names: Sequence[str], stop: StopRequest) -> tuple[list[Exception], int]:
    """Hand out runs until all workers have ended; what they failed of, in order, and the first run not handed out."""
    failures: list[Exception] = []
    following, at_work = 0, {worker.connection: worker for worker in crew}
    while at_work:
        ready = wait(at_work, _SECONDS_BETWEEN_LOOKS)
        asked = stop.signal or (signal.SIGTERM if failures else 0)
        for worker in at_work.values():
            worker.pass_on(asked)
        for connection in ready:
            worker = at_work[connection]  # type: ignore[index] # only ours are waited for
            try:
                said = worker.connection.recv()
            except (EOFError, OSError):
                said = worker.died(names)
                del at_work[worker.connection]
            if isinstance(said, Exception):
                failures.append(said)
            elif worker.connection in at_work:
                more = following < len(names) and not asked
                worker.give(following if more else None)
                following += more
    return failures, following


@dataclass(eq=False)
class _Worker:
    """A forked process, and the run that it has been given last."""

    process: BaseProcess
    connection: Connection
    run: int | None = None
    asked: int = 0

    @classmethod
    def started(cls, work: Work) -> _Worker:
        context = get_context("fork")
        connection, others = context.Pipe()
        process = context.Process(target=_train, args=(work, others, os.getpid()), daemon=True)
        process.start()
        others.close()  # so that its end is seen here
        return cls(process, connection)

    def give(self, run: int | None) -> None:
        self.run = run
        try:
            self.connection.send(run)
        except OSError:  # it has just died: the next look tells
            return

    def pass_on(self, number: int) -> None:
        """Once: to the worker, later ones say nothing new."""
        if number and not self.asked and self.process.pid:
            self.asked = number
            os.kill(self.process.pid, number)  # it is there, be it as a zombie, until it is joined

    def died(self, names: Sequence[str]) -> UserError | None:
        """What to say of a worker whose connection has ended; None where it ended well, or has said why."""
        self.process.join()
        code = self.process.exitcode
        if not code:
            return None
        name = names[self.run] if self.run is not None else "a worker"
        if code == -signal.SIGKILL:
            how = (
                "was killed, as happens when memory runs out: raise resources.mem_mb or lower resources.parallel_seeds"
            )
        elif code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
        else:
            how = "ended with the error that stands above"
        return UserError(f"run {name}: its process {how}; the others have written checkpoints and stopped")

    def end(self) -> None:
        """Nothing is left of it, however this process goes on."""
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.connection.close()


def _train(work: Work, connection: Connection, parent: int) -> None:
    """In the worker."""
    _end_with(parent)
    try:
        work(_turns(connection))
    except _EXPECTED as error:
        connection.send(error)


def _turns(connection: Connection) -> Turns:
    while True:
        connection.send("next")
        run = connection.recv()
        if run is None:
            return
        yield run


def _end_with(parent: int) -> None:
    """Be killed when the parent dies, however it does: a checkpoint may be resumed from at any moment."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before that
        os._exit(1)
