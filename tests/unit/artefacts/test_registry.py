from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from datavolume.artefacts import chosen, find
from datavolume.artefacts.registry import DEFAULTS, KINDS
from datavolume.errors import UserError
from datavolume.study import Artefact


def test_the_names_cost_no_import() -> None:
    """The Snakefile asks for them each time, in the head and in every job."""
    heavy = ("matplotlib", "pandas", "numpy", "torch", "statsmodels", "plotly")
    code = f"import sys, datavolume.artefacts; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_study_that_names_no_artefacts_shows_the_default_ones() -> None:
    shown = chosen([])
    assert tuple(artefact.name for artefact in shown) == DEFAULTS
    assert shown[0].title == KINDS["accuracy_by_volume"].title


def test_a_studys_own_title_and_options_count() -> None:
    asked = Artefact(name="table_1", draw="results", title="Table 1")
    (shown,) = chosen([asked])
    assert (shown.title, shown.caption) == ("Table 1", KINDS["results"].caption)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_a_caption_and_a_function_with_its_options(name: str) -> None:
    kind = find(name)
    assert kind.caption.endswith(".")
    functions = [kind.load(), *([kind.load_interactive()] if kind.interactive else [])]
    for function in functions:
        parameters = inspect.signature(function).parameters.values()
        options = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
        assert sorted(options) == sorted(kind.options)


@pytest.mark.parametrize(
    ("artefact", "told"),
    [
        (Artefact(name="a", draw="acuracy_boxes"), r"artefacts.a: .*'acuracy_boxes'; did you mean 'accuracy_boxes'\?"),
        (Artefact(name="a", draw="results", options={"colour": "red"}), "artefacts.a: 'results' takes no option 'colo"),
    ],
)
def test_an_unknown_name_or_option_is_one_line(artefact: Artefact, told: str) -> None:
    with pytest.raises(UserError, match=told):
        chosen([artefact])
