"""The runs of an experiment at one setting: architectures x volumes x seeds, each from its origin if it has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from datavolume.errors import UserError
from datavolume.study.identity import configuration_id, run_id
from datavolume.study.model import Experiment, Origin, Run, Start, Study
from datavolume.study.validate import nearest

__all__ = ["grid", "origins_first", "started"]


def grid(experiment: Experiment) -> Iterator[Run]:
    """In the order of the study's lists."""
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


def started(experiment: Experiment, runs: Sequence[Run], found: Mapping[str, Sequence[Run]], where: str) -> list[Run]:
    """The runs, each from its origin's run among those `found` so far. Raises UserError where there is none."""
    origin = experiment.start
    return [replace(run, start=_start(run, origin, found, where)) for run in runs] if origin else list(runs)


def origins_first(study: Study) -> list[Experiment]:
    """In the study's order, but for those that others start from, or take their base of.

    Raises UserError for one that does not exist or a circle.
    """
    named = {experiment.name: experiment for experiment in study.experiments}
    ordered: list[Experiment] = []

    def add(experiment: Experiment, after: tuple[str, ...]) -> None:
        where = f"study {study.name}: experiments.{experiment.name}.start"
        if experiment.name in after:
            raise UserError(f"{where}: runs would start from themselves ({' from '.join((*after, experiment.name))})")
        for origin in [*([experiment.start.experiment] if experiment.start else []), *experiment.best_of]:
            if origin not in named:
                raise UserError(f"{where}: experiment '{origin}' is unknown{nearest(origin, named)}")
            add(named[origin], (*after, experiment.name))
        if experiment not in ordered:
            ordered.append(experiment)

    for experiment in study.experiments:
        add(experiment, ())
    return ordered


def _start(run: Run, origin: Origin, found: Mapping[str, Sequence[Run]], where: str) -> Start:
    """The run of the origin with the same data set, architecture and volume, and the same or the asked-for seed."""
    seed = run.seed if origin.seed is None else origin.seed
    wanted = (run.dataset, run.architecture, run.volume, seed)
    for other in found[origin.experiment]:
        if (other.dataset, other.architecture, other.volume, other.seed) == wanted:
            return Start(run=run_id(other), configuration=configuration_id(other), at=origin.at, carry=origin.carry)
    raise UserError(
        f"{where}: experiment {origin.experiment} has no run of {run.architecture} {run.volume.label} with seed {seed}"
    )
