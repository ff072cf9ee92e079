"""The faults that tests bring on: commands that fail or hang, nodes that crash, daemons that stop, strict sites."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback.client import TOOL, Slurm, held_cluster
from loopback.errors import LoopbackError
from loopback.faults import crash_node, return_node, start_daemon, stop_daemon, stopped, submit_limit
from loopback.processes import wait_until as eventually
from loopback.record import read


def test_calls_are_counted_outside_and_inside_of_jobs(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        site = slurm.behind(calls)
        job = site.run(
            "sbatch", "--parsable", "-o", "/dev/null", "--wrap", "scontrol ping\nscontrol ping", cwd=tmp_path
        )
        site.run("squeue", "-h", "-j", job.stdout.strip())
        assert eventually(lambda: calls.in_jobs("scontrol") == 2, 60)
    assert {name: count for name, count in calls.items() if count} == {"sbatch": 1, "squeue": 1}
    assert calls.arguments("scontrol", "jobs") == ["ping", "ping"]
    (arguments,) = calls.arguments("sbatch")
    assert arguments == "--parsable -o /dev/null --wrap scontrol ping\nscontrol ping"


def test_calls_at_the_same_moment_are_all_counted(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        started = [
            subprocess.Popen(["sacct", "--version"], env=calls.environment, stdout=subprocess.DEVNULL)
            for _ in range(20)
        ]
        assert [process.wait() for process in started] == [0] * 20
    assert calls["sacct"] == 20


def test_a_command_fails_for_as_long_as_a_test_says(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        site = slurm.behind(calls)
        with calls.failing("squeue", "slurm_load_jobs error: Unable to contact slurm controller"):
            refused = site.run("squeue", check=False)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == "slurm_load_jobs error: Unable to contact slurm controller\n"
        assert site.run("squeue", "-h").returncode == 0
    assert calls["squeue"] == 2


def test_a_command_fails_only_inside_of_jobs(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        site = slurm.behind(calls)
        with calls.failing("scontrol", "no such command here", places=("jobs",)):
            site.run("scontrol", "ping")
            told = site.run("srun", "scontrol", "ping", check=False)
    assert "no such command here" in told.stderr


def test_a_submission_whose_answer_is_lost_has_still_been_made(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        site = slurm.behind(calls)
        with calls.failing("sbatch", "Socket timed out on send/recv operation", done=True):
            lost = site.run("sbatch", "-o", "/dev/null", "--wrap", "touch ran", check=False, cwd=tmp_path)
    assert (lost.returncode, lost.stdout) == (1, "")
    assert eventually((tmp_path / "ran").exists, 60)


def test_a_command_hangs_until_a_test_lets_it_go_on(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls:
        with calls.hanging("sacct"):
            with pytest.raises(subprocess.TimeoutExpired):
                subprocess.run(["sacct", "-n"], env=calls.environment, capture_output=True, timeout=1)
            answers: list[int] = []
            waiting = threading.Thread(
                target=lambda: answers.append(slurm.behind(calls).run("sacct", "--version").returncode)
            )
            waiting.start()
            assert eventually(lambda: calls["sacct"] == 2, 60)
            assert answers == []
        waiting.join(60)
    assert answers == [0]


def test_no_fault_for_a_command_without_a_wrapper(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.counted(tmp_path / "bin") as calls, pytest.raises(ValueError, match="rsync in head: choose of sbatch"):
        calls["rsync"]


def state_of(site: Slurm, job: str) -> str:
    """A job's state and how often it was restarted, from slurmctld; empty where it knows no such job."""
    told = site.run("scontrol", "show", "job", "-o", job, check=False).stdout
    words = dict(word.split("=", 1) for word in told.split() if "=" in word)
    return f"{words['JobState']} {words['Restarts']}" if words else ""


def submitted(site: Slurm, folder: Path, script: str, *options: str) -> str:
    """The id of a new job that runs a shell script in a folder."""
    answer = site.run("sbatch", "--parsable", "-o", "/dev/null", *options, "--wrap", script, cwd=folder)
    return answer.stdout.strip()


def attempts(folder: Path) -> list[str]:
    """What the attempts of a job have written: how often it was restarted, and where it runs."""
    record = folder / "attempts"
    return record.read_text().splitlines() if record.exists() else []


ATTEMPT = "echo ${SLURM_RESTART_COUNT:-0} $SLURMD_NODENAME >> attempts; "


