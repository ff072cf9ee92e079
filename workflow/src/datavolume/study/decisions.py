"""Decisions of staged designs as files: what is best of a stage, and the plan of the runs that follow.

known = read_decided(paths)                     what jobs have decided so far
designs(study, known)
write_decided(paths, decision, value, scores)   a checkpoint's output
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datavolume.errors import UserError
from datavolume.files import write_json
from datavolume.study.designs import Decided, Decision, designs
from datavolume.study.model import Study
from datavolume.study.paths import Paths
from datavolume.study.plan import Plan, expand, plan_of, write_plan

__all__ = ["find_decision", "following", "read_decided", "write_decided"]


def read_decided(paths: Paths) -> dict[tuple[str, str], Decided]:
    """By experiment and stage; empty where nothing was decided. Raises UserError for a file that cannot be read."""
    files = sorted((paths.root / "decided").glob("*/*.json"))
    return {(file.parent.name, file.stem): _read(file) for file in files}


def _read(file: Path) -> Decided:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        return Decided(values["value"], values["digest"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file}: cannot be read ({error}); delete it, so that it is decided again") from error


def find_decision(study: Study, known: Mapping[tuple[str, str], Decided], experiment: str, stage: str) -> Decision:
    """The decision of a stage, as far as it is known. Raises UserError where the design does not have it yet."""
    for laid_out in designs(study, known):
        for decision in laid_out.decisions:
            if (decision.experiment, decision.stage) == (experiment, stage):
                return decision
    raise UserError(f"study {study.name}: nothing is to be decided at stage {stage} of experiment {experiment}")


def following(study: Study, known: Mapping[tuple[str, str], Decided], decision: Decision, value: str) -> Plan:
    """The runs that are planned once `value` is chosen, and were not before."""
    after = {**known, (decision.experiment, decision.stage): Decided(value, decision.digest)}
    before = {run.run for run in expand(study, known).runs}
    mine = [one for one in designs(study, after) if one.experiment.name == decision.experiment]
    return Plan(tuple(run for run in plan_of(study, mine).runs if run.run not in before))


def write_decided(
    paths: Paths, decision: Decision, value: str, scores: Sequence[Mapping[str, Any]], plan: Plan
) -> None:
    """The plan first: a decision that stands in the results has its runs planned."""
    write_plan(plan, paths.decided(decision.experiment, decision.stage, "csv"))
    content = {
        "experiment": decision.experiment,
        "stage": decision.stage,
        "value": value,
        "digest": decision.digest,
        "scores": list(scores),
    }
    write_json(paths.decided(decision.experiment, decision.stage), content)
