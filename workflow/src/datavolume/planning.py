"""What is planned as far as it is known: a study's plan grows when a staged design decides.

planning = Planning(study, paths)
planning.plan           every run that is known now
planning.decisions      what was decided, and what is open
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from datavolume.study import Decision, LaidOut, Paths, Plan, Study, designs, plan_of, read_decided

__all__ = ["Planning"]


@dataclass(frozen=True, eq=False)
class Planning:
    """The designs of one study, with the decisions that stand in its results; hashed by identity."""

    study: Study
    paths: Paths

    @cached_property
    def deciding(self) -> tuple[str, ...]:
        """The experiments that decide on the way."""
        return tuple(one.name for one in self.study.experiments if one.design == "one_after_another" or one.best_of)

    @property
    def staged(self) -> bool:
        return bool(self.deciding)

    @property
    def laid_out(self) -> tuple[LaidOut, ...]:
        """Read anew whenever a decision was made since."""
        return _laid_out(self, self._stamp)

    @property
    def plan(self) -> Plan:
        return _plan(self, self._stamp)

    @cached_property
    def first(self) -> Plan:
        """What is known before anything is decided: the rows of plan.csv."""
        return plan_of(self.study, list(designs(self.study)))

    @property
    def decisions(self) -> list[Decision]:
        return [decision for one in self.laid_out for decision in one.decisions]

    def decided_by(self, experiment: str) -> list[Decision]:
        return [decision for decision in self.decisions if decision.experiment == experiment]

    def before(self, experiment: str, stage: str) -> Iterator[Decision]:
        """What must be decided before that stage can be."""
        sources = next((one.best_of for one in self.study.experiments if one.name == experiment), ())
        for decision in self.decisions:
            if decision.experiment in sources:
                yield decision
            elif decision.experiment == experiment:
                if decision.stage == stage:
                    return
                yield decision

    def decision(self, experiment: str, stage: str) -> Decision:
        """As far as it is known: without candidates while an earlier stage is open."""
        for decision in self.decisions:
            if (decision.experiment, decision.stage) == (experiment, stage):
                return decision
        return Decision(experiment, stage, {})

    @property
    def _stamp(self) -> tuple[tuple[Path, int], ...]:
        if not self.staged:
            return ()
        files = sorted((self.paths.root / "decided").glob("*/*.json"))
        return tuple((file, file.stat().st_mtime_ns) for file in files)


Stamp = tuple[tuple[Path, int], ...]


@lru_cache(maxsize=8)
def _laid_out(planning: Planning, stamp: Stamp) -> tuple[LaidOut, ...]:
    known = read_decided(planning.paths) if stamp else {}
    return tuple(designs(planning.study, known))


@lru_cache(maxsize=8)
def _plan(planning: Planning, stamp: Stamp) -> Plan:
    return plan_of(planning.study, _laid_out(planning, stamp))
