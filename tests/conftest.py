"""How processes share the tests out: `make test` runs four of them (pytest-xdist) on two cores.

Tests on Slurm mostly wait, the others compute. So half of the processes begin with the modules on Slurm, each with a
cluster of its own, and the other half with the rest; what takes longest comes first. Who has nothing left of his own
takes the others' shortest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.workermanage import WorkerController

# Beginnings of scopes (a module, or a class in it), longest first; what is not named comes last.
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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    return WaitingBesideComputing(config, log) if config.getvalue("dist") == "loadscope" else None


class WaitingBesideComputing(LoadScopeScheduling):
    """A module or class at a time, as `--dist loadscope`, but in an order of our own."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(self._next(node), last=False)
        super()._assign_work_unit(node)

    def _next(self, node: WorkerController) -> str:
        """The scope that is this process's turn."""
        waits = int(node.gateway.id.removeprefix("gw")) < self.numnodes // 2
        queue = sorted(self.workqueue, key=_place)
        own = [scope for scope in queue if scope.startswith("tests/slurm/") == waits]
        return own[0] if own else queue[-1]


def _place(scope: str) -> int:
    return next((place for place, start in enumerate(LONGEST) if scope.startswith(start)), len(LONGEST))
