"""What `make` does before it starts: find a Python, fill .venv once and whole, free a left lock."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest
from loading import load_script

ROOT = Path(__file__).resolve().parents[2]
HERE = "111 22 /home/ada/datavolume"


@dataclass
class Bench:
    """The installer in an empty folder: its steps are noted, not run; step number `cut` is interrupted."""

    module: ModuleType
    steps: list[list[str]] = field(default_factory=list)
    cut: int = 0

    def __call__(self, key: str) -> None:
        """Install; the steps of this call only are noted."""
        self.steps.clear()
        self.module.install(key)

    def step(self, command: list[str]) -> None:
        """Stands for one command."""
        self.steps.append(command)
        if len(self.steps) == self.cut:
            raise KeyboardInterrupt
        if command[1:3] == ["-m", "venv"]:
            Path(".venv/bin").mkdir()
            Path(".venv/bin/python").touch()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench in an empty folder."""
    monkeypatch.chdir(tmp_path)
    Path("envs").mkdir()
    Path("envs/lock.txt").write_text("# a comment\nnumpy==2.4.6\n")
    bench = Bench(load_script("envs/install.py"))
    monkeypatch.setattr(bench.module, "step", bench.step)
    monkeypatch.setattr(bench.module, "answers", Path.exists)
    return bench


def test_first_installation_makes_the_environment_then_the_pins_then_the_project(install: Bench) -> None:
    install(HERE)
    assert [step[1:4] for step in install.steps] == [["-m", "venv", ".venv"], *[["-m", "pip", "install"]] * 2]
    assert install.steps[1][-2:] == ["-r", "envs/lock.txt"]
    assert install.steps[2][-4:] == ["--no-deps", "--no-build-isolation", "-e", "."]
    assert Path(".venv/installed").read_text() == HERE + "\n"
    assert not Path(".venv/unfinished").exists()


