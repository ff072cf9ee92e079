"""A trainer of seconds: many small steps, a checkpoint after each, and a result that tells how it came to be.

    python standin.py NAME STEPS CHECKPOINT RESULT

Each step's value is a hash of the one before, so a step that is lost, repeated or taken from another training shows in
the result. SIGUSR2 and SIGTERM stop it after the step, with exit code 140 or 143; the same command goes on from there.
"""

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from witness import watch  # type: ignore[import-not-found]  # beside it in a run's folder

SECONDS_A_STEP = 0.1


def main() -> int:
    name, steps, checkpoint, result = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    stops: list[int] = []
    for number in (signal.SIGUSR2, signal.SIGTERM):
        signal.signal(number, lambda got, _: stops.append(got))
    watch(os.environ["CHAOS_WITNESS"], name)
    values: list[str] = json.loads(checkpoint.read_text()) if checkpoint.exists() else []
    while len(values) < steps:
        values.append(hashlib.sha256(f"{name} {values[-1:]}".encode()).hexdigest())
        time.sleep(SECONDS_A_STEP)
        write(checkpoint, json.dumps(values))
        if stops:
            return 128 + stops[0]
    write(result, "".join(f"{step},{value}\n" for step, value in enumerate(values)))
    return 0


def write(path: Path, text: str) -> None:
    """Whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with new.open("w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)


if __name__ == "__main__":
    sys.exit(main())
