"""The lock, the conda environment, the container recipe and pyproject.toml say the same."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
TOOLS = [Requirement(text) for text in PROJECT["project"]["optional-dependencies"]["dev"]]
BUILD = [Requirement(text) for text in PROJECT["build-system"]["requires"]]
PIN = re.compile(r"[a-z0-9-]+==[A-Za-z0-9.!+]+( ; .+)?")


def lines(path: str) -> list[str]:
    """The lines of a file that are not comments or empty."""
    return [line for line in (ROOT / path).read_text().splitlines() if line.strip() and not line.startswith("#")]


def pins(texts: list[str]) -> dict[str, str]:
    """Normalised package name → pinned version."""
    found: dict[str, str] = {}
    for requirement in map(Requirement, texts):
        (specifier,) = requirement.specifier
        assert specifier.operator == "=="
        found[canonicalize_name(requirement.name)] = specifier.version
    return found


LOCKED = pins(lines("envs/lock.txt"))
CONDA = yaml.safe_load((ROOT / "envs/datavolume.yaml").read_text())
CONDA_PIP = next(entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict))


def conda_python() -> str:
    """The Python of the conda environment, as "3.11"."""
    (entry,) = (str(each) for each in CONDA["dependencies"] if str(each).startswith("python="))
    return entry.removeprefix("python=")


def test_lock_has_only_pins_sorted_and_once() -> None:
    found = lines("envs/lock.txt")
    assert [line for line in found if not PIN.fullmatch(line)] == []
    names = [line.split("==")[0] for line in found]
    assert names == sorted(set(names))


@pytest.mark.parametrize("requirement", [*RUNTIME, *TOOLS, *BUILD], ids=lambda requirement: requirement.name)
def test_lock_satisfies_pyproject(requirement: Requirement) -> None:
    assert LOCKED[canonicalize_name(requirement.name)] in requirement.specifier


def test_lock_has_the_versions_the_issue_names() -> None:
    wanted = {"torch": "2.15.0", "torchvision": "0.29.2", "submitit": "1.5.4"}
    assert {name: LOCKED[name] for name in wanted} == wanted
    assert LOCKED["snakemake"].startswith("9.27.")


def test_conda_environment_pins_the_dependencies_as_the_lock_does() -> None:
    assert pins(CONDA_PIP) == {name: LOCKED[name] for name in (canonicalize_name(each.name) for each in RUNTIME)}


def test_conda_and_container_have_one_supported_python() -> None:
    container = re.findall(r"^FROM python:(\d+\.\d+)-", (ROOT / "envs/Containerfile").read_text(), re.MULTILINE)
    assert container == [conda_python()]
    assert conda_python() in SpecifierSet(PROJECT["project"]["requires-python"])


def test_container_installs_the_lock_and_nothing_beside_it() -> None:
    recipe = (ROOT / "envs/Containerfile").read_text()
    source, target = re.findall(r"^COPY (\S+) (\S+)$", recipe, re.MULTILINE)[0]
    assert source == "envs/lock.txt"
    assert re.findall(r"pip install (.*)", recipe) == [f"--no-cache-dir -r {target}"]


@pytest.mark.parametrize("path", ["envs/lock.txt", "envs/datavolume.yaml", "envs/Containerfile", "pyproject.toml"])
def test_no_address_and_no_option_for_pip(path: str) -> None:
    text = (ROOT / path).read_text()
    assert re.findall(r":/{2}|\b(?:[a-z0-9-]+\.)+(?:com|org|io|net|dev|edu)\b|--(?:extra-)?index[-]url", text) == []


def targets() -> set[str]:
    """The targets of the Makefile that `make help` lists."""
    return set(re.findall(r"^([a-z-]+):[^#\n]*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    "path", ["README.md", "CHANGELOG.md", *(str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("docs/*.md")))]
)
def test_every_make_command_in_the_documents_exists(path: str) -> None:
    text = (ROOT / path).read_text()
    named = re.findall(r"`make ([a-z-]+)", text) + re.findall(r"^\$ make ([a-z-]+)", text, re.MULTILINE)
    assert set(named) - targets() == set()


def test_the_readme_names_the_two_commands() -> None:
    assert {"demo", "test"} <= set(re.findall(r"\bmake ([a-z-]+)", (ROOT / "README.md").read_text())) & targets()


def test_pre_commit_has_local_hooks_of_the_locked_tools_only() -> None:
    table = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert {repository["repo"] for repository in table["repos"]} == {"local"}
    tools = {hook["entry"].split()[0] for repository in table["repos"] for hook in repository["hooks"]}
    assert {Path(tool).name for tool in tools} == {"ruff", "mypy", "snakefmt"} <= set(LOCKED)


def test_one_version_of_the_project_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["project"]["version"]
    assert citation["license"] == PROJECT["project"]["license"]