def test_second_installation_does_nothing(install: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    install(HERE)
    capsys.readouterr()
    install(HERE)
    assert (install.steps, capsys.readouterr().out) == ([], "")


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_interrupted_installation_starts_afresh(install: Bench, at: int) -> None:
    install.cut = at
    with pytest.raises(KeyboardInterrupt):
        install(HERE)
    assert not Path(".venv/installed").exists()
    Path(".venv/half-written").touch()
    install.cut = 0
    install(HERE)
    assert len(install.steps) == 3
    assert not Path(".venv/half-written").exists()
    assert Path(".venv/installed").read_text() == HERE + "\n"


def test_a_changed_lock_is_installed_over_the_present_one(install: Bench) -> None:
    install(HERE)
    Path(".venv/kept").touch()
    install(HERE.replace("111", "112"))
    assert len(install.steps) == 2
    assert Path(".venv/kept").exists()


def test_a_changed_lock_cut_off_starts_afresh(install: Bench) -> None:
    install(HERE)
    install.cut = 1
    with pytest.raises(KeyboardInterrupt):
        install(HERE.replace("111", "112"))
    install.cut = 0
    install(HERE)
    assert len(install.steps) == 3


def test_a_moved_checkout_starts_afresh(install: Bench) -> None:
    install(HERE)
    Path(".venv/old").touch()
    install(HERE + " moved")
    assert not Path(".venv/old").exists()


def test_an_environment_that_lost_its_python_starts_afresh(install: Bench) -> None:
    install(HERE)
    Path(".venv/bin/python").unlink()
    install(HERE)
    assert len(install.steps) == 3


def test_an_environment_of_somebody_else_is_left_alone(install: Bench) -> None:
    Path(".venv").mkdir()
    Path(".venv/theirs").touch()
    with pytest.raises(install.module.InstallError, match=r"^\.venv is there but was not made by make: move it away"):
        install(HERE)
    assert Path(".venv/theirs").exists()


def test_a_failed_step_shows_the_end_of_its_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("logs").mkdir()
    module = load_script("envs/install.py")
    code = "print(*range(100), sep='\\n'); print('No matching distribution'); raise SystemExit(1)"
    with pytest.raises(module.InstallError) as caught:
        module.step([sys.executable, "-c", code])
    message = str(caught.value).splitlines()
    assert "logs/install.log" in message[0]
    assert message[1:] == [*map(str, range(86, 100)), "No matching distribution"]
    assert "\n50\n" in Path("logs/install.log").read_text()


def test_two_installations_at_once_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".cache").mkdir()
    holder = "import fcntl, sys; f = open('.cache/install.guard', 'w'); fcntl.flock(f, 2); print(); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        other.stdout.readline()
        waiter = "import sys; sys.path[:0] = sys.argv[1:]; import install\nwith install.guarded(): pass"
        command = [sys.executable, "-c", waiter, str(ROOT / "envs")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as second:
            assert second.stdout is not None
            assert second.stdout.readline().startswith("waiting for another installation")
            assert second.poll() is None
            other.stdin.close()
            assert second.wait(timeout=30) == 0


def find_python(folder: Path, answer: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run envs/python.sh where the only Python on PATH gives this answer."""
    folder.mkdir(exist_ok=True)
    fake = folder / "python3"
    fake.write_text(f"#!/bin/sh\n{answer}\n")
    fake.chmod(0o755)
    surroundings = {"PATH": str(folder), **variables}
    script = str(ROOT / "envs/python.sh")
    return subprocess.run(["/bin/sh", script], env=surroundings, capture_output=True, text=True, check=False)


def test_a_python_that_is_ready_is_taken(tmp_path: Path) -> None:
    done = find_python(tmp_path, "echo ready")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/python3\n")


def test_a_python_without_venv_gets_the_package_to_install(tmp_path: Path) -> None:
    done = find_python(tmp_path, "echo python3.12-venv")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: python3.12 has no venv module; on Debian and Ubuntu: sudo apt-get install python3.12-venv\n"
    )


@pytest.mark.parametrize("answer", ["exit 0", "exit 127"], ids=["too old", "broken"])
def test_no_suitable_python_gets_one_line(tmp_path: Path, answer: str) -> None:
    done = find_python(tmp_path, answer)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: there is no Python 3.11 or newer on PATH")
    assert done.stderr.count("\n") == 1


def test_a_named_python_is_taken_and_a_wrong_name_is_refused(tmp_path: Path) -> None:
    assert find_python(tmp_path, "exit 1", PYTHON=sys.executable).stdout == f"{sys.executable}\n"
    done = find_python(tmp_path, "echo ready", PYTHON="/nowhere/python3")
    assert done.returncode == 1
    assert done.stderr.startswith("error: PYTHON=/nowhere/python3 is not a Python 3.11 or newer")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Snakemake's folder with the locks of a killed run."""
    locks = tmp_path / ".snakemake/locks"
    locks.mkdir(parents=True)
    for kind in ("input", "output"):
        (locks / f"0.{kind}.lock").write_text("results/digits/plan.csv\n")
    return tmp_path / ".snakemake"


def left(state: Path) -> int:
    """How many locks are there."""
    return len(list((state / "locks").glob("*.lock")))


def test_a_folder_without_locks_is_free(tmp_path: Path) -> None:
    assert load_script("envs/unlock.py").free(tmp_path / ".snakemake", "login1") == ""
    assert (tmp_path / ".snakemake/demo-host").read_text() == "login1\n"


def test_locks_of_a_demo_killed_on_this_machine_are_removed(state: Path) -> None:
    (state / "demo-host").write_text("login1\n")
    assert load_script("envs/unlock.py").free(state, "login1") == ""
    assert left(state) == 0


@pytest.mark.parametrize("record", ["login2\n", None], ids=["another machine", "not a demo"])
def test_other_locks_stay_and_the_command_is_named(state: Path, record: str | None) -> None:
    if record:
        (state / "demo-host").write_text(record)
    assert load_script("envs/unlock.py").free(state, "login1").endswith(".venv/bin/snakemake --unlock")
    assert left(state) == 2


def test_locks_of_a_snakemake_that_runs_here_stay(state: Path) -> None:
    (state / "demo-host").write_text("login1\n")
    script = state / "snakemake"
    script.write_text("print('up', flush=True); input()")
    command = [sys.executable, str(script)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=state.parent, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        refusal = load_script("envs/unlock.py").free(state, "login1")
        process.communicate("\n")
    assert refusal.startswith(f"a Snakemake (process {process.pid}) runs in this folder already")
    assert left(state) == 2
