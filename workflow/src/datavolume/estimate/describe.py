"""From a plan to an estimate; what the head asks for in a dry run, and the plan target in full.

estimate = describe(study, plan, laid_out, paths=paths, device="h200", limit=slurm_limit())
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from datavolume.data.sizes import Sizes, sizes_of
from datavolume.estimate.cost import Cost, cost_of
from datavolume.estimate.facts import key_of
from datavolume.estimate.limits import Limit
from datavolume.estimate.model import Estimate, Row, Undecided
from datavolume.estimate.speed import Speeds
from datavolume.estimate.tables import read_speeds
from datavolume.study.designs import Decision, LaidOut
from datavolume.study.model import Run, Study, Volume
from datavolume.study.paths import Paths
from datavolume.study.plan import Plan, PlannedRun

__all__ = ["describe"]

_USUAL_GPU = "a100"


def describe(
    study: Study,
    plan: Plan,
    laid_out: Sequence[LaidOut] = (),
    *,
    paths: Paths | None = None,
    device: str | None = None,
    tables: Path = Path("config"),
    limit: Limit | None = None,
    count: bool = True,
    build: bool = False,
) -> Estimate:
    """What the runs of a plan will take, without data and without a GPU.

    `device` is what jobs that ask for GPUs run on (none: the one that was timed, or an A100); others run on the CPU.
    `count`: images of a user's own may be counted in their folders. `build`: a network that config/networks.csv lacks
    is built, which imports torch. Raises UserError for an unknown device and a table that cannot be read.
    """
    speeds = read_speeds(tables, paths.root / "timing" if paths else None)
    gpu = device or next((row.device for row in speeds.measured if row.device != "cpu"), _USUAL_GPU)
    speeds.check(gpu)
    rows = tuple(_Rows(plan, speeds, gpu, paths, count, build).rows())
    return Estimate(
        study=study.name,
        scale=study.scale,
        rows=rows,
        undecided=tuple(_undecided(laid_out, rows)),
        points=sum(len(one.points) for one in laid_out) if laid_out else None,
        limit=limit,
    )


@dataclass
class _Rows:
    """Seeds, and subsets of one size, cost the same: each is worked out once, as 10 000 runs are asked in a dry run."""

    plan: Plan
    speeds: Speeds
    gpu: str
    paths: Paths | None
    count: bool
    build: bool
    _costs: dict[tuple[object, ...], Cost | str] = field(default_factory=dict)
    _sizes: dict[str, Sizes | None] = field(default_factory=dict)
    _runs: dict[str, Run] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        jobs: dict[str, list[int]] = {}
        first: dict[str, PlannedRun] = {}
        for (configuration, _), runs in self.plan.blocks.items():
            jobs.setdefault(configuration, []).append(len(runs))
            first.setdefault(configuration, runs[0])
        return (self._row(run, tuple(jobs[configuration])) for configuration, run in first.items())

    def _row(self, run: PlannedRun, jobs: tuple[int, ...]) -> Row:
        device = self.gpu if run.resources.gpus else "cpu"
        cost = self._cost(run, device)
        resources = run.resources
        return Row(
            configuration=run.configuration,
            network=run.architecture,
            volume=f"{run.fraction:.4g}" if run.size is None else f"{run.size} images",
            experiments=tuple(run.experiments.split()),
            jobs=jobs,
            device=device,
            units=resources.cores * resources.nodes if device == "cpu" else resources.gpus,
            runtime=resources.runtime,
            cost=None if isinstance(cost, str) else cost,
            unknown=cost if isinstance(cost, str) else "",
        )

    def _cost(self, planned: PlannedRun, device: str) -> Cost | str:
        """Or why there is none."""
        key = (*_shape(planned.spec), planned.fraction, planned.size, planned.resources, planned.kept, device)
        if key not in self._costs:
            self._costs[key] = self._worked_out(planned, device)
        return self._costs[key]

    def _worked_out(self, planned: PlannedRun, device: str) -> Cost | str:
        run = self._run(planned)
        sizes = self._sizes_of(planned.dataset, run)
        if sizes is None:
            return f"{run.dataset.path or run.dataset.name}: unknown until the data are indexed"
        cost = self._with(run, planned, sizes, device)
        if cost is None and self.build:
            self._learn(run, sizes)
            cost = self._with(run, planned, sizes, device)
        return cost or f"{run.architecture} is not in config/networks.csv: `snakemake plan` builds it"

    def _run(self, planned: PlannedRun) -> Run:
        """Unpacked once for all that differ in volume and seed alone, of which only the number of images counts."""
        before, _, carry = _shape(planned.spec)
        if carry:
            return planned.unpack()
        if before not in self._runs:
            self._runs[before] = planned.unpack()
        return replace(self._runs[before], volume=Volume(fraction=planned.fraction, size=planned.size))

    def _with(self, run: Run, planned: PlannedRun, sizes: Sizes, device: str) -> Cost | None:
        return cost_of(run, planned.resources, sizes, self.speeds, device=device, kept=len(planned.kept.split()))

    def _sizes_of(self, dataset: str, run: Run) -> Sizes | None:
        if dataset not in self._sizes:
            folder = self.paths.data_file(dataset, "index.parquet").parent if self.paths else None
            self._sizes[dataset] = sizes_of(run.dataset, folder, count=self.count)
        return self._sizes[dataset]

    def _learn(self, run: Run, sizes: Sizes) -> None:
        from datavolume.estimate.networks import build_facts

        key = key_of(run.architecture, run.recipe, sizes)
        self.speeds = replace(self.speeds, networks=self.speeds.networks.with_more({key: build_facts(key)}))


def _shape(spec: str) -> tuple[str, float, str]:
    """What of a run's canonical JSON its cost depends on: all before the seed, and where it starts from.

    Its keys are sorted: architecture, dataset, recipe, seed, start, volume.
    """
    before, _, behind = spec.partition(',"seed":')
    if '"start":' not in behind:
        return before, 0.0, ""
    start = json.loads(spec)["start"]
    return before, start.get("at", 1.0), start.get("carry", "state")


def _undecided(laid_out: Sequence[LaidOut], rows: Sequence[Row]) -> Iterator[Undecided]:
    for one in laid_out:
        for decision in one.decisions:
            if decision.value is None:
                yield _later(one, decision, rows)


def _later(one: LaidOut, decision: Decision, rows: Sequence[Row]) -> Undecided:
    """The runs that follow are taken to cost what those before them do, on average."""
    for names in ({one.experiment.name}, set(one.experiment.best_of)):
        alike = [row for row in rows if row.cost and names & set(row.experiments)]
        if alike:
            break
    runs = sum(row.runs for row in alike)
    each = sum(row.device_hours for row in alike) / runs if runs else 0.0
    device = alike[0].device if alike else "cpu"
    return Undecided(decision.experiment, decision.stage, decision.following, decision.following * each, device)
