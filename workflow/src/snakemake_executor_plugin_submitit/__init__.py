"""Snakemake executor plugin: jobs go to Slurm, or to this machine, through submitit.

    snakemake --executor submitit --jobs 100                              # Slurm
    snakemake --executor submitit --submitit-cluster local --jobs 4       # subprocesses of this machine

What a job asks for is written in its rule's `resources` (`asking/resources.py`); what it prints is found in
`<folder>/<rule>/<wildcards>.log`. Jobs outlive this process: started again, it finds them (`ledger.py`).

Here stand Snakemake's side (`executor`, `settings`, `opening`, `records`, `progress`, `leaving`), what all rooms share
(`requests`, `names`, `files`, `ledger`, `submission`) and jobs without Slurm (`local`). The rooms: `asking` (resources
as options of sbatch), `shell_rules` (no second Snakemake where none is needed), `slurm` (jobs in charge of this head),
`node` (what runs in the job), `used` (what it used). What this module names is imported when it is asked for: a job
unpickles its payload, and needs nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .executor import Executor, common_settings
    from .settings import ExecutorSettings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]

HOMES = {"Executor": ".executor", "ExecutorSettings": ".settings", "common_settings": ".executor"}


def __getattr__(name: str) -> Any:
    """What Snakemake looks for in a plugin, from the module where it lives."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(HOMES[name], __name__), name)
