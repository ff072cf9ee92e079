"""Snakemake's own tests of an executor plugin, on each cluster that needs no Slurm (tests/slurm has the other)."""

import pytest
import snakemake.common.tests
from snakemake_interface_executor_plugins.settings import ExecutorSettingsBase

from snakemake_executor_plugin_submitit import ExecutorSettings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulp")  # Snakemake's solver


class TestLocal(snakemake.common.tests.TestWorkflowsLocalStorageBase):
    """Chains, wildcards and job groups on subprocesses of this machine."""

    __test__ = True

    def get_executor(self) -> str:
        return "submitit"

    def get_executor_settings(self) -> ExecutorSettingsBase:
        return ExecutorSettings(cluster="local", poll_seconds=0.1)


class TestDebug(TestLocal):
    """A chain in this process; a group is to it one more command."""

    test_group_workflow = None

    def get_executor_settings(self) -> ExecutorSettingsBase:
        return ExecutorSettings(cluster="debug", poll_seconds=0.1)