@pytest.fixture(scope="module")
def bare(slurm_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:  # noqa: ARG001
    """A cluster of this file's own, to break things on, without accounting."""
    with held_cluster(tmp_path_factory.mktemp("bare"), "--no-accounting", "--nodes", "2") as private:
        yield private


def test_a_crashed_node_takes_its_jobs_along_and_they_run_again(bare: Slurm, tmp_path: Path) -> None:
    beat = ATTEMPT + "[ ! -e again ] || exit 0; while :; do touch beat; sleep 0.1; done"
    job = submitted(bare, tmp_path, f"setsid bash -c '{beat}'")
    assert eventually((tmp_path / "beat").exists, 60)
    node = attempts(tmp_path)[0].split()[1]
    crash_node(bare, node)
    (tmp_path / "beat").unlink()
    (tmp_path / "again").touch()
    other = "n1" if node == "n2" else "n2"
    assert eventually(lambda: attempts(tmp_path) == [f"0 {node}", f"1 {other}"], 60)
    assert eventually(lambda: state_of(bare, job) == "COMPLETED 1", 60)
    assert not (tmp_path / "beat").exists()
    return_node(bare, node)
    assert bare.run("srun", "-w", node, "printenv", "SLURMD_NODENAME").stdout == f"{node}\n"
    assert bare.cluster.dead == []


def test_on_a_node_that_lost_its_network_jobs_run_on_beside_their_second_copy(bare: Slurm, tmp_path: Path) -> None:
    script = ATTEMPT + "until [ -e go ]; do touch alive.${SLURM_RESTART_COUNT:-0}; sleep 0.1; done"
    job = submitted(bare, tmp_path, script)
    assert eventually((tmp_path / "alive.0").exists, 60)
    node = attempts(tmp_path)[0].split()[1]
    crash_node(bare, node, with_jobs=False)
    assert eventually((tmp_path / "alive.1").exists, 60)
    (tmp_path / "alive.0").unlink()
    assert eventually((tmp_path / "alive.0").exists, 60)
    (tmp_path / "go").touch()
    assert eventually(lambda: state_of(bare, job) == "COMPLETED 1", 60)
    return_node(bare, node)


def test_slurm_finds_out_by_itself_that_a_node_is_gone(bare: Slurm, tmp_path: Path) -> None:
    submitted(bare, tmp_path, ATTEMPT + "[ ! -e again ] || exit 0; touch again; sleep 600")
    assert eventually((tmp_path / "again").exists, 60)
    node = attempts(tmp_path)[0].split()[1]
    crash_node(bare, node, reported=False)
    assert eventually(lambda: len(attempts(tmp_path)) == 2, 120)
    return_node(bare, node)


@pytest.mark.parametrize("kill_it", [False, True])
def test_jobs_outlive_a_restart_of_slurmctld(bare: Slurm, tmp_path: Path, kill_it: bool) -> None:
    runs = submitted(bare, tmp_path, "touch runs; until [ -e go ]; do sleep 0.1; done; touch ended")
    waits = submitted(bare, tmp_path, "touch waited", f"--dependency=afterok:{runs}")
    assert eventually((tmp_path / "runs").exists, 60)
    assert eventually((bare.cluster.site.run / "state" / "job_state").exists, 60)
    if kill_it:
        time.sleep(6)  # what slurmctld has not saved yet (it saves every five seconds) is lost in a crash
    with stopped(bare, "slurmctld", kill_it=kill_it):
        assert bare.run("squeue", check=False).returncode == 1
    assert [state_of(bare, runs), state_of(bare, waits)] == ["RUNNING 0", "PENDING 0"]
    (tmp_path / "go").touch()
    assert eventually((tmp_path / "waited").exists, 60)
    assert eventually(lambda: state_of(bare, waits) == "COMPLETED 0", 60)


def test_a_job_that_ends_while_slurmctld_is_away_is_known_when_it_is_back(bare: Slurm, tmp_path: Path) -> None:
    job = submitted(bare, tmp_path, "touch runs; until [ -e go ]; do sleep 0.1; done; touch ended; exit 3")
    assert eventually((tmp_path / "runs").exists, 60)
    with stopped(bare, "slurmctld"):
        (tmp_path / "go").touch()
        assert eventually((tmp_path / "ended").exists, 60)
    assert eventually(lambda: state_of(bare, job) == "FAILED 0", 120)


def test_what_is_stopped_is_started_again_by_the_tool(bare: Slurm) -> None:
    stop_daemon(bare, "slurmctld")
    with pytest.raises(LoopbackError, match="slurmctld does not run: choose of munged, n"):
        stop_daemon(bare, "slurmctld")
    tool = subprocess.run(
        [sys.executable, TOOL, "start", "--dir", bare.cluster.home], capture_output=True, text=True, check=False
    )
    assert "(slurmctld)" in tool.stdout, tool.stderr
    found = read(bare.cluster.home)
    assert found is not None
    bare.cluster.processes = found.processes
    with pytest.raises(LoopbackError, match="slurmctld runs already"):
        start_daemon(bare, "slurmctld")


@pytest.fixture(scope="module")
def strict(slurm_packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:  # noqa: ARG001
    """A site as most are: limits are enforced, and arrays are small; and one that forbids requeues."""
    options = ("--limits", "--max-array-size", "25", "--no-requeue", "--nodes", "1")
    with held_cluster(tmp_path_factory.mktemp("strict"), *options) as private:
        yield private


def refusal(site: Slurm, *options: str) -> str:
    """What sbatch says when it refuses a job."""
    told = site.run("sbatch", *options, "--wrap", "true", check=False)
    assert told.returncode == 1
    assert told.stdout == ""
    return told.stderr


def test_without_slurmdbd_jobs_run_and_accounting_catches_up(strict: Slurm, tmp_path: Path) -> None:
    with stopped(strict, "slurmdbd"):
        assert strict.run("sacct", check=False).returncode == 1
        job = submitted(strict, tmp_path, "touch ran")
        assert eventually((tmp_path / "ran").exists, 60)
    command = ("sacct", "-n", "-X", "-P", "-j", job, "-o", "State")
    assert eventually(lambda: strict.run(*command).stdout == "COMPLETED\n", 120)


@pytest.mark.parametrize(
    ("of", "reason"), [("qos", "QOSMaxSubmitJobPerUserLimit"), ("association", "AssocMaxSubmitJobLimit")]
)
def test_a_user_is_refused_past_the_submit_limit_and_only_there(
    strict: Slurm, tmp_path: Path, of: str, reason: str
) -> None:
    with submit_limit(strict, 3, of):
        jobs = [submitted(strict, tmp_path, "sleep 600", "--array=0-1"), submitted(strict, tmp_path, "sleep 600")]
        assert refusal(strict, "-o", "/dev/null").startswith(f"sbatch: error: {reason}\n")
        strict.run("scancel", jobs[1])
        assert eventually(lambda: state_of(strict, jobs[1]) == "CANCELLED 0", 60)
        jobs.append(submitted(strict, tmp_path, "sleep 600"))
        assert reason in refusal(strict, "-o", "/dev/null")
    jobs.append(submitted(strict, tmp_path, "sleep 600"))
    strict.run("scancel", *jobs)


def test_a_site_that_enforces_refuses_unknown_accounts_and_qos_at_once(strict: Slurm) -> None:
    assert "Invalid account or account/partition combination specified" in refusal(strict, "-A", "nobody")
    assert "Invalid qos specification" in refusal(strict, "-q", "golden")


def test_an_array_past_its_largest_index_is_refused(strict: Slurm, tmp_path: Path) -> None:
    assert "Invalid job array specification" in refusal(strict, "--array=0-25")
    assert "MaxArraySize            = 25\n" in strict.run("scontrol", "show", "config").stdout
    strict.run("scancel", submitted(strict, tmp_path, "true", "--array=0-24"))


def test_where_requeue_is_forbidden_a_job_cannot_be_requeued(strict: Slurm, tmp_path: Path) -> None:
    job = submitted(strict, tmp_path, "touch runs; sleep 600")
    assert eventually((tmp_path / "runs").exists, 60)
    refused = strict.run("scontrol", "requeue", job, check=False)
    assert refused.returncode == 1
    assert "Requested operation is presently disabled" in refused.stderr
    strict.run("scancel", job)


def test_limits_without_accounting_are_refused(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, TOOL, "start", "--dir", tmp_path / "no", "--limits", "--no-accounting"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert "--limits needs accounting" in told.stderr


def test_no_submit_limit_where_none_is_enforced(slurm: Slurm) -> None:
    with pytest.raises(LoopbackError, match="start it with --limits"), submit_limit(slurm, 1, "qos"):
        pass
