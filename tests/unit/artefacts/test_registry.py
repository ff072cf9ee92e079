from __future__ import annotations

import subprocess
import sys

import pytest

from datavolume.artefacts import caption, figure_names, table_names
from datavolume.artefacts.registry import FIGURES, find
from datavolume.errors import UserError


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


@pytest.mark.parametrize("name", [*figure_names(), *table_names()])
def test_everything_has_a_caption(name: str) -> None:
    assert caption(name).endswith(".")


def test_an_unknown_name_gets_the_valid_ones() -> None:
    with pytest.raises(UserError, match=r"'acuracy_boxes'; did you mean 'accuracy_boxes'\? \(allowed: accuracy_b"):
        find(FIGURES, "acuracy_boxes")
