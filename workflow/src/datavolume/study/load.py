"""From a study's YAML to the frozen Study.

study = load_study(find_study("digits", Path("config/studies")), scale="full")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datavolume.errors import UserError
from datavolume.study.build import build
from datavolume.study.consistency import check_study
from datavolume.study.experiment import build_experiment, merge
from datavolume.study.model import Answer, Artefact, Experiment, Study
from datavolume.study.validate import check, nearest, read_yaml

__all__ = ["find_study", "load_study"]

_SHARED = ("dataset", "recipe", "subsets", "resources")
_OWN = ("draw", "title", "caption", "section")


def find_study(name: str, folder: Path) -> Path:
    """The file of a study's name, or of a path. Raises UserError with the names there are."""
    path = Path(name)
    if path.stem == "data":
        raise UserError(f"study {name}: no study can be called 'data', where the results keep the images; rename it")
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise UserError(f"study file {path} does not exist; give the path of a study's YAML")
        return path
    named = folder / f"{name}.yaml"
    if not named.is_file():
        studies = [path.stem for path in folder.glob("*.yaml")]
        raise UserError(f"study '{name}' does not exist{nearest(name, studies)}")
    return named


def load_study(path: Path, scale: str = "full") -> Study:
    """Read, validate at both scales, and resolve every default. Raises UserError."""
    text = read_yaml(path)
    check(text, "study", path)
    full = {key: value for key, value in text.items() if key != "smoke"}
    part = text.get("smoke", {})
    smoke = _without_null(merge(full, part), part)
    check(smoke, "study", f"{path} with its smoke part")
    return _study(path, scale, smoke if scale == "smoke" else full)


def _without_null(text: Mapping[str, Any], smoke: Mapping[str, Any]) -> dict[str, Any]:
    """Without the keys, experiments and artefacts that the smoke part takes away by saying null."""
    kept = {key: value for key, value in text.items() if not (key in smoke and smoke[key] is None)}
    return {
        key: _without_null(value, smoke.get(key, {}))
        if isinstance(value, Mapping) and isinstance(smoke.get(key, {}), Mapping)
        else value
        for key, value in kept.items()
    }


def _study(path: Path, scale: str, text: Mapping[str, Any]) -> Study:
    shared = {key: text.get(key, {}) for key in _SHARED}
    study = Study(
        name=path.stem,
        scale=scale,
        title=text["title"],
        question=text["question"],
        margin=text.get("margin", 0.01),
        seeds_per_job=text.get("seeds_per_job", 1),
        experiments=tuple(
            _experiment(path, name, merge(shared, values)) for name, values in text["experiments"].items()
        ),
        text=text,
        artefacts=tuple(_artefacts(text.get("artefacts", {}))),
        answer=build(Answer, text.get("answer", {})),
        published=text.get("published", ""),
    )
    check_study(study, str(path))
    return study


def _experiment(path: Path, name: str, text: Mapping[str, Any]) -> Experiment:
    if "name" not in text["dataset"]:
        raise UserError(f"{path}: key 'dataset.name' is missing, in the study or in experiments.{name}")
    return build_experiment(name, text, f"{path}: experiments.{name}")


def _artefacts(texts: Mapping[str, Mapping[str, Any]]) -> Iterator[Artefact]:
    """An artefact that says nothing of what draws it is drawn by what has its name."""
    for name, text in texts.items():
        own = {key: text[key] for key in _OWN if key in text}
        options = {key: value for key, value in text.items() if key not in _OWN}
        yield Artefact(**{"name": name, "draw": name, **own, "options": options})
