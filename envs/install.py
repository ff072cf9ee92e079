"""Create .venv from envs/lock.txt and install this project in it, editable; called by envs/install.sh.

    python3 envs/install.py KEY

KEY says what is installed and where. It is written to .venv/installed as the very last step; until then
.venv/unfinished stands there, and an installation that was cut off is started afresh: pip cannot tell a half-written
package from a whole one. pip's output goes to logs/install.log.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

__all__ = ["InstallError", "install"]

LOCK = Path("envs/lock.txt")
LOG = Path("logs/install.log")
GUARD = Path(".cache/install.guard")
VENV = Path(".venv")
LAST_LINES = 15


class InstallError(Exception):
    """The installation cannot go on; the message says why and what to do."""


def install(key: str) -> None:
    """Make .venv agree with the lock; return at once when another process has just done so.

    Raises InstallError with the log's last lines when a step fails.
    """
    with guarded():
        finished, unfinished = VENV / "installed", VENV / "unfinished"
        previous = finished.read_text().strip() if finished.exists() else ""
        if previous == key and answers(VENV / "bin/python"):
            return
        clear_unusable(place(previous) == place(key))
        LOG.parent.mkdir(exist_ok=True)
        LOG.write_text("")
        VENV.mkdir(exist_ok=True)
        unfinished.touch()
        finished.unlink(missing_ok=True)
        fill()
        os.sync()  # after a power cut the mark must not stand beside lost packages
        finished.write_text(key + "\n")
        unfinished.unlink()


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Only one installation at a time in this folder; the system frees the guard of a killed one."""
    GUARD.parent.mkdir(exist_ok=True)
    with GUARD.open("w") as guard:
        os.set_inheritable(guard.fileno(), True)  # a pip that outlives a killed installer still holds it
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another installation in this folder …", flush=True)
            fcntl.flock(guard, fcntl.LOCK_EX)
        except OSError:
            pass  # a network file system without locks: go on unguarded
        yield


def place(key: str) -> str:
    """The folder in a key: all after the checksum and the size."""
    return " ".join(key.split(" ")[2:])


def answers(python: Path) -> bool:
    """Whether this interpreter runs, is new enough and has pip."""
    code = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    with contextlib.suppress(OSError):
        return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0
    return False


def clear_unusable(here: bool) -> None:
    """Remove a .venv that was cut off, moved or lost its Python; refuse one that is not ours."""
    ours = (VENV / "installed").exists() or (VENV / "unfinished").exists()
    if VENV.is_symlink() or (VENV.exists() and not ours):
        raise InstallError(".venv is there but was not made by make: move it away and try again")
    if ours and not (here and not (VENV / "unfinished").exists() and answers(VENV / "bin/python")):
        print("removing an unfinished or moved .venv", flush=True)
        shutil.rmtree(VENV)


def fill() -> None:
    """Install the pins, then the project itself."""
    pins = sum(bool(line.strip()) and not line.startswith("#") for line in LOCK.read_text().splitlines())
    started = time.monotonic()
    print(f"installing {pins} packages into .venv (about 2 minutes, 6 GB; details in {LOG}) …", flush=True)
    if not (VENV / "bin/python").exists():
        step([sys.executable, "-m", "venv", str(VENV)])
    pip = [str(VENV / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    step([*pip, "-r", str(LOCK)])
    step([*pip, "--no-deps", "--no-build-isolation", "-e", "."])
    print(f"installed in {time.monotonic() - started:.0f} s", flush=True)


def step(command: list[str]) -> None:
    """Run one command, its output to the log."""
    # Settings that clusters make for all users and that break a virtual environment.
    surroundings = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    with LOG.open("a") as log:
        print("$", *command, file=log, flush=True)
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=surroundings | {"PIP_USER": "0"},
            close_fds=False,
            check=False,
        )
    if done.returncode != 0:
        with LOG.open(errors="replace") as log:
            tail = "".join(deque(log, LAST_LINES))
        raise InstallError(f"the installation failed; the last lines of {LOG}:\n{tail}".rstrip())


def main() -> int:
    """Run from the project's root; the exit status."""
    try:
        install(sys.argv[1])
    except InstallError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: the installation failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: the next make starts the installation again", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
