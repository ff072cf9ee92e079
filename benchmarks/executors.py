"""This repository's executor against snakemake-executor-plugin-slurm 2.8: short jobs on the loopback Slurm.

    python benchmarks/executors.py                                  # 200 jobs of one second
    python benchmarks/executors.py --jobs 40 --only submitit slurm

All run one after another on one cluster, 16 jobs at a time, each from a folder of its own, through wrappers that count
the calls of Slurm's commands. A job's end is what the job itself wrote, as its last act; when the head knows of it is
the time of Snakemake's own record. `slurm` is that plugin as it comes, `slurm-arrays` with --slurm-array-jobs=all,
`slurm-quick` with its waits set to a second. It is installed into .cache/benchmark, beside the packages of the lock.
Needs Slurm's packages (`make slurm` says which).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, quantiles

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests/slurm"))

from loopback.client import Slurm, held_cluster, why_not  # noqa: E402
from loopback.wrappers import Calls  # noqa: E402

PACKAGES = (
    "snakemake-executor-plugin-slurm==2.8.*",
    "snakemake-executor-plugin-slurm-jobstep==0.6.*",
    "throttler==1.2.*",
)
PACKAGES_FOLDER = REPOSITORY / ".cache/benchmark"
SLURM = ("--executor", "slurm")
EXECUTORS = {
    "submitit": ("--executor", "submitit"),
    "slurm": SLURM,
    "slurm-arrays": (*SLURM, "--slurm-array-jobs=all"),
    "slurm-quick": (*SLURM, "--slurm-init-seconds-before-status-checks=1", "--seconds-between-status-checks=1"),
}
COMMANDS = ("sbatch", "sacct", "squeue", "scontrol", "scancel")
MEGABYTES = 120_000  # of a node's 512 000: four jobs at a time on each of four nodes
SNAKEFILE = """
rule all:
    input: expand("out/{{n}}", n=range({jobs}))
rule one:
    output: "out/{{n}}"
    shell: "sleep 1; date +%s.%N > {{output}}"
"""
LOGGER = '''
import json
import os
import time

from snakemake_interface_logger_plugins.base import LogHandlerBase


class LogHandler(LogHandlerBase):
    """Appends when Snakemake said that a job has finished."""

    writes_to_stream, writes_to_file = False, True
    has_filter = has_formatter = True
    needs_rulegraph = False

    def __post_init__(self):
        self.baseFilename = os.environ["BENCHMARK_RECORD"]
        self.outputs = {}
        self.stream = open(self.baseFilename, "a", buffering=1)

    def emit(self, record):
        event = getattr(record, "event", None)
        if event == "job_info":
            self.outputs[record.jobid] = list(record.output)
        elif event == "job_finished":
            for path in self.outputs.get(record.job_id, []):
                print(json.dumps([path, time.time()]), file=self.stream)
'''


@dataclass(frozen=True)
class Measured:
    """One executor's run: seconds, counts of calls, CPU seconds of the head and its children."""

    name: str
    finished: int
    wall: float
    last: float
    delays: list[float]
    calls: dict[str, int]
    cpu: float


def main() -> None:
    options = arguments()
    reason = why_not(install=os.geteuid() == 0)
    if reason:
        sys.exit(reason)
    if any(name != "submitit" for name in options.only):
        provide_plugin()
    rows: list[Measured] = []
    print(heading(), flush=True)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch, held_cluster(Path(scratch, "cluster")) as slurm:
        for name in options.only:
            folder = Path(scratch, name)
            folder.mkdir()
            rows.append(measure(name, options.jobs, slurm, folder))
            print(row(rows[-1], rows[0]), flush=True)
            if rows[-1].finished < options.jobs:
                print((folder / "output.txt").read_text()[-3000:], file=sys.stderr)
    if any(one.finished < options.jobs for one in rows):
        sys.exit("not every job was finished")


