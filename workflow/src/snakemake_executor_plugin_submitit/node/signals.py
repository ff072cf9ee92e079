"""What Slurm tells a payload by signals: noted, and acted on only when the chain has ended.

submitit's own handlers would requeue the job while its command still writes; in a job on Slurm these take their place.
"""

import os
import signal
from collections.abc import Callable
from types import FrameType

__all__ = ["Signals"]


class Signals:
    """`warned` after SIGUSR2, a time limit or a preemption ahead; `ended` names SIGTERM once it came, else empty.

    `warn` is called at each warning. Outside of a job on Slurm nothing is listened to.
    """

    def __init__(self) -> None:
        self.warned, self.ended = False, ""
        self.warn: Callable[[], None] = lambda: None
        self.before: dict[signal.Signals, object] = {}

    def __enter__(self) -> "Signals":
        if os.environ.get("SUBMITIT_EXECUTOR") == "slurm":
            self.before[signal.SIGUSR2] = signal.signal(signal.SIGUSR2, self.note_warning)
            self.before[signal.SIGTERM] = signal.signal(signal.SIGTERM, self.note_end)
        return self

    def __exit__(self, *raised: object) -> None:
        """The handlers stay: until the process ends nobody else may act on a signal."""

    def note_warning(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (Python's form of a handler)
        self.warned = True
        self.warn()

    def note_end(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.ended = signal.Signals(number).name
