"""Snakemake executor plugin: jobs go to Slurm, or to this machine, through submitit.

    snakemake --executor submitit --jobs 100                              # Slurm
    snakemake --executor submitit --submitit-cluster local --jobs 4       # subprocesses of this machine

What a job asks for is written in its rule's `resources`, see `resources.py`; what it prints is found in
`<folder>/<rule>/<wildcards>.log`. Jobs outlive this process: started again, it finds them (`ledger`).

What stands here is imported when it is asked for: a job unpickles its `payload`, and needs nothing else.

From the head to the node: `executor`, `settings`, `opening` (which cluster), `slurm` (jobs in charge) with `outbox`
(arrays and limits), `status`, `queue`, `reattach`, `nodes`; `local`; `submission` (submitit), `commands` (Slurm's
programs), `files` and `ledger` (on disk), `payload` (in the job) with `chain`, `signals`, `lease`, `attempts`;
`direct` (plain shell rules); `efficiency` and `progress`.
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
