"""A study without some of its experiments, and without the artefacts that would then have nothing to show."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from datavolume.errors import UserError
from datavolume.study.model import Answer, Artefact, Study

__all__ = ["without"]


def without(study: Study, names: Collection[str]) -> Study:
    """Raises UserError where nothing would be left."""
    if not names:
        return study
    experiments = tuple(one for one in study.experiments if one.name not in names)
    if not experiments:
        raise UserError(f"study {study.name}: the images of none of its experiments are there; see `dataset` of each")
    artefacts = tuple(_narrowed(artefact, names) for artefact in study.artefacts if _has_runs(artefact, names))
    answer = replace(study.answer, experiments=tuple(name for name in study.answer.experiments if name not in names))
    return replace(
        study, experiments=experiments, artefacts=artefacts, answer=answer, text=_text(study, names, artefacts, answer)
    )


def _has_runs(artefact: Artefact, names: Collection[str]) -> bool:
    named = artefact.named
    return not named or any(name not in names for name in named)


def _narrowed(artefact: Artefact, names: Collection[str]) -> Artefact:
    """With those of its experiments that are left."""
    several = artefact.options.get("experiments")
    if not isinstance(several, list):
        return artefact
    return replace(artefact, options={**artefact.options, "experiments": [one for one in several if one not in names]})


def _text(study: Study, names: Collection[str], artefacts: tuple[Artefact, ...], answer: Answer) -> dict[str, object]:
    """As jobs read it: the same study again."""
    kept = {artefact.name: artefact.options for artefact in artefacts}
    text = dict(study.text)
    text["experiments"] = {name: value for name, value in text["experiments"].items() if name not in names}
    if "artefacts" in text:
        text["artefacts"] = {name: {**value, **kept[name]} for name, value in text["artefacts"].items() if name in kept}
    if answer.experiments:
        text["answer"] = {**text["answer"], "experiments": list(answer.experiments)}
    elif "answer" in text:
        text["answer"] = {key: value for key, value in text["answer"].items() if key != "experiments"}
    return text
