"""What takes longest comes first, so that the processes of `make test` end together.

pytest-xdist keeps this order with --no-loadscope-reorder. Ctrl-C works in all that the tests start, even where a shell
runs them behind another command and so has it ignored.
"""

from __future__ import annotations

import signal

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

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.nodeid))


def _place(name: str) -> int:
    return next((place for place, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))
