"""The private cluster itself: it starts, runs jobs as a site's Slurm does, and ends without a trace."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback.client import TOOL, Slurm, held_cluster
from loopback.config import Site, cgroup_conf, slurm_conf
from loopback.ending import is_task
from loopback.processes import Process, everything, look_up, wait_until
from loopback.record import Cluster, read

pytestmark = pytest.mark.usefixtures("slurm_packages")


def tool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does."""
    return subprocess.run([sys.executable, TOOL, *map(str, arguments)], capture_output=True, text=True, check=False)


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether a condition comes to hold."""
    return wait_until(condition, seconds, interval=0.1)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder for a cluster that is stopped whatever happens."""
    yield tmp_path / "cluster"
    tool("stop", "--dir", tmp_path / "cluster")


def test_life_of_a_cluster(home: Path, tmp_path: Path) -> None:
    started = tool("start", "--dir", home)
    assert started.returncode == 0, started.stderr
    cluster = read(home)
    assert cluster is not None
    assert sorted(cluster.processes) == ["mariadbd", "munged", "n1", "n2", "n3", "n4", "slurmctld", "slurmdbd"]
    assert f"export SLURM_CONF={cluster.site.slurm_conf}\n" in started.stdout

    again = tool("start", "--dir", home)
    assert again.returncode == 0
    assert "runs already" in again.stdout
    assert read(home) == cluster

    environment = os.environ | {"SLURM_CONF": str(cluster.site.slurm_conf)}
    slurm = Slurm(cluster, environment)
    nodes = slurm.run("sinfo", "-h", "-N", "-p", "main", "-o", "%N %T %c %G").stdout.split("\n")
    assert [line for line in nodes if line] == [f"n{number} idle 64 gpu:h200:8" for number in (1, 2, 3, 4)]
    stubborn = "trap '' TERM; touch runs; while :; do sleep 600; done"
    slurm.run("sbatch", "-o", "/dev/null", "--wrap", stubborn, cwd=tmp_path)
    detached = "setsid sleep 7654 & disown -a; touch leaves; sleep 7653"
    slurm.run("sbatch", "-o", "/dev/null", "--wrap", f"bash -c '{detached}'", cwd=tmp_path)
    assert eventually((tmp_path / "runs").exists)
    assert eventually((tmp_path / "leaves").exists)
    born = [process for process in everything() if is_task(process, cluster.site)]
    assert len(born) >= 4

    stopped = tool("stop", "--dir", home)
    assert stopped.returncode == 0, stopped.stderr
    assert [process for process in [*cluster.processes.values(), *born] if process.alive] == []
    assert [process for process in everything() if is_task(process, cluster.site)] == []
    assert sorted(path.name for path in home.iterdir()) == ["lock", "log"]


def test_stop_of_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        stopped = tool("stop", "--dir", folder)
        assert (stopped.returncode, stopped.stderr) == (0, "")
        assert "no Slurm runs" in stopped.stdout
    assert list(tmp_path.iterdir()) == []


