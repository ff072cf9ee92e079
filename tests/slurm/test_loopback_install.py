"""What the tool says and does where Slurm's packages are missing."""

import os
import subprocess
from pathlib import Path

import pytest
from loopback import client, install
from loopback.errors import LoopbackError


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine whose only programs are those that the test puts into the returned folder."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(install, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return tmp_path


def put_program(folder: Path, name: str, script: str = "exit 0") -> None:
    """A program that runs a few shell lines."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_an_ordinary_user_is_told_the_line_to_run(bare_machine: Path) -> None:
    put_program(bare_machine, "munged")
    put_program(bare_machine, "apt-get")
    with pytest.raises(LoopbackError) as caught:
        install.provide_packages()
    line = "sudo apt-get install --no-install-recommends"
    packages = "slurmctld slurmd slurm-client slurmdbd mariadb-server-core mariadb-client-core"
    assert str(caught.value) == f"packages are missing: run  {line} {packages}"


@pytest.mark.usefixtures("bare_machine")
def test_without_accounting_no_database_is_asked_for() -> None:
    assert install.missing_packages(accounting=False) == ["munge", "slurmctld", "slurmd", "slurm-client"]


def test_nothing_is_asked_for_where_all_is_there(bare_machine: Path) -> None:
    for name in install.PROGRAMS | install.ACCOUNTING_PROGRAMS:
        put_program(bare_machine, name)
    install.provide_packages()
    assert client.why_not(install=False) is None


def test_a_passwordless_sudo_is_used(bare_machine: Path) -> None:
    log = bare_machine / "log"
    put_program(bare_machine, "sudo", f"echo sudo $1 $2 $3 >> {log}")
    put_program(bare_machine, "apt-get")
    with pytest.raises(LoopbackError, match="could not be installed: try  sudo apt-get install"):
        install.provide_packages()
    assert log.read_text() == "sudo -n true\nsudo -n env DEBIAN_FRONTEND=noninteractive\n"


def test_tests_do_not_install_unless_they_may(bare_machine: Path) -> None:
    put_program(bare_machine, "sudo", f"touch {bare_machine}/asked")
    assert "packages are missing" in str(client.why_not(install=False))
    assert not (bare_machine / "asked").exists()


def test_the_installer_keeps_services_from_starting(tmp_path: Path) -> None:
    """The script runs apt-get while policy-rc.d forbids starts, and takes that file away, also after a failure."""
    policy = tmp_path / "policy-rc.d"
    put_program(tmp_path, "apt-get", f"{policy}; echo $? >> {tmp_path}/answers; [ $3 = update ]")
    script = install.INSTALL_SCRIPT.replace("/usr/sbin/policy-rc.d", str(policy))
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    ended = subprocess.run(["sh", "-c", script, "sh", "slurmd"], env=environment, check=False)
    assert ended.returncode == 1
    assert (tmp_path / "answers").read_text() == "101\n101\n"
    assert not policy.exists()
