"""One job in charge of this head, from its request to its last submission."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..files import JobFiles
from ..ledger import Claim, Ledger
from ..node.payload import Payload
from ..requests import Request
from ..used.usage import Submitted

__all__ = ["Tracked", "keys_of"]


@dataclass
class Tracked:
    """A job in charge. `tries` are its submissions, of this and earlier heads, the last one under way if `token`.

    `resubmissions` counts those that followed one which Slurm lost; `after` is an id that must have ended before.
    """

    request: Request
    token: str = ""
    tries: list[tuple[float, JobFiles]] = field(default_factory=list)
    resubmissions: int = 0
    after: str = ""

    @property
    def files(self) -> JobFiles:
        """Of the last submission."""
        return self.tries[-1][1]

    def claim(self) -> Claim:
        return Claim(self.request.key, self.request.fingerprint, self.resubmissions)

    def payload(self, folder: Path, ledger: Ledger, token: str) -> Payload:
        """What runs in the submission `token`."""
        return replace(
            self.request.payload,
            notes=str(folder),
            ledger=str(ledger.folder),
            key=self.request.key,
            token=token,
            restarts=self.resubmissions,
        )

    def sent(self, token: str, files: JobFiles) -> None:
        """Note a submission."""
        self.token, self.after = token, ""
        self.tries.append((time.time(), files))

    def restarts(self) -> int:
        """How often Slurm has started the last submission again."""
        return max((attempt.restart for attempt in self.files.attempts()), default=0) if self.tries else 0

    def submissions(self) -> list[Submitted]:
        """What is known of all of them."""
        return [Submitted(when, files.attempts()) for when, files in self.tries]


def keys_of(requests: Iterable[Request]) -> list[str]:
    return [request.key for request in requests]
