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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path

from datavolume.errors import UserError
from datavolume.files import write_text
from datavolume.study.identity import configuration_id, dataset_id, run_from_spec, run_id, spec, subset_id
from datavolume.study.model import Experiment, Resources, Run, Study

__all__ = ["Plan", "PlannedRun", "block_label", "expand", "planned_run", "read_plan", "write_plan"]


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One row of the plan: what paths and figures need by name, and in `spec` the whole run."""

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

    def unpack(self) -> Run:
        return run_from_spec(self.spec)


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


def expand(study: Study) -> Plan:
    """Every run of every experiment, once, in the study's order.

    Raises UserError where experiments share a run but disagree on its resources.
    """
    planned: dict[str, tuple[Run, Resources, list[str]]] = {}
    for experiment in study.experiments:
        for run in _grid(experiment):
            _, resources, names = planned.setdefault(run_id(run), (run, experiment.resources, []))
            names.append(experiment.name)
            if resources != experiment.resources:
                raise UserError(
                    f"study {study.name}: experiments {' and '.join(names)} share run {run_id(run)} but ask for other "
                    "resources; give both the same"
                )
    return Plan(tuple(_rows(planned, study.seeds_per_job)))


def _grid(experiment: Experiment) -> Iterator[Run]:
    for architecture in experiment.architectures:
        for volume in experiment.volumes:
            for seed in experiment.seeds:
                yield Run(
                    dataset=experiment.dataset,
                    architecture=architecture,
                    volume=volume,
                    recipe=experiment.recipe,
                    seed=seed,
                )


def _rows(planned: dict[str, tuple[Run, Resources, list[str]]], seeds_per_job: int) -> Iterator[PlannedRun]:
    configurations: dict[str, list[str]] = {}
    for name, (run, _, _) in planned.items():
        configurations.setdefault(configuration_id(run), []).append(name)
    for configuration, names in configurations.items():
        for start in range(0, len(names), seeds_per_job):
            block = names[start : start + seeds_per_job]
            label = block_label([planned[name][0].seed for name in block])
            yield from (_row(name, configuration, label, *planned[name]) for name in block)


def _row(
    name: str, configuration: str, block: str, run: Run, resources: Resources, experiments: list[str]
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
    )


def block_label(seeds: Sequence[int]) -> str:
    """`0-4` for neighbours, `0_101_202` otherwise; part of a path, so no other signs."""
    if len(seeds) > 1 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}-{seeds[-1]}"
    return "_".join(map(str, seeds))


_RESOURCES = [field.name for field in fields(Resources)]
_LATER = frozenset({"nodes"})
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
    """Raises UserError where the file is missing or is no plan of this version."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return Plan(tuple(_read_row(row) for row in csv.DictReader(file)))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no plan yet; run `snakemake plan`") from None
    except (KeyError, ValueError, TypeError) as error:
        raise UserError(f"{path}: not a plan of this version ({error}); delete it and run `snakemake plan`") from error


def planned_run(path: Path, **values: str) -> PlannedRun:
    """The first run of a plan's file whose columns have these values. Raises UserError where there is none."""
    for run in read_plan(path).runs:
        if all(getattr(run, column) == value for column, value in values.items()):
            return run
    wanted = " of ".join(f"{column} {value}" for column, value in values.items())
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
