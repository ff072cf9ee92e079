"""Write envs/lock.txt and envs/datavolume.yaml from pyproject.toml; called by `make lock`.

    python envs/lock.py             keeps the present pins, adds and removes what pyproject.toml asks for
    python envs/lock.py --upgrade   takes the newest versions that pyproject.toml allows

pip resolves (`pip install --dry-run --report`, nothing is installed); this script follows the requirements that the
report carries, once for each supported Python and platform, so that a package which only some of them need gets a
marker. It needs `packaging`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

__all__ = ["LockError", "conda_text", "lock_text", "marker", "needed", "resolve"]

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "envs/lock.txt"
CONDA = ROOT / "envs/datavolume.yaml"
PYTHONS = ("3.11", "3.12", "3.13")
CONDA_PYTHON = "3.11"
CONDA_JPEG = "libjpeg-turbo>=3"  # decodes the crop of a JPEG alone; without it, images are decoded whole
PLATFORMS = {
    "Linux x86_64": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    "Linux aarch64": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    "macOS arm64": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
}
# Which platforms a package is for → the marker that says so.
PLATFORM_MARKERS = {
    frozenset(PLATFORMS): "",
    frozenset({"Linux x86_64", "Linux aarch64"}): 'platform_system == "Linux"',
    frozenset({"Linux x86_64"}): 'platform_system == "Linux" and platform_machine == "x86_64"',
    frozenset({"Linux aarch64"}): 'platform_system == "Linux" and platform_machine == "aarch64"',
    frozenset({"macOS arm64"}): 'platform_system == "Darwin"',
}
LOCK_HEADER = """\
# What `make` installs: everything the project and its tools need, pinned. Written by `make lock` from pyproject.toml.
# A new dependency: add it to pyproject.toml and run `make lock`. Newer versions: `make lock UPGRADE=1`.
# By hand: pip install -r envs/lock.txt, then pip install --no-deps --no-build-isolation -e .
# Python 3.11, 3.12 and 3.13 on Linux (x86_64, aarch64) and macOS (arm64).
"""
CONDA_HEADER = """\
# For `snakemake --sdm conda`: the project's dependencies at the versions of envs/lock.txt. Written by `make lock`.
# A cluster whose driver needs an older torch: change the lines of torch and torchvision (torch 2.8 or newer).
"""

Package = dict[str, Any]  # "metadata" of one entry of pip's report


class LockError(Exception):
    """The pins cannot be written; the message says why."""


def project() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def resolve(requirements: Iterable[str], upgrade: bool) -> dict[str, Package]:
    """Ask pip which versions fit; normalised name → metadata. The present pins hold unless `upgrade`."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
        command += ["--disable-pip-version-check", "--report", str(report)]
        command += ["-c", str(LOCK)] if LOCK.exists() and not upgrade else []
        if subprocess.run([*command, *requirements], check=False).returncode != 0:
            raise LockError("pip finds no versions that fit; `make lock UPGRADE=1` lets go of the present pins")
        entries = json.loads(report.read_text())["install"]
    return {canonicalize_name(entry["metadata"]["name"]): entry["metadata"] for entry in entries}


def needed(packages: dict[str, Package], requirements: Iterable[str], environment: dict[str, str]) -> set[str]:
    """Names of all packages that `requirements` lead to in one environment (a Python on a platform).

    Raises LockError when one of them is not among `packages`.
    """
    waiting = [Requirement(text) for text in requirements]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            if name not in packages:
                raise LockError(f"{name} is needed by Python {environment['python_version']} but was not resolved")
            waiting += applicable(packages[name], environment | {"extra": extra})
    return {name for name, _ in seen}


def applicable(package: Package, environment: dict[str, str]) -> Iterator[Requirement]:
    """The requirements of a package whose marker holds in an environment."""
    for requirement in map(Requirement, package.get("requires_dist", [])):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield requirement


def environments() -> dict[tuple[str, str], dict[str, str]]:
    """(Python, platform) → the values that markers ask for."""
    base = {key: str(value) for key, value in default_environment().items()}
    return {
        (python, platform): base
        | PLATFORMS[platform]
        | {"python_version": python, "python_full_version": f"{python}.0", "os_name": "posix"}
        for python, platform in product(PYTHONS, PLATFORMS)
    }


def marker(places: set[tuple[str, str]]) -> str:
    """The marker for a package that is needed in these (Python, platform) pairs; "" for all of them."""
    pythons = [python for python in PYTHONS if any(place[0] == python for place in places)]
    platforms = frozenset(platform for _, platform in places)
    if places != set(product(pythons, platforms)) or platforms not in PLATFORM_MARKERS:
        raise LockError(f"no marker says {sorted(places)}: add one to envs/lock.py")
    python = "" if pythons == list(PYTHONS) else " or ".join(f'python_version == "{each}"' for each in pythons)
    parts = [PLATFORM_MARKERS[platforms], f"({python})" if " or " in python else python]
    return " and ".join(part for part in parts if part)


def check_pythons(packages: dict[str, Package], places: dict[str, set[tuple[str, str]]]) -> None:
    """Refuse a version that one of the Pythons which need it cannot have."""
    for name, pairs in places.items():
        allowed = SpecifierSet(packages[name].get("requires_python") or "")
        for python in sorted({python for python, _ in pairs}):
            if f"{python}.99" not in allowed:
                version = packages[name]["version"]
                raise LockError(f"{name} {version} needs Python {allowed}, not {python}: run `make lock` with {python}")


def lock_text(packages: dict[str, Package], requirements: list[str]) -> str:
    """The lock: one `name==version` a line, with a marker where only some environments need the package."""
    places: dict[str, set[tuple[str, str]]] = {}
    for place, environment in environments().items():
        for name in needed(packages, requirements, environment):
            places.setdefault(name, set()).add(place)
    check_pythons(packages, places)
    lines = [
        f"{name}=={packages[name]['version']}" + (f" ; {text}" if (text := marker(places[name])) else "")
        for name in sorted(places)
    ]
    return LOCK_HEADER + "\n".join(lines) + "\n"


def conda_text(packages: dict[str, Package], requirements: Iterable[str]) -> str:
    """The conda environment: one Python, and the project's own dependencies at the versions of the lock."""
    names = sorted(canonicalize_name(Requirement(text).name) for text in requirements)
    pins = "".join(f"      - {name}=={packages[name]['version']}\n" for name in names)
    return (
        f"{CONDA_HEADER}channels:\n  - conda-forge\n  - nodefaults\n"
        f"dependencies:\n  - python={CONDA_PYTHON}\n  - {CONDA_JPEG}\n  - pip\n  - pip:\n{pins}"
    )


def main() -> int:
    """Write both files, or neither; the exit status."""
    parser = argparse.ArgumentParser(description="Write envs/lock.txt and envs/datavolume.yaml from pyproject.toml.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that pyproject.toml allows")
    options = parser.parse_args()
    table = project()
    runtime = table["project"]["dependencies"]
    requirements = [*runtime, *table["project"]["optional-dependencies"]["dev"], *table["build-system"]["requires"]]
    try:
        packages = resolve(requirements, options.upgrade)
        texts = {LOCK: lock_text(packages, requirements), CONDA: conda_text(packages, runtime)}
    except LockError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for path, text in texts.items():
        draft = path.with_name(path.name + ".new")
        draft.write_text(text)
        draft.replace(path)
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
