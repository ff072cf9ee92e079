from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from datavolume.artefacts import figure_names, table_names
from datavolume.artefacts.registry import FIGURES, TABLES, Artefact, find
from datavolume.errors import UserError

CAPTIONS = Path(__file__).parents[3] / "workflow/report"


def test_the_names_cost_no_import() -> None:
    """The Snakefile asks for them each time, in the head and in every job."""
    heavy = ("matplotlib", "pandas", "numpy", "torch", "statsmodels")
    code = f"import sys, datavolume.artefacts; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_first_figure_is_the_answers() -> None:
    assert figure_names()[0] == "accuracy_by_volume"
    assert set(figure_names()) == {"accuracy_by_volume", "accuracy_boxes", "learning_curves", "generalisation_gap"}
    assert table_names() == ("results",)


@pytest.mark.parametrize("artefact", [*FIGURES.values(), *TABLES.values()], ids=lambda artefact: artefact.name)
def test_snakemakes_caption_is_in_step(artefact: Artefact) -> None:
    assert " ".join((CAPTIONS / f"{artefact.name}.rst").read_text().split()) == artefact.caption


def test_every_caption_file_belongs_to_something() -> None:
    assert {file.stem for file in CAPTIONS.glob("*.rst")} == {*FIGURES, *TABLES, "workflow", "report"}


def test_an_unknown_name_gets_the_valid_ones() -> None:
    with pytest.raises(UserError, match=r"'acuracy_boxes'; did you mean accuracy_boxes\? \(there are: accuracy_by"):
        find(FIGURES, "acuracy_boxes")
