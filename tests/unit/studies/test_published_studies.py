"""Every study that is shipped: its full plan holds the runs that each of its artefacts needs, and its smoke plan too.

The runs are made up, so nothing is trained; the artefacts are drawn by the functions that draw the real ones.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from unit.studies.made_up import results_of

from datavolume.artefacts import chosen, find
from datavolume.artefacts.drawing import draw
from datavolume.artefacts.results import Results
from datavolume.artefacts.setting import make
from datavolume.study import load_study

STUDIES = Path(__file__).parents[3] / "config/studies"
SCALES = ("full", "smoke")
EMPTY = {("imagenette_short", "voting_by_volume")}  # one seed: the figure says so
SHOWN = [
    pytest.param(file, scale, artefact.name, id=f"{file.stem}-{scale}-{artefact.name}")
    for file in sorted(STUDIES.glob("*.yaml"))
    if file.stem != "template"
    for scale in SCALES
    for artefact in chosen(load_study(file, scale).artefacts)
]


@cache
def made_up(file: Path, scale: str) -> Results:
    return results_of(load_study(file, scale), file)


@pytest.mark.parametrize(("file", "scale", "name"), SHOWN)
def test_every_artefact_finds_its_runs(file: Path, scale: str, name: str) -> None:
    artefact = {one.name: one for one in chosen(load_study(file, scale).artefacts)}[name]
    results = made_up(file, scale)
    if find(artefact.draw).form == "table":
        assert make(artefact.draw, results, artefact.options).groups
    else:
        assert len(draw(artefact.draw, results, artefact.options).data) or (file.stem, name) in EMPTY
        if find(artefact.draw).interactive:
            assert find(artefact.draw).load_interactive()(results, **artefact.options).data
