"""The Debian packages the cluster needs: which are missing, and how they get here."""

import os
import shutil
import subprocess
from collections.abc import Iterable

from .errors import LoopbackError

__all__ = ["find_program", "missing_packages", "program_path", "provide_packages"]

# One program that tells of each package.
PROGRAMS = {"munged": "munge", "slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client"}
ACCOUNTING_PROGRAMS = {
    "slurmdbd": "slurmdbd",
    "mariadbd": "mariadb-server-core",
    "mariadb-install-db": "mariadb-server-core",
    "mariadb": "mariadb-client-core",
}
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin")

# policy-rc.d is how Debian is told not to start a service that a package brings; one that exists is left.
INSTALL_SCRIPT = r"""
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
fi
apt-get -q -o DPkg::Lock::Timeout=600 update
apt-get -q -y -o DPkg::Lock::Timeout=600 --no-install-recommends install "$@"
"""


def find_program(name: str) -> str | None:
    """The full path of a program."""
    return shutil.which(name, path=program_path())


def program_path() -> str:
    """PATH and, behind it, the folders of daemons, which an ordinary user's PATH often lacks."""
    folders = [*os.environ.get("PATH", "").split(":"), *SYSTEM_FOLDERS]
    return ":".join(dict.fromkeys(folder for folder in folders if folder))


def missing_packages(accounting: bool = True) -> list[str]:
    """Names of the packages whose programs are not on this machine."""
    wanted = PROGRAMS | (ACCOUNTING_PROGRAMS if accounting else {})
    return list(dict.fromkeys(package for program, package in wanted.items() if not find_program(program)))


def provide_packages(accounting: bool = True, install: bool = True) -> None:
    """Install what is missing if this user may, else raise `LoopbackError` with the line to run."""
    missing = missing_packages(accounting)
    if not missing:
        return
    prefix = administrator_prefix() if install else None
    if prefix is None or not find_program("apt-get"):
        raise LoopbackError(f"packages are missing: run  {install_line(missing)}")
    print(f"installing {' '.join(missing)}", flush=True)
    if run_installer(prefix, missing) != 0 or missing_packages(accounting):
        raise LoopbackError(f"the packages could not be installed: try  {install_line(missing)}")


def install_line(packages: Iterable[str]) -> str:
    """What a person types to install the packages."""
    return f"sudo apt-get install --no-install-recommends {' '.join(packages)}"


def administrator_prefix() -> list[str] | None:
    """The words before a command that run it as root without a password; None where there is no way."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    return ["sudo", "-n"] if allowed else None


def run_installer(prefix: list[str], packages: list[str]) -> int:
    """Run apt-get without recommends and without starting services; its exit status."""
    command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", INSTALL_SCRIPT, "sh", *packages]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
