"""Fixtures for the tests that need a real Slurm; each of those tests carries the marker `slurm`.

`slurm` is the cluster that SLURM_CONF points to when `make slurm` has started it, else a private one that lives as
long as the tests. Without Slurm's packages the tests are skipped, or fail where DATAVOLUME_REQUIRE_SLURM=1 is set.
Where several processes share the tests out, each has a cluster of its own, and only the first one takes a present one.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from loopback.client import Slurm, held_cluster, present_cluster, why_not  # noqa: E402


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slurm)


@pytest.fixture(scope="session")
def slurm_packages(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Slurm's programs are on this machine, or the test is skipped (fails where they are required)."""
    required = os.environ.get("DATAVOLUME_REQUIRE_SLURM") == "1"
    with (tmp_path_factory.getbasetemp().parent / "packages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process installs them, the others wait
        reason = why_not(install=required or os.geteuid() == 0)
    if reason and required:
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def slurm(slurm_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:  # noqa: ARG001
    """A running cluster with accounting."""
    present = present_cluster()
    if present and os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
        yield present
        return
    with held_cluster(tmp_path_factory.mktemp("slurm")) as private:
        yield private
