"""What is to be timed of a plan: each (network, image size, batch, tier) once, by the first recipe that has them.

for name, case in cases(plan, paths).items():
    paths.root / "timing" / f"{name}.csv"
    case.resources.cores, case.gpus
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from datavolume.data.sizes import Sizes, sizes_of
from datavolume.errors import UserError
from datavolume.estimate.facts import Key, key_of
from datavolume.study.model import Resources, Run
from datavolume.study.paths import Paths
from datavolume.study.phases import phases_of
from datavolume.study.plan import Plan, PlannedRun

__all__ = ["Case", "case_named", "cases"]


@dataclass(frozen=True)
class Case:
    """`run` has one phase, the one that is timed, with its batch size; `resources` are those of its jobs."""

    key: Key
    run: Run
    sizes: Sizes
    resources: Resources

    @property
    def name(self) -> str:
        recipe = self.run.recipe
        parts = (*self.key, recipe.batch_size, recipe.tier, recipe.network.frozen, bool(self.resources.gpus))
        digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:6]
        return f"{self.key.network}-{self.key.side}px-bs{recipe.batch_size}-{recipe.tier}-{digest}"

    @property
    def gpus(self) -> int:
        """One is enough."""
        return min(1, self.resources.gpus)

    @property
    def cores(self) -> int:
        """Of one process, which decodes nothing."""
        return self.resources.threads

    @property
    def mem_mb(self) -> int:
        return self.resources.mem_mb

    @property
    def parts(self) -> int:
        """GPUs, or processes, that a batch is shared among: one of them is timed, with its part."""
        return max(1, self.resources.gpus or self.resources.processes)


def cases(plan: Plan, paths: Paths | None = None) -> dict[str, Case]:
    """By name, in the order of the plan. Runs whose images' size is not known yet have none."""
    found: dict[str, Case] = {}
    sizes: dict[str, Sizes | None] = {}
    for runs in {run.configuration: run for run in plan.runs}.values():
        for case in _cases_of(runs, paths, sizes):
            found.setdefault(case.name, case)
    return found


def case_named(plan: Plan, name: str, paths: Paths | None = None) -> Case:
    """Raises UserError where the plan has no such case."""
    found = cases(plan, paths)
    if name not in found:
        raise UserError(f"the plan has nothing to be timed as {name}; it has {', '.join(found) or 'none'}")
    return found[name]


def _cases_of(planned: PlannedRun, paths: Paths | None, known: dict[str, Sizes | None]) -> Iterator[Case]:
    run = planned.unpack()
    if planned.dataset not in known:
        folder = paths.data_file(planned.dataset, "index.parquet").parent if paths else None
        known[planned.dataset] = sizes_of(run.dataset, folder)
    sizes = known[planned.dataset]
    if sizes is None:
        return
    for phase in phases_of(run):
        one = Run(
            dataset=run.dataset, architecture=run.architecture, volume=phase.volume, recipe=phase.recipe, seed=run.seed
        )
        yield Case(key_of(run.architecture, phase.recipe, sizes), one, sizes, planned.resources)
