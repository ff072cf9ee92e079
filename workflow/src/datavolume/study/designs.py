"""From an experiment's design to its points: which run stands where, and what is still to be decided.

    for laid_out in designs(study, decisions):
        laid_out.points       each with its run, its stage (the factor that is varied there) and the value's label
        laid_out.decisions    what was decided on the way, and at most one that is open

A decision names the best of some candidates, once their runs have ended. It counts as long as the candidates are the
same: an edited study decides again.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from datavolume.study.experiment import variant
from datavolume.study.grid import grid, origins_first, started
from datavolume.study.identity import configuration_id, run_id, spec
from datavolume.study.model import Experiment, Factor, Run, Study

__all__ = ["BASE", "Decided", "Decision", "LaidOut", "Point", "designs"]

# The stage of `best_of`: which configuration an experiment takes over.
BASE = "base"


@dataclass(frozen=True)
class Point:
    """A run's place in a design: `value` is the label of what is varied, `values` those of all factors by name."""

    experiment: str
    stage: str
    value: str
    values: tuple[tuple[str, str], ...]
    run: Run


@dataclass(frozen=True)
class Decided:
    """What was found to be best of which candidates; as it stands in a file of the results."""

    value: str
    digest: str


@dataclass(frozen=True)
class Decision:
    """`candidates`: label (of a value, or a configuration) -> ids of its runs; `value` is the best, None while open.

    `following`: how many runs may come after it, at most.
    """

    experiment: str
    stage: str
    candidates: Mapping[str, tuple[str, ...]]
    value: str | None = None
    following: int = 0

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(dict(self.candidates), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class LaidOut:
    """An experiment as far as it is known."""

    experiment: Experiment
    points: tuple[Point, ...]
    decisions: tuple[Decision, ...] = ()

    @property
    def complete(self) -> bool:
        return not any(decision.value is None for decision in self.decisions)


Known = Mapping[tuple[str, str], Decided]


def designs(study: Study, known: Known | None = None) -> Iterator[LaidOut]:
    """Every experiment; those that others start from or take their base of come first. Raises UserError."""
    found: dict[str, LaidOut] = {}
    for experiment in origins_first(study):
        where = f"study {study.name}: experiments.{experiment.name}"
        laid_out = _lay_out(experiment, known or {}, found, where)
        found[experiment.name] = laid_out
        yield laid_out


def _lay_out(experiment: Experiment, known: Known, found: Mapping[str, LaidOut], where: str) -> LaidOut:
    before: tuple[Decision, ...] = ()
    if experiment.best_of:
        if not all(found[name].complete for name in experiment.best_of):
            return LaidOut(experiment, (), (Decision(experiment.name, BASE, {}, None, _most(experiment)),))
        base, decision = _base(experiment, known, [found[name] for name in experiment.best_of], where)
        if base is None:
            return LaidOut(experiment, (), (decision,))
        experiment, before = base, (decision,)
    if experiment.design == "one_after_another":
        points, after = _one_after_another(experiment, known, where)
        return LaidOut(experiment, points, (*before, *after))
    points = tuple(_points_at_once(experiment, where))
    if experiment.start:
        runs = started(experiment, [point.run for point in points], _runs(found), f"{where}.start")
        points = tuple(replace(point, run=run) for point, run in zip(points, runs, strict=True))
    return LaidOut(experiment, points, before)


def _runs(found: Mapping[str, LaidOut]) -> dict[str, list[Run]]:
    return {name: [point.run for point in laid_out.points] for name, laid_out in found.items()}


def _points_at_once(experiment: Experiment, where: str) -> Iterator[Point]:
    """A factorial, or one factor at a time."""
    if not experiment.vary:
        yield from _at(experiment, "", {}, {}, where)
    elif experiment.design == "one_at_a_time":
        for factor in experiment.vary:
            for label, value in factor.options:
                yield from _at(experiment, factor.name, {factor.name: value}, {factor.name: label}, where)
    else:
        stage = experiment.vary[0].name if len(experiment.vary) == 1 else ""
        names = [factor.name for factor in experiment.vary]
        for combination in itertools.product(*(factor.options for factor in experiment.vary)):
            labels, values = zip(*combination, strict=True)
            yield from _at(
                experiment, stage, dict(zip(names, values, strict=True)), dict(zip(names, labels, strict=True)), where
            )


def _at(
    experiment: Experiment, stage: str, values: Mapping[str, object], labels: Mapping[str, str], where: str
) -> Iterator[Point]:
    varied = variant(experiment, values, where) if values else experiment
    label = labels[stage] if stage in labels else ", ".join(labels.values())
    for run in grid(varied):
        yield Point(experiment.name, stage, label, tuple(labels.items()), run)


def _one_after_another(
    experiment: Experiment, known: Known, where: str
) -> tuple[tuple[Point, ...], tuple[Decision, ...]]:
    """Stage by stage, each at the values that the stages before it chose."""
    points: list[Point] = []
    decisions: list[Decision] = []
    chosen: dict[str, object] = {}
    labels: dict[str, str] = {}
    for place, factor in enumerate(experiment.vary):
        stage = _stage(experiment, factor, chosen, labels, where)
        points += stage
        if place + 1 == len(experiment.vary):
            break
        left = sum(len(later.options) for later in experiment.vary[place + 1 :]) * len(experiment.seeds)
        decision = _settled(Decision(experiment.name, factor.name, _by_value(stage), None, left), known)
        decisions.append(decision)
        if decision.value is None:
            break
        chosen[factor.name], labels[factor.name] = dict(factor.options)[decision.value], decision.value
    return tuple(points), tuple(decisions)


def _stage(
    experiment: Experiment, factor: Factor, chosen: Mapping[str, object], labels: Mapping[str, str], where: str
) -> list[Point]:
    return [
        point
        for label, value in factor.options
        for point in _at(experiment, factor.name, {**chosen, factor.name: value}, {**labels, factor.name: label}, where)
    ]


def _by_value(points: Sequence[Point]) -> dict[str, tuple[str, ...]]:
    candidates: dict[str, list[str]] = {}
    for point in points:
        candidates.setdefault(point.value, []).append(run_id(point.run))
    return {label: tuple(runs) for label, runs in candidates.items()}


def _settled(decision: Decision, known: Known) -> Decision:
    """With the value that was found, if it was found among the same candidates."""
    decided = known.get((decision.experiment, decision.stage))
    if decided is None or decided.digest != decision.digest or decided.value not in decision.candidates:
        return decision
    return replace(decision, value=decided.value)


def _base(
    experiment: Experiment, known: Known, sources: Sequence[LaidOut], where: str
) -> tuple[Experiment | None, Decision]:
    """The experiment at the best configuration of others, once it is decided which one that is."""
    runs: dict[str, dict[str, Run]] = {}
    for point in (point for source in sources for point in source.points):
        runs.setdefault(configuration_id(point.run), {})[run_id(point.run)] = point.run
    candidates = {configuration: tuple(of) for configuration, of in runs.items()}
    decision = _settled(Decision(experiment.name, BASE, candidates, None, _most(experiment)), known)
    if decision.value is None:
        return None, decision
    best = json.loads(spec(next(iter(runs[decision.value].values()))))
    taken = {"architectures": [best["architecture"]], "dataset": best["dataset"], "recipe": best.get("recipe", {})}
    text = {**experiment.text, **taken}
    own = {"design": experiment.design, "vary": experiment.vary, "choose": experiment.choose}
    return replace(_rebuilt(experiment, text, where), **own), decision  # type: ignore[arg-type]


def _rebuilt(experiment: Experiment, text: Mapping[str, object], where: str) -> Experiment:
    return replace(variant(replace(experiment, text=text), {"title": experiment.title or experiment.name}, where))


def _most(experiment: Experiment) -> int:
    """Runs of an experiment whose base is not known yet."""
    combinations = [len(factor.options) for factor in experiment.vary] or [1]
    many = sum(combinations)
    if experiment.design == "factorial":
        many = 1
        for options in combinations:
            many *= options
    return many * len(experiment.volumes) * len(experiment.seeds)
