"""torchrun, whose last words are the training's own line: no tracebacks of its own, and the exit code of the process.

    python -m datavolume.training.launch --standalone --nproc-per-node 2 -m datavolume.training --results ...

Takes torchrun's options. SIGUSR2 too is passed on to the processes; they have 30 seconds to write a checkpoint.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import parse_args, run

__all__ = ["launch"]


def launch(arguments: Sequence[str]) -> int:
    """Start the processes and wait for them; the exit code of the first that failed, or 128 + the signal's number."""
    logging.disable(logging.ERROR)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torchrun's own value, without the banner; the study's comes later
    signal.signal(signal.SIGUSR2, _pass_on)
    try:
        run(parse_args(list(arguments)))  # type: ignore[no-untyped-call]
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        return failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode
    except SignalException as error:
        return 128 + int(error.sigval)
    return 0


def _pass_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (Python's form of a handler)
    """What torchrun itself does on SIGTERM: it hands the signal to its processes and waits for them."""
    raise SignalException(f"got signal {number}", sigval=signal.Signals(number))


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1:]))
