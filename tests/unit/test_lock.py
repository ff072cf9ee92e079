"""How `make lock` follows requirements to pins with markers."""

import sys
from itertools import product

import pytest
from loading import load_script

lock = load_script("envs/lock.py")
PACKAGES = {
    "alpha": {
        "version": "1.0",
        "requires_dist": [
            "Beta_Two >=2 ; platform_system == 'Linux'",
            "gamma[fast]",
            "delta ; extra == 'docs'",
            "old ; python_version < '3.11'",
        ],
    },
    "beta-two": {"version": "2.5"},
    "gamma": {"version": "3.1", "requires_dist": ["epsilon ; extra == 'fast'", "zeta ; python_version < '3.13'"]},
    "delta": {"version": "4.0"},
    "epsilon": {"version": "5.0", "requires_dist": ["alpha"]},
    "zeta": {"version": "6.0", "requires_python": "<3.13"},
}
LINUX, ARM, MAC = "Linux x86_64", "Linux aarch64", "macOS arm64"


def test_only_what_the_requirements_lead_to_is_pinned_with_the_marker_of_where() -> None:
    text = lock.lock_text(PACKAGES, ["alpha >=1"])
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        "alpha==1.0",
        'beta-two==2.5 ; platform_system == "Linux"',
        "epsilon==5.0",
        "gamma==3.1",
        'zeta==6.0 ; (python_version == "3.11" or python_version == "3.12")',
    ]


def test_an_extra_asked_for_later_is_followed_too() -> None:
    environment = lock.environments()["3.13", MAC]
    assert lock.needed(PACKAGES, ["gamma", "gamma[fast]"], environment) == {"gamma", "epsilon", "alpha"}
    assert lock.needed(PACKAGES, ["gamma"], environment) == {"gamma"}
    assert lock.needed(PACKAGES, ["alpha[docs]"], environment) == {"alpha", "gamma", "epsilon", "delta"}


def test_a_package_that_was_not_resolved_is_an_error() -> None:
    with pytest.raises(lock.LockError, match=r"^beta-two is needed by Python 3\.11 but was not resolved"):
        lock.lock_text({name: PACKAGES[name] for name in PACKAGES if name != "beta-two"}, ["alpha"])


def test_a_version_that_a_supported_python_cannot_have_is_an_error() -> None:
    packages = {"alpha": {"version": "1.0", "requires_python": ">=3.12"}}
    with pytest.raises(lock.LockError, match=r"^alpha 1\.0 needs Python >=3\.12, not 3\.11"):
        lock.lock_text(packages, ["alpha"])


@pytest.mark.parametrize(
    ("pythons", "platforms", "expected"),
    [
        (["3.11", "3.12", "3.13"], [LINUX, ARM, MAC], ""),
        (["3.11", "3.12", "3.13"], [LINUX], 'platform_system == "Linux" and platform_machine == "x86_64"'),
        (["3.11"], [MAC], 'platform_system == "Darwin" and python_version == "3.11"'),
    ],
)
def test_markers(pythons: list[str], platforms: list[str], expected: str) -> None:
    assert lock.marker(set(product(pythons, platforms))) == expected


def test_a_place_that_no_marker_says_is_an_error() -> None:
    with pytest.raises(lock.LockError, match="no marker says"):
        lock.marker({("3.11", LINUX), ("3.12", MAC)})


def test_the_conda_environment_has_the_project_s_own_dependencies() -> None:
    lines = lock.conda_text(PACKAGES, ["Zeta", "beta_two >=2"]).splitlines()
    assert [line.strip() for line in lines if line.startswith("      ")] == ["- beta-two==2.5", "- zeta==6.0"]


def test_present_pins_hold_unless_upgraded(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    echo = "import sys; print(sys.argv[1:]); sys.exit(1)"
    run = lock.subprocess.run
    monkeypatch.setattr(lock.subprocess, "run", lambda command, **_: run([sys.executable, "-c", echo, *command[1:]]))
    for upgrade in (False, True):
        with pytest.raises(lock.LockError, match="make lock UPGRADE=1"):
            lock.resolve(["alpha"], upgrade)
        assert ("lock.txt" in capfd.readouterr().out) is not upgrade
