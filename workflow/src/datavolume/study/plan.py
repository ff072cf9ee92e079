"""The plan: one row a run, in `plan.csv`; the only thing that jobs read.

    plan = expand(study)            what the head does, from the study's YAML
    plan = read_plan(paths.plan)    what each job does: the YAML may have changed since

Runs that several experiments share stand once. Seeds of one configuration are cut into blocks of `seeds_per_job`; one
job trains one block.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path

from datavolume.errors import UserError
from datavolume.files import write_text
from datavolume.study.designs import Known, LaidOut, designs
from datavolume.study.identity import configuration_id, dataset_id, run_from_spec, run_id, spec, subset_id
from datavolume.study.model import Resources, Run, Study, Volume
from datavolume.study.phases import volumes_of

__all__ = ["Plan", "PlannedRun", "block_label", "expand", "plan_of", "planned_run", "read_plan", "write_plan"]


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One row of the plan: what paths and figures need by name, and in `spec` the whole run.

    `kept`: after which shares of its updates other runs start from this one, so that those checkpoints stay.
    """

    run: str
    configuration: str
    block: str
    experiments: str
    dataset: str
    subset: str
    architecture: str
    fraction: float | None
    size: int | None
    seed: int
    resources: Resources
    spec: str
    kept: str = ""

    def unpack(self) -> Run:
        return run_from_spec(self.spec)

    @cached_property
    def subsets(self) -> dict[str, Volume]:
        """Every subset that the run reads, by its id: its own, and those of its phases."""
        if '"phases":[{' not in self.spec:  # 10 000 runs are asked at each start
            return {self.subset: Volume(**json.loads(self.spec)["volume"])}
        return {subset_id(volume): volume for volume in volumes_of(self.unpack())}


@dataclass(frozen=True)
class Plan:
    """All planned runs of a study, found by configuration and seed block."""

    runs: tuple[PlannedRun, ...]

    @cached_property
    def blocks(self) -> dict[tuple[str, str], tuple[PlannedRun, ...]]:
        """(configuration, block label) -> its runs in the order they are trained."""
        blocks: dict[tuple[str, str], list[PlannedRun]] = {}
        for run in self.runs:
            blocks.setdefault((run.configuration, run.block), []).append(run)
        return {key: tuple(runs) for key, runs in blocks.items()}

    @cached_property
    def _named(self) -> dict[str, PlannedRun]:
        return {run.run: run for run in self.runs}

    def find(self, run: str) -> PlannedRun:
        """The run of that id. Raises UserError where the plan has none."""
        if run not in self._named:
            raise UserError(f"the plan has no run {run}; run `snakemake plan` again")
        return self._named[run]

    @cached_property
    def digest(self) -> str:
        """Changes whenever any planned value does."""
        return hashlib.sha256(_to_csv(self.runs).encode()).hexdigest()[:16]

    def block(self, configuration: str, block: str) -> tuple[PlannedRun, ...]:
        """The runs of one job. Raises UserError where the plan has no such block."""
        try:
            return self.blocks[configuration, block]
        except KeyError:
            raise UserError(
                f"the plan has no seed block {block} of configuration {configuration}; run `snakemake plan` again"
            ) from None


def expand(study: Study, known: Known | None = None) -> Plan:
    """Every run of every experiment that is known, once, in the study's order; origins stand before what starts there.

    `known` are the decisions of staged designs so far. Raises UserError where experiments share a run but disagree on
    its resources, or an origin is not to be had.
    """
    return plan_of(study, list(designs(study, known)))


def plan_of(study: Study, laid_out: Sequence[LaidOut]) -> Plan:
    """The plan of designs that are laid out."""
    planned: dict[str, tuple[Run, Resources, list[str]]] = {}
    for experiment, run in ((one.experiment, point.run) for one in laid_out for point in one.points):
        _, resources, names = planned.setdefault(run_id(run), (run, experiment.resources, []))
        if experiment.name not in names:
            names.append(experiment.name)
        if resources != experiment.resources:
            raise UserError(
                f"study {study.name}: experiments {' and '.join(names)} share run {run_id(run)} but ask for other "
                "resources; give both the same"
            )
    return Plan(tuple(_rows(planned, study.seeds_per_job)))


