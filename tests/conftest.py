"""What takes longest comes first, so that the processes of `make test` end together.

pytest-xdist keeps this order with --no-loadscope-reorder. Ctrl-C works in all that the tests start, even where a shell
runs them behind another command and so has it ignored. What a test leaves behind in its process fails that test, not
another one a minute later.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest

# Beginnings of names, longest first; what is not named comes last.
LONGEST = (
    "tests/workflow/test_papers.py::TestStepwise",
    "tests/workflow/test_papers.py::TestCifar10Tuning",
    "tests/workflow/test_papers.py::TestDataVolumeThesis",
    "tests/workflow/test_papers.py::TestImagenette",
    "tests/workflow/test_papers.py::TestEmnistLetters",
    "tests/workflow/",
    "tests/unit/studies/",
    "tests/unit/training/test_distributed.py",
    "tests/unit/artefacts/",
    "tests/slurm/test_study.py",
    "tests/slurm/test_nodes.py",
    "tests/slurm/test_reattach.py",
    "tests/slurm/test_executor.py",
)

POOL = "ThreadPoolExecutor"
GRACE = 60.0  # seconds for threads that were told to end

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.nodeid))


def _place(name: str) -> int:
    return next((place for place, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    """A test's threads have ended with it, and signals do again what they did."""
    threads = set(threading.enumerate())
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    yield
    for number, handler in handlers.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)
    staying = _that_stay(set(threading.enumerate()) - threads)
    assert not staying, f"threads go on after the test: {staying}"


def _that_stay(threads: set[threading.Thread]) -> list[threading.Thread]:
    """Without those of a pool, which only wait for work."""
    end = time.monotonic() + GRACE
    while staying := [thread for thread in threads if thread.is_alive() and not thread.name.startswith(POOL)]:
        if time.monotonic() > end:
            break
        time.sleep(0.01)
    return staying