def arguments() -> argparse.Namespace:
    """The command line."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--jobs", type=int, default=200, help="jobs for each executor (default: 200)")
    reader.add_argument(
        "--only", nargs="+", choices=EXECUTORS, default=list(EXECUTORS), help="executors (default: all; first = 1.0)"
    )
    return reader.parse_args()


def provide_plugin() -> None:
    """Install the other plugin into a folder of its own: the lock, and .venv, know nothing of it."""
    done = PACKAGES_FOLDER / "done"
    if done.exists() and done.read_text() == "\n".join(PACKAGES):
        return
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    command += ["--upgrade", "--no-deps", "--target", str(PACKAGES_FOLDER), *PACKAGES]
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
        sys.exit("the plugin to compare with could not be installed: try --only submitit")
    done.write_text("\n".join(PACKAGES))


def measure(name: str, jobs: int, slurm: Slurm, folder: Path) -> Measured:
    """Run one executor's jobs to the end, or to a limit past which something hangs."""
    (folder / "Snakefile").write_text(SNAKEFILE.format(jobs=jobs))
    plugin = folder / "plugins/snakemake_logger_plugin_benchmark"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text(LOGGER)
    command = [sys.executable, "-m", "snakemake", *EXECUTORS[name], "--logger", "benchmark", "--jobs", str(jobs)]
    command += ["--latency-wait", "30", "--default-resources", f"mem_mb={MEGABYTES}", "runtime=20"]
    with slurm.counted(folder / "bin") as calls:
        path = [str(plugin.parent), *([] if name == "submitit" else [str(PACKAGES_FOLDER)])]
        path += filter(None, [calls.environment.get("PYTHONPATH")])
        calls.environment |= {"PYTHONPATH": ":".join(path), "BENCHMARK_RECORD": str(folder / "finished")}
        began = time.time()
        cpu = cpu_seconds(command, calls.environment, folder, seconds=120 + 10 * jobs)
        measured = read_off(name, folder, began, calls, cpu)
    slurm.run("scancel", f"--user={os.getuid()}")
    return measured


def cpu_seconds(command: list[str], environment: dict[str, str], folder: Path, seconds: float) -> float:
    """Run a command and return the CPU seconds of it and its children; it is ended after `seconds`."""
    with (folder / "output.txt").open("wb") as output:
        head = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    until = time.monotonic() + seconds
    try:
        while True:
            pid, status, usage = os.wait4(head.pid, os.WNOHANG)
            if pid:
                head.returncode = os.waitstatus_to_exitcode(status)
                return usage.ru_utime + usage.ru_stime
            if time.monotonic() > until:
                until = float("inf")
                os.killpg(head.pid, signal.SIGKILL)
            time.sleep(0.05)
    except BaseException:
        os.killpg(head.pid, signal.SIGKILL)
        raise


def read_off(name: str, folder: Path, began: float, calls: Calls, cpu: float) -> Measured:
    """What a run has left, as figures."""
    wall = time.time() - began
    record = folder / "finished"
    known = dict(map(json.loads, record.read_text().splitlines())) if record.exists() else {}
    ended = {path: float((folder / path).read_text()) for path in known}  # not the file's time: Snakemake touches it
    return Measured(
        name=name,
        finished=len(known),
        wall=wall,
        last=max(known.values(), default=began) - began,
        delays=[known[path] - ended[path] for path in known],
        calls={command: calls[command] for command in COMMANDS},
        cpu=cpu,
    )


def heading() -> str:
    """The table's first two lines."""
    names = ["executor", "finished", "last result known", "ratio", "head ended", "mean delay", "median", "95 %"]
    names += [*COMMANDS, "calls", "ratio", "CPU of the head", "ratio"]
    return "\n".join([f"| {' | '.join(names)} |", "|---|" + "---:|" * (len(names) - 1)])


def row(one: Measured, first: Measured) -> str:
    """One line of the table; ratios are to the first."""

    def ratio(figure: Callable[[Measured], float]) -> str:
        return f"{figure(one) / figure(first):.1f}" if figure(first) else "-"

    delays = one.delays if len(one.delays) > 1 else [float("nan")] * 2
    seconds = (mean(delays), median(delays), quantiles(delays, n=20)[-1])
    cells = [one.name, str(one.finished), f"{one.last:.1f} s", ratio(lambda it: it.last), f"{one.wall:.1f} s"]
    cells += [f"{value:.1f} s" for value in seconds]
    cells += [str(one.calls[command]) for command in COMMANDS]
    cells += [str(sum(one.calls.values())), ratio(lambda it: sum(it.calls.values()))]
    cells += [f"{one.cpu:.1f} s", ratio(lambda it: it.cpu)]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