def _rows(planned: dict[str, tuple[Run, Resources, list[str]]], seeds_per_job: int) -> Iterator[PlannedRun]:
    configurations: dict[str, list[str]] = {}
    for name, (run, _, _) in planned.items():
        configurations.setdefault(configuration_id(run), []).append(name)
    kept = _kept([run for run, _, _ in planned.values()])
    for configuration, names in configurations.items():
        for start in range(0, len(names), seeds_per_job):
            block = names[start : start + seeds_per_job]
            label = block_label([planned[name][0].seed for name in block])
            yield from (_row(name, configuration, label, *planned[name], kept.get(name, "")) for name in block)


def _kept(runs: Iterable[Run]) -> dict[str, str]:
    """Run -> the shares of its updates that others start from."""
    shares: dict[str, set[float]] = {}
    for start in (run.start for run in runs if run.start):
        shares.setdefault(start.run, set()).add(start.at)
    return {run: " ".join(f"{share:.17g}" for share in sorted(values)) for run, values in shares.items()}


def _row(
    name: str, configuration: str, block: str, run: Run, resources: Resources, experiments: list[str], kept: str
) -> PlannedRun:
    return PlannedRun(
        run=name,
        configuration=configuration,
        block=block,
        experiments=" ".join(experiments),
        dataset=dataset_id(run.dataset),
        subset=subset_id(run.volume),
        architecture=run.architecture,
        fraction=run.volume.fraction,
        size=run.volume.size,
        seed=run.seed,
        resources=resources,
        spec=spec(run),
        kept=kept,
    )


def block_label(seeds: Sequence[int]) -> str:
    """`0-4` for neighbours, `0_101_202` otherwise; part of a path, so no other signs."""
    if len(seeds) > 1 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}-{seeds[-1]}"
    return "_".join(map(str, seeds))


_RESOURCES = [field.name for field in fields(Resources)]
_LATER = frozenset({"nodes", "workers", "parallel_seeds"})
_COLUMNS = [
    name for field in fields(PlannedRun) for name in (_RESOURCES if field.name == "resources" else [field.name])
]


def write_plan(plan: Plan, path: Path) -> None:
    write_text(path, _to_csv(plan.runs))


def _to_csv(runs: Iterable[PlannedRun]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for run in runs:
        row = {field.name: getattr(run, field.name) for field in fields(run) if field.name != "resources"}
        writer.writerow({**row, **asdict(run.resources)})
    return text.getvalue()


def read_plan(path: Path) -> Plan:
    """With what was planned after each decision (`decided/<experiment>/<stage>.csv`, beside it).

    Raises UserError where a file is missing or is no plan of this version.
    """
    later = sorted((path.parent / "decided").glob("*/*.csv"))
    return Plan(tuple({run.run: run for file in (path, *later) for run in _read(file)}.values()))


def _read(path: Path) -> list[PlannedRun]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [_read_row(row) for row in csv.DictReader(file)]
    except FileNotFoundError:
        raise UserError(f"{path}: there is no plan yet; run `snakemake plan`") from None
    except (KeyError, ValueError, TypeError) as error:
        raise UserError(f"{path}: not a plan of this version ({error}); delete it and run `snakemake plan`") from error


def planned_run(path: Path, *, dataset: str, subset: str | None = None) -> PlannedRun:
    """The first run of a plan's file that uses this data set, and this subset of it. Raises UserError."""
    for run in read_plan(path).runs:
        if run.dataset == dataset and (subset is None or subset in run.subsets):
            return run
    wanted = f"subset {subset} of dataset {dataset}" if subset else f"dataset {dataset}"
    raise UserError(f"{path}: no run uses {wanted}; run `snakemake plan` again")


def _read_row(row: dict[str, str]) -> PlannedRun:
    """A column that came with a later version may be missing: the value then is what it was before, the default."""
    resources = Resources(**{name: int(row.pop(name)) for name in _RESOURCES if name in row or name not in _LATER})
    return PlannedRun(
        **{
            **row,
            "fraction": float(row["fraction"]) if row["fraction"] else None,
            "size": int(row["size"]) if row["size"] else None,
            "seed": int(row["seed"]),
            "resources": resources,
        }  # type: ignore[arg-type]
    )
