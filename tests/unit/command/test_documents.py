"""docs/statistics.md shows what the command prints."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parents[3] / "docs"
NUMBER = re.compile(r"\d[\d,]*\.?\d*(?:e-?\d+)?")


def load() -> ModuleType:
    specification = importlib.util.spec_from_file_location("run_examples", DOCS / "run_examples.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


EXAMPLES = load()
BLOCKS = EXAMPLES.blocks((DOCS / "statistics.md").read_text(encoding="utf-8"))


def numbers(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in NUMBER.findall(text)]


@pytest.mark.parametrize("command", [command for command, _ in BLOCKS])
def test_the_document_is_in_step(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If not: python docs/run_examples.py. Last digits may differ between machines."""
    monkeypatch.setenv("COLUMNS", "120")
    shown = dict(BLOCKS)[command]
    now = EXAMPLES.printed(command)
    assert re.sub(r"[ ━─]+", " ", NUMBER.sub("0", shown)) == re.sub(r"[ ━─]+", " ", NUMBER.sub("0", now))
    assert numbers(now) == pytest.approx(numbers(shown), rel=2e-3, abs=1e-9)


def test_there_are_calls_of_both_kinds() -> None:
    assert {command.split()[1] for command, _ in BLOCKS} == {"forecast", "compare"}


def test_links_to_examples_resolve() -> None:
    text = (DOCS / "statistics.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (DOCS / target).exists()