def test_env_of_nothing_is_refused(tmp_path: Path) -> None:
    refused = tool("env", "--dir", tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "start it first" in refused.stderr


def test_start_refuses_a_folder_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    refused = tool("start", "--dir", tmp_path)
    assert refused.returncode == 1
    assert "thesis.tex" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_recycled_pid_is_not_signalled(home: Path) -> None:
    (home / "run").mkdir(parents=True)
    with subprocess.Popen(["sleep", "600"]) as bystander:
        now = look_up(bystander.pid)
        earlier = Process(now.pid, now.started - 1, now.boot)
        site = Site(run=home / "run", node_count=1, accounting=False, ports=(1, 2, 3))
        Cluster(home, site, {"n1": earlier}, ready=True).save()
        assert tool("stop", "--dir", home).returncode == 0
        assert bystander.poll() is None
        bystander.kill()
    assert sorted(path.name for path in home.iterdir()) == ["lock"]


def test_a_daemon_that_fails_is_told_with_its_log(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "slurmctld").write_text("#!/bin/sh\necho the disk is full >&2\nexit 1\n")
    (broken / "slurmctld").chmod(0o755)
    failed = subprocess.run(
        [sys.executable, TOOL, "start", "--dir", home],
        env=os.environ | {"PATH": f"{broken}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode == 1
    assert "slurmctld ended at its start" in failed.stderr
    assert str(home / "log" / "slurmctld.log") in failed.stderr
    assert "the disk is full" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert read(home) is None
    assert not (home / "run").exists()


def test_a_start_that_is_interrupted_leaves_nothing(home: Path) -> None:
    with subprocess.Popen([sys.executable, TOOL, "start", "--dir", home], stderr=subprocess.PIPE) as starter:
        assert eventually(lambda: bool((found := read(home)) and "slurmdbd" in found.processes))
        cluster = read(home)
        starter.send_signal(signal.SIGINT)
        starter.wait(60)
    assert cluster is not None
    assert starter.returncode == 1
    assert not any(process.alive for process in cluster.processes.values())
    assert not cluster.site.run.exists()


def test_a_start_that_is_killed_is_cleaned_up_by_the_next(home: Path) -> None:
    with subprocess.Popen([sys.executable, TOOL, "start", "--dir", home, "--nodes", "1"]) as starter:
        assert eventually(lambda: bool((found := read(home)) and "slurmdbd" in found.processes))
        starter.kill()
    half = read(home)
    assert half is not None
    assert tool("start", "--dir", home, "--nodes", "1").returncode == 0
    assert not any(process.alive for process in half.processes.values())
    whole = read(home)
    assert whole is not None
    assert whole.ready
    assert whole.dead == []


def test_a_long_path_with_a_space_and_no_accounting(tmp_path: Path) -> None:
    home = tmp_path / "a folder" / ("deep" * 30)
    with held_cluster(home, "--no-accounting", "--nodes", "1") as slurm:
        assert not slurm.cluster.site.run.is_relative_to(home)
        assert slurm.cluster.site.run.stat().st_mode & 0o777 == 0o700
        output = slurm.run("srun", "printenv", "SLURMD_NODENAME").stdout
        assert output.strip() == "n1"
        refused = slurm.run("sacct", check=False)
        assert "accounting storage is disabled" in refused.stderr
    assert not slurm.cluster.site.run.exists()


def test_two_clusters_side_by_side(slurm: Slurm, tmp_path: Path) -> None:
    with held_cluster(tmp_path / "other", "--no-accounting", "--nodes", "1") as other:
        assert not set(other.cluster.site.ports) & set(slurm.cluster.site.ports)
        assert other.run("sinfo", "-h", "-p", "main", "-o", "%D").stdout.strip() == "1"
        assert slurm.run("sinfo", "-h", "-p", "main", "-o", "%D").stdout.strip() == str(slurm.cluster.site.node_count)
    assert slurm.cluster.dead == []


def test_a_killed_holder_of_the_pipe_ends_the_cluster(tmp_path: Path) -> None:
    script = (
        f"import sys, time; sys.path.insert(0, {str(TOOL.parent)!r}); from pathlib import Path\n"
        "from loopback.client import held_cluster\n"
        f"with held_cluster(Path({str(tmp_path / 'held')!r}), '--no-accounting', '--nodes', '1'):\n"
        "    print('ready', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        cluster = read(tmp_path / "held")
        holder.kill()
    assert cluster is not None
    assert eventually(lambda: not any(process.alive for process in cluster.processes.values()))
    assert eventually(lambda: not (tmp_path / "held" / "cluster.json").exists())


def test_a_dead_node_is_started_again(home: Path) -> None:
    assert tool("start", "--dir", home, "--nodes", "2", "--no-accounting").returncode == 0
    before = read(home)
    assert before is not None
    before.processes["n2"].signal(signal.SIGKILL)
    assert eventually(lambda: not before.processes["n2"].alive)
    slurm = Slurm(before, os.environ | {"SLURM_CONF": str(before.site.slurm_conf)})
    slurm.run("scontrol", "update", "nodename=n2", "state=down", "reason=test")
    assert tool("status", "--dir", home).returncode == 1
    again = tool("start", "--dir", home)
    assert "(n2)" in again.stdout, again.stderr
    after = read(home)
    assert after is not None
    assert after.dead == []
    assert after.processes["n1"] == before.processes["n1"]
    assert slurm.run("srun", "-w", "n2", "printenv", "SLURMD_NODENAME").stdout == "n2\n"
    assert tool("status", "--dir", home).returncode == 0


def test_configuration_names_every_node_once(tmp_path: Path) -> None:
    text = slurm_conf(Site(run=tmp_path, node_count=3, accounting=False, ports=(7001, 7002, 7003, 7004, 7005)))
    lines = [line.split()[0:4:3] for line in text.splitlines() if line.startswith("NodeName=")]
    assert lines == [["NodeName=n1", "Port=7003"], ["NodeName=n2", "Port=7004"], ["NodeName=n3", "Port=7005"]]
    assert "AccountingStorage" not in text


@pytest.mark.parametrize(
    ("version", "plugin"), [((22, 5), "cgroup/v1"), ((23, 11), "disabled"), ((24, 11), "disabled")]
)
def test_no_release_is_left_to_look_for_cgroups(version: tuple[int, int], plugin: str) -> None:
    assert cgroup_conf(version) == f"CgroupPlugin={plugin}\n"
