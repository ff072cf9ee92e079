"""torchrun, whose last words are the training's own line: no tracebacks of its own, and the exit code of the process.

    python -m datavolume.training.launch --standalone --nproc-per-node 2 -m datavolume.training --results ...

Takes torchrun's options. SIGUSR2 too is passed on to the processes; they have 30 seconds to write a checkpoint.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import parse_args, run

__all__ = ["launch"]

_SIGNALS = "SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR2"


def launch(arguments: Sequence[str]) -> int:
    """Start the processes and wait for them; the exit code of the first that failed, or 128 + the signal's number."""
    logging.disable(logging.ERROR)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torchrun's own value, without the banner; the study's comes later
    try:
        run(parse_args([f"--signals-to-handle={_SIGNALS}", *arguments]))  # type: ignore[no-untyped-call]
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        return failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode
    except SignalException as error:
        return 128 + int(error.sigval)
    return 0


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1:]))
