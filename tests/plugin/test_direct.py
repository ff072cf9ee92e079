"""Plain shell jobs without an inner Snakemake: what they leave, see and say is what Snakemake would have left."""

import importlib
import json
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest
from snakemake.api import SnakemakeApi
from snakemake.exceptions import WorkflowError
from snakemake.resources import Resource
from snakemake.scheduling.greedy import SchedulerSettings as GreedySchedulerSettings
from snakemake.settings.types import (
    DAGSettings,
    DeploymentMethod,
    ExecutionSettings,
    OutputSettings,
    Quietness,
    RemoteExecutionSettings,
    ResourceSettings,
    SchedulingSettings,
    SharedFSUsage,
)
from snakemake.shell import shell
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
from snakemake_interface_executor_plugins.settings import ExecMode

from snakemake_executor_plugin_submitit.shell_rules import plain
from snakemake_executor_plugin_submitit.shell_rules.direct import script_of_plain, why_not_plain

# An executor of bash: each job's direct script (or the inner Snakemake) at once, or only a look at the jobs.
EXECUTOR = """
import os
import subprocess
from snakemake_executor_plugin_submitit.shell_rules import plain
from snakemake_executor_plugin_submitit.shell_rules.direct import script_of_plain, why_not_plain
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

common_settings = CommonSettings(
    non_local_exec=True, implies_no_shared_fs=False, job_deploy_sources=False, pass_envvar_declarations_to_cmd=False
)
seen = {}


class Executor(RemoteExecutor):
    def __post_init__(self):
        self.next_seconds_between_status_checks = 0.1
        self.workflow.remote_execution_settings.seconds_between_status_checks = 0.1

    def run_job(self, job):
        name = "+".join(sorted(job.rules))
        seen[name] = (job, self.workflow, script_of_plain(job, self.workflow), why_not_plain(job, self.workflow))
        self.report_job_submission(SubmittedJobInfo(job, external_jobid=name))

    async def check_active_jobs(self, active_jobs):
        for info in active_jobs:
            mode = os.environ["DIRECT_TEST_MODE"]
            direct, inner = seen[info.external_jobid][2], self.format_job_exec(info.job)
            with open(f"{info.external_jobid}.sh", "w", encoding="utf-8") as file:
                file.write("trap '' USR2\\n" + {"direct": direct, "inner": inner, "look": "exit 1"}[mode])
            with open(f"{info.external_jobid}.out", "w", encoding="utf-8") as out:
                done = subprocess.run(["bash", file.name], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
                print("exit", done.returncode, file=out)
            (self.report_job_error if done.returncode else self.report_job_success)(info)
        return
        yield

    def cancel_jobs(self, active_jobs):
        pass
"""


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """A folder for PYTHONPATH that holds the executor `directtest`, which this process knows too."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "snakemake_executor_plugin_directtest").mkdir()
    (folder / "snakemake_executor_plugin_directtest" / "__init__.py").write_text(EXECUTOR)
    sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module("snakemake_executor_plugin_directtest")
    finally:
        sys.path.remove(str(folder))
    ExecutorPluginRegistry().register_plugin("snakemake_executor_plugin_directtest", module)
    return folder


@contextmanager
def unheard():
    """Without log records: some hold what is no text, and a worker of pytest-xdist cannot hand that on."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def head(plugins):  # noqa: ARG001
    """`head(folder, snakefile, mode, target)` is Snakemake in this process.

    It returns of each rule the job, its workflow, its direct script and why there is none.
    """
    executor = sys.modules["snakemake_executor_plugin_directtest"]

    def run(folder, snakefile, mode="look", *targets, precommand="", latency_wait=1):
        executor.seen.clear()
        (folder / "Snakefile").write_text(snakefile)
        with (
            pytest.MonkeyPatch.context() as patch,
            unheard(),
            SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api,
        ):
            patch.setenv("DIRECT_TEST_MODE", mode)
            resources = ResourceSettings(nodes=100)
            workflow = api.workflow(resources, snakefile=folder / "Snakefile", workdir=folder)
            dag = workflow.dag(DAGSettings(targets=set(targets), forceall=True))
            try:
                dag.execute_workflow(
                    executor="directtest",
                    execution_settings=ExecutionSettings(keep_going=True, latency_wait=latency_wait),
                    remote_execution_settings=RemoteExecutionSettings(precommand=precommand),
                    scheduling_settings=SchedulingSettings(scheduler="greedy"),
                    scheduler_settings=GreedySchedulerSettings(),
                )
            except WorkflowError as problem:
                if "At least one job" not in str(problem):
                    raise
        return dict(executor.seen)

    return run


SAME = r'''
config = {"colour": "deep blue", "list": ["x y", "z"]}


def doubled(wildcards, input, threads):
    return [f"{wildcards.name} {threads}"] * 2


rule all:
    input:
        "quotes/it's \"$HOME\" `b`;&.txt",
        "braces.txt",
        "values of v w.txt",
        "deep/er/log.txt",
        "folder",
        "link.txt",
        "touched/a.txt",
        "protected.txt",
        "several.one",
        "shell.txt",
        "checkpoint.txt",
        "used.txt",
        "many.txt",
        "unset", "pipe", "code", "half", "second", "killed", "nothing", "kind", "empty", "not_made",


rule quotes:
    input: "in it's \"$HOME\".txt"
    output: "quotes/it's \"$HOME\" `b`;&.txt"
    shell: "cat {input:q} > {output:q}; echo {output:q} {input:q} >> {output:q}"


rule braces:
    output: "braces.txt"
    params: text=r"back\slash 100% 'single' $HOME"
    shell:
        """
        for i in 1 2; do
            echo "line ${{i}} of $((i + 1))"  # a comment's quote
        done > {output}
        cat <<'END' >> {output}
{params.text} {{not a field}}
END
        echo {params.text:q} "$(echo 'a  b')" >> {output}

        """


rule values:
    output: "values of {name}.txt"
    log: "logs/{name}.log", second="logs/second {name}.log"
    params: 7, doubled=doubled, list=["p q", "r"], number=1.50, nothing=None
    threads: 3
    resources: mem_mb=700, tag="a tag", gpu=0
    shell:
        "echo '{wildcards} {wildcards.name} {threads} {resources.mem_mb} {resources.tag} {resources.gpu} {rule} {log}"
        " {params} {params[0]:03d} {params.doubled} {params.list:q} {params.number:.3f} {params.nothing!r}"
        " {config[colour]} {config[list][0]} {output!r:>40}' > {output:q}; pwd -P | sed 's,.*/,,' >> {output:q}"


rule log:
    output: "deep/er/log.txt"
    log: "old/log.txt", "logs/not written.txt"
    shell: "ls {output} old deep > {output} 2>&1 || true; echo {log} > {log[0]}; echo out; echo err >&2"


rule folder:
    output: directory("folder")
    shell: "mkdir {output}; date > /dev/null; ls -A {output} > listing; mv listing {output}"


rule link:
    output: "link.txt"
    shell: "ls -l {output} 2>/dev/null || echo gone > {output}"


rule touched:
    output: touch("touched/a.txt"), touch("touched/b.txt"), "touched/c.txt"
    shell: "ls -A touched > {output[2]}; echo by the command > {output[1]}"


rule protected:
    output: protected("protected.txt")
    shell: "echo precious > {output}"


rule several:
    output: multiext("several", ".one", ".two")
    shell: "echo {output} | tee {output[0]} > {output[1]}"


rule shell:
    output: "shell.txt"
    shell: "umask u=rwx,g=rx; cat > {output}; ls -l /proc/self/fd | wc -l >> {output}; echo \"$0 $- $#\" >> {output};"
        " ulimit -a >> {output}; trap -p >> {output}; shopt >> {output}; kill -USR2 $$; echo alive >> {output}"


checkpoint checkpoint:
    output: "checkpoint.txt"
    shell: "echo checked > {output}"


rule temporary:
    output: temp("temporary.txt"), ensure("full.txt", non_empty=True)
    shell: "echo temporary | tee {output}"


rule used:
    input: ancient("temporary.txt"), "full.txt"
    output: "used.txt"
    shell: "cat {input} > {output}"


rule many:
    input: [f"inputs/{i}" for i in range(300)], []
    output: "many.txt"
    shell: "cat {input} | wc -c > {output}"


rule unset:
    output: "unset"
    shell: "echo half > {output}; echo $NO_SUCH_VARIABLE"


rule pipe:
    output: "pipe"
    shell: "false | cat > {output}"


rule code:
    output: "code"
    shell: "echo half > {output}; exit 3"


rule half:
    output: "half", "half, second"
    log: "half.log"
    shell: "echo half > {output[0]}; echo half > {log}; false; echo never > {output[1]}"


rule second:
    output: "first", "second"
    shell: "echo one > {output[0]}"


rule killed:
    output: "killed"
    shell: "echo half > {output}; kill -9 $$"


rule nothing:
    output: "nothing"
    shell: ""


rule kind:
    output: "kind"
    shell: "mkdir {output}; touch {output}/inside"


rule empty:
    output: ensure("empty", non_empty=True)
    shell: "touch {output}"


rule not_made:
    output: directory("not_made")
    shell: "touch {output}"
'''


def prepare(folder):
    """What lies there before: inputs, and old outputs and logs that must not be seen by the commands."""
    (folder / 'in it\'s "$HOME".txt').write_bytes(b"read \xff me\n")
    for path in ("old/log.txt", "folder/old/file.txt", "touched/c.txt", "several.two", "code", "second"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("old")
    (folder / "inputs").mkdir()
    for i in range(300):
        (folder / "inputs" / str(i)).write_text("x" * i)
    (folder / "link.txt").symlink_to("nowhere")
    (folder / "kind").mkdir()


def kept(folder):
    """What a run left, by path: the bytes of a file or the target of a link, and its mode."""
    own = (".snakemake", "Snakefile", ".sh", ".out")
    paths = [path for path in folder.rglob("*") if not str(path.relative_to(folder)).startswith(own[:2])]
    return {
        str(path.relative_to(folder)): (content(path), stat.S_IMODE(path.lstat().st_mode))
        for path in paths
        if path.suffix not in own[2:]
    }


def content(path):
    if path.is_symlink():
        return str(path.readlink())
    return "folder" if path.is_dir() else path.read_bytes()


@pytest.fixture(scope="module")
def folders(head, tmp_path_factory):
    """Two folders after the same jobs: run directly, and by Snakemake."""
    direct, usual = (tmp_path_factory.mktemp(name) / "study" for name in ("direct", "usual"))
    for folder in (direct, usual):
        folder.mkdir()
        prepare(folder)
    jobs = head(direct, SAME, "direct")
    assert [why for _, _, _, why in jobs.values() if why] == []
    (usual / "Snakefile").write_text(SAME)
    command = [sys.executable, "-m", "snakemake", "--cores=4", "--forceall", "--keep-going", "--latency-wait=1"]
    script = f"trap '' USR2\n{' '.join(command)}"
    done = subprocess.run(["bash", "-c", script], cwd=usual, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    return direct, usual


def test_the_same_files_are_left(folders):
    direct, usual = map(kept, folders)
    assert sorted(direct) == sorted(usual)
    assert {path: (direct[path], usual[path]) for path in direct if direct[path] != usual[path]} == {}


def test_files_hold_what_the_snakefile_says(folders):
    direct, _ = folders
    assert (direct / "values of v w.txt").read_text() == (
        "name=v w v w 3 700 a tag 0 values logs/v w.log logs/second v w.log"
        " 7 [v w 3, v w 3] [p q, r] 1.5 None 007 v w 3 v w 3 p q r 1.500 None deep blue x y"
        "                    [values of v w.txt]\nstudy\n"
    )
    assert (direct / "braces.txt").read_text() == (
        "line 1 of 2\nline 2 of 3\nback\\slash 100% 'single' $HOME {not a field}\n"
        "back\\slash 100% 'single' $HOME a  b\n"
    )
    assert (direct / "link.txt").read_text() == "gone\n"
    assert (direct / "touched/c.txt").read_text() == "c.txt\n"
    assert (direct / "touched/b.txt").read_text() == "by the command\n"
    assert [path.name for path in (direct / "folder").iterdir() if path.name != ".snakemake_timestamp"] == ["listing"]
    assert (direct / "protected.txt").stat().st_mode & 0o222 == 0
    assert not (direct / "temporary.txt").exists()
    assert (direct / "log.out").read_text() == "out\nerr\nexit 0\n"


def test_a_failed_command_is_the_end_and_the_last_line_says_so(folders):
    direct, _ = folders
    failed = ("code", "pipe", "unset", "killed")
    ends = {name: (direct / f"{name}.out").read_text().splitlines()[-2:] for name in failed}
    assert ends == {
        "code": ["Command exited with non-zero exit code 3.", "exit 3"],
        "pipe": ["Command exited with non-zero exit code 1.", "exit 1"],
        "unset": ["Command exited with non-zero exit code 1.", "exit 1"],
        "killed": ["Command exited with non-zero exit code 137 (signal KILL).", "exit 137"],
    }
    lost = (*failed, "half", "half, second", "first", "second", "empty", "not_made")
    assert [path for path in lost if (direct / path).exists()] == []
    assert (direct / "half.log").read_text() == "half\n"


def test_outputs_that_are_missing_or_of_the_wrong_kind_are_found_in_the_job(folders):
    direct, _ = folders
    lines = (direct / "second.out").read_text().splitlines()
    assert lines[:2] == ["Waiting at most 1 seconds for missing files:", "second (missing locally)"]
    assert lines[2].startswith("Job completed successfully, but some output files are missing. Missing files after 1 s")
    assert lines[3].startswith("second (missing locally, parent dir contents: .snakemake, ")
    for name in ("kind", "not_made"):
        assert (direct / f"{name}.out").read_text().splitlines() == [
            "Outputs of incorrect type (directories when expecting files or vice versa).",
            f"Output directories must be flagged with directory(). Rule {name}:",
            f"    {name}",
            "exit 1",
        ]


ENVIRONMENT = r"""
envvars: "ASKED_FOR"
rule all:
    input: "system", "given"
rule system:
    output: "system"
    threads: 2
    shell: "env -0 | sort -z > {output}; test -d $TMPDIR"
rule given:
    output: "given"
    resources: tmpdir="made here/tmp"
    shell: "env -0 | sort -z > {output}; cd \"$TMPDIR\""
"""


def variables(path):
    """An environment as env -0 wrote it, apart from where it was and how the executor was told to run."""
    lines = path.read_text().replace(str(path.parent), "HERE").split("\0")
    return {line.split("=", 1)[0]: line.split("=", 1)[-1] for line in lines if not line.startswith("DIRECT_TEST_MODE=")}


def test_the_command_sees_what_it_sees_under_the_inner_snakemake(head, tmp_path, monkeypatch):
    places = [tmp_path / name for name in ("direct", "inner")]
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", f"{tmp_path}//temporary/../temporary/")
    monkeypatch.setenv("ASKED_FOR", "two\nlines 'and' \"quotes\"")
    monkeypatch.setenv("CDPATH", "/usr")
    monkeypatch.setenv("BASH_FUNC_a_function%%", "() { echo of mine; }")
    for name in ("file", "folder", "missing", "old", "words", "since", "OLDPWD", "OMP_NUM_THREADS", "TEMP"):
        monkeypatch.setenv(name, f"my {name}")
    seen = []
    for place in places:
        place.mkdir()
        head(place, ENVIRONMENT, place.name)
        seen.append([variables(place / name) for name in ("system", "given")])
    assert seen[0] == seen[1]
    system, given = seen[0]
    assert system["TMPDIR"] == system["TMP"] == system["TEMP"] == system["TEMPDIR"] == f"{tmp_path}/temporary"
    assert given["TMPDIR"] == given["TMP"] == given["TEMP"] == given["TEMPDIR"] == "made here/tmp"
    assert (system["OMP_NUM_THREADS"], given["MKL_NUM_THREADS"]) == ("2", "1")
    assert (system["file"], system["PWD"]) == ("my file", "HERE")


ONE = r"""
envvars: "ASKED_FOR"
rule one:
    input: "in/a file", "in/b"
    output: "out/it's one", directory("out/folder"), touch("flag")
    log: "logs/one"
    shell: "cat {input:q} > {output[0]:q}; mkdir {output[1]}; echo {resources.tag} $TMPDIR > {log}"
"""


@pytest.fixture
def one(head, tmp_path, monkeypatch):
    """`one(tmpdir, latency_wait)` is the script of one job in `study`, a folder with its inputs, for `bash`."""
    study = tmp_path / "study"
    (study / "in").mkdir(parents=True)
    for name in ("a file", "b"):
        (study / "in" / name).write_text(name)
    monkeypatch.setenv("ASKED_FOR", "")

    def script(tmpdir="'here'", latency_wait=1):
        resources = f'    resources: tag="tagged"{f", tmpdir={tmpdir}" if tmpdir else ""}\n    shell'
        _, _, script, why = head(study, ONE.replace("    shell", resources), latency_wait=latency_wait)["one"]
        assert why == ""
        shutil.rmtree(study / ".snakemake")
        return script

    return script


def bash(script, folder, **options):
    """Exit code and output of a script."""
    done = subprocess.run(["bash", "-c", script], cwd=folder, text=True, stdout=PIPE, stderr=STDOUT, **options)
    return done.returncode, done.stdout


def test_a_script_needs_nothing_of_snakemake(one, tmp_path):
    script = one()
    assert bash(script, tmp_path / "study") == (0, "")
    assert sorted(map(str, (path.relative_to(tmp_path / "study") for path in (tmp_path / "study").rglob("*")))) == [
        *["Snakefile", "here", "in", "in/a file", "in/b", "logs", "logs/one", "one.out", "one.sh"],
        *["out", "out/folder", "out/it's one"],
    ]
    assert (tmp_path / "study/out/it's one").read_text() == "a fileb"
    assert (tmp_path / "study/logs/one").read_text() == "tagged here\n"


def test_an_input_that_is_shown_late_is_waited_for(one, tmp_path):
    script, late = one(latency_wait=60), tmp_path / "study/in/b"
    late.unlink()
    job = subprocess.Popen(["bash", "-c", script], cwd=tmp_path / "study", text=True, stdout=PIPE, stderr=STDOUT)
    with job:
        said = job.stdout.readline() + job.stdout.readline()
        late.write_text("late")
        said += job.stdout.read()
    assert (job.returncode, said) == (0, "Waiting at most 60 seconds for missing files:\nin/b (missing locally)\n")
    assert (tmp_path / "study/out/it's one").read_text() == "a filelate"


@pytest.mark.parametrize("latency_wait", [0, 1])
def test_an_input_that_never_comes_fails_the_job_before_anything_is_removed(one, tmp_path, latency_wait):
    study, script = tmp_path / "study", one(latency_wait=latency_wait)
    shutil.rmtree(study / "in")
    (study / "out").mkdir()
    (study / "out/it's one").write_text("of before")
    assert bash(script, study) == (
        1,
        f"Waiting at most {latency_wait} seconds for missing files:\n"
        "in/a file (missing locally)\nin/b (missing locally)\n"
        f"Missing files after {latency_wait} seconds. This might be due to filesystem latency. "
        "If that is the case, consider to increase the wait time with --latency-wait:\n"
        "in/a file (missing locally, parent dir not present)\nin/b (missing locally, parent dir not present)\n",
    )
    assert (study / "out/it's one").read_text() == "of before"


def test_what_is_in_the_way_is_named(one, tmp_path):
    study, script = tmp_path / "study", one()
    (study / "out").write_text("a file")
    code, output = bash(script, study)
    assert (code, output.splitlines()[-1]) == (1, "Failed to create output directory.")
    (study / "out").unlink()
    (study / "out/it's one/inside").mkdir(parents=True)
    code, output = bash(script, study)
    assert (code, output.splitlines()[0]) == (1, "Skipped removing non-empty directory out/it's one")


def test_a_variable_that_the_workflow_asks_for_must_be_there(one, tmp_path, monkeypatch):
    script = one()
    monkeypatch.delenv("ASKED_FOR")
    assert bash(script, tmp_path / "study") == (
        1,
        "The following environment variables are requested by the workflow but undefined.\n"
        "Please make sure that they are correctly defined before running Snakemake: ASKED_FOR\n",
    )


@pytest.fixture
def open_folder():
    """A folder that any user may enter, since root may write whatever is protected."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def test_write_protected_outputs_are_refused(one, open_folder):
    script, user = one(), {"user": 65534} if os.getuid() == 0 else {}
    for path in ("in/a file", "in/b", "out/it's one", "out/folder/inside", "linked"):
        (open_folder / path).parent.mkdir(parents=True, exist_ok=True)
        (open_folder / path).write_text("kept")
    for path in open_folder.rglob("*"):
        os.chown(path, user.get("user", -1), -1)
    (open_folder / "out/it's one").chmod(0o444)
    assert bash(script, open_folder, **user) == (
        1,
        "Write-protected output files for rule one:\n    out/it's one\n",
    )
    assert (open_folder / "out/it's one").read_text() == (open_folder / "out/folder/inside").read_text() == "kept"
    (open_folder / "linked").chmod(0o444)
    (open_folder / "out/it's one").unlink()
    (open_folder / "out/it's one").symlink_to("../linked")
    assert bash(script, open_folder, **user) == (0, "")
    assert (open_folder / "linked").read_text() == "kept"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"TMPDIR": "{folder}/a b/"},
        {"TMPDIR": "{folder}/nowhere", "TEMP": "", "TMP": "{folder}/a b/../link/."},
        {"TMPDIR": "{folder}/a file", "TEMP": "{folder}//link"},
        {"TEMP": "relative", "TMP": "{folder}/link"},
        {"TMPDIR": "../study/relative/"},
    ],
    ids=["none", "slash", "missing", "file", "relative", "up"],
)
def test_the_tmpdir_is_the_one_that_python_finds_on_the_node(one, tmp_path, monkeypatch, variables):
    study = tmp_path / "study"
    script = one(tmpdir="")
    for name in ("a b", "study/relative"):
        (tmp_path / name).mkdir()
    (tmp_path / "a file").touch()
    (tmp_path / "link").symlink_to("a b")
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(folder=tmp_path))
    assert bash(script, study) == (0, "")
    expected = subprocess.check_output(
        [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"], cwd=study
    )
    assert (study / "logs/one").read_text() == f"tagged {expected.decode()}"
    assert list((tmp_path / "a b").iterdir()) == []


HEAD_DIES = r"""
import os
rule all:
    input: "next.txt"
rule dies:
    output: "result.txt"
    shell: "echo half > {output}; if [ -e head.pid ]; then kill -9 $(cat head.pid); fi; echo whole > {output}"
rule next:
    input: "result.txt"
    output: "next.txt"
    shell: "cat {input} > {output}"
"""


def test_outputs_of_a_job_whose_head_died_stay_marked_as_incomplete(plugins, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(plugins))
    monkeypatch.setenv("DIRECT_TEST_MODE", "direct")
    (tmp_path / "Snakefile").write_text(HEAD_DIES)

    def snakemake(*options):
        command = [sys.executable, "-m", "snakemake", "--executor=directtest", "--jobs=1", *options]
        return subprocess.Popen(command, cwd=tmp_path, stdout=PIPE, stderr=STDOUT, text=True)

    with snakemake() as head:
        (tmp_path / "head.pid").write_text(str(head.pid))
        head.communicate()
    assert head.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while (tmp_path / "result.txt").read_text() != "whole\n" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(list((tmp_path / ".snakemake/incomplete").iterdir())) == 1
    (tmp_path / "head.pid").unlink()
    with snakemake("--nolock") as head:
        output = head.communicate()[0]
    assert head.returncode == 1
    assert "Incomplete files:\nresult.txt" in output
    with snakemake("--nolock", "--rerun-incomplete") as head:
        output = head.communicate()[0]
    assert head.returncode == 0
    assert (tmp_path / "next.txt").read_text() == "whole\n"
    assert "3 of 3 steps (100%) done" in output


KINDS = r"""
import functools, os
GLOBAL = "value"
def scratch(wildcards):
    return os.environ.get("SLURM_TMPDIR", "")
def indirect(wildcards):
    return scratch(wildcards)
def harmless(wildcards, input, output, threads, resources):
    return f"{wildcards} {input} {output} {threads} {resources.mem_mb}"
rule all:
    input: [f"{name}.txt" for name in NAMES]
rule script:
    output: "script.txt"
    script: "script.py"
rule run:
    output: "run.txt"
    run: pass
rule notebook:
    output: "notebook.txt"
    notebook: "notebook.ipynb"
rule wrapper:
    output: "wrapper.txt"
    wrapper: "file:wrapper"
rule group:
    output: "group.txt"
    group: "together"
    shell: "touch {output}"
rule piped:
    output: pipe("piped.pipe")
    shell: "echo > {output}"
rule pipe:
    input: "piped.pipe"
    output: "pipe.txt"
    shell: "cat {input} > {output}"
rule shadow:
    output: "shadow.txt"
    shadow: "minimal"
    shell: "touch {output}"
rule benchmark:
    output: "benchmark.txt"
    benchmark: "benchmark.tsv"
    shell: "touch {output}"
rule cache:
    output: "cache.txt"
    cache: True
    shell: "touch {output}"
rule update:
    output: update("update.txt")
    shell: "touch {output}"
rule before_update:
    input: before_update("given.txt")
    output: "before_update.txt"
    shell: "touch {output}"
rule local:
    input: local("given.txt")
    output: "local.txt"
    shell: "touch {output}"
rule source:
    input: workflow.source_path("given.txt")
    output: "source.txt"
    shell: "touch {output}"
rule source_param:
    output: "source_param.txt"
    params: workflow.source_path("given.txt")
    shell: "cat {params} > {output}"
rule shell_exec:
    output: "shell_exec.txt"
    resources: shell_exec="sh"
    shell: "touch {output}"
rule tmpdir_function:
    output: "tmpdir_function.txt"
    resources: tmpdir=lambda wildcards: "/scratch"
    shell: "touch {output}"
rule tmpdir_used:
    output: "tmpdir_used.txt"
    shell: "touch {output} {resources.tmpdir}"
rule tmpdir_param:
    output: "tmpdir_param.txt"
    params: lambda wildcards, resources: "--big" if resources.tmpdir else ""
    shell: "touch {output} {params}"
rule tmpdir_joined:
    output: "tmpdir_joined.txt"
    params: lambda wildcards, resources: " ".join(map(str, resources))
    shell: "touch {output} {params}"
rule environment_param:
    output: "environment_param.txt"
    params: lambda wildcards: [os.getenv(name) for name in ("A", "B")]
    shell: "touch {output} {params}"
rule indirect_param:
    output: "indirect_param.txt"
    params: scratch=indirect
    shell: "touch {output} {params}"
rule partial_param:
    output: "partial_param.txt"
    params: functools.partial(scratch)
    shell: "touch {output} {params}"
rule global_variable:
    output: "global_variable.txt"
    shell: "echo {GLOBAL} > {output}"
rule jobid:
    output: "jobid.txt"
    shell: "echo {jobid} > {output}"
rule expression:
    output: "expression.txt"
    shell: "touch {output} " + GLOBAL
rule nested:
    output: "nested.txt"
    shell: "touch {output:{threads}}"
rule long:
    output: "long.txt"
    params: "x" * 70000
    shell: "touch {output}; : {params}"
rule export:
    output: "export.txt"
    resources: slurm_extra="--export=NONE"
    shell: "touch {output}"
rule not_text:
    output: "not_text.txt"
    params: "a\udcff"
    shell: "touch {output} {params}"
rule plain:
    input: ancient("given.txt"), unpack(lambda wildcards: {"named": "given.txt"})
    output: report("plain.txt")
    params: harmless, n=lambda wildcards, attempt=1: 7
    threads: lambda wildcards: int(os.environ.get("NO_SUCH", "2"))
    resources: mem_mb=100, runtime=lambda wildcards, attempt: 5 * attempt, gpu=1
    priority: 5
    retries: 2
    conda: "environment.yaml"
    container: "docker://nothing"
    envmodules: "module"
    message: "plain"
    shell: "touch {output}"
"""

WHY = {
    "script": "it runs no shell command",
    "run": "it runs no shell command",
    "notebook": "it runs no shell command",
    "wrapper": "it runs no shell command",
    "group": "it is a group of jobs",
    "pipe+piped": "it is a group of jobs",
    "shadow": "it runs in a shadow directory",
    "benchmark": "it is benchmarked",
    "cache": "its output may come from the cache",
    "update": "its output update.txt is flagged update",
    "before_update": "its input given.txt is flagged before_update",
    "local": "its input given.txt is flagged local",
    "source": "flagged sourcecache_entry",
    "source_param": "its command uses the source cache",
    "shell_exec": "the resource shell_exec names another shell",
    "tmpdir_function": "its tmpdir is an expression",
    "tmpdir_used": "its command uses what is known only on the node",
    "tmpdir_param": "a function of its params looks at tmpdir",
    "tmpdir_joined": "its command uses what is known only on the node",
    "environment_param": "a function of its params looks at getenv",
    "indirect_param": "a function of its params looks at environ",
    "partial_param": "a function of its params looks at what a partial returns",
    "global_variable": "its command uses {GLOBAL}",
    "jobid": "its command uses {jobid}",
    "expression": "its command is an expression",
    "nested": "its command has a field within a field",
    "long": "its command is too long for one argument",
    "export": "it has not the head's environment",
    "not_text": "it cannot be judged: UnicodeEncodeError",
    "plain": "",
}


@pytest.fixture(scope="module")
def kinds(head, tmp_path_factory):
    """One job of each kind, as the executor saw it."""
    folder = tmp_path_factory.mktemp("kinds")
    for name in ("given.txt", "script.py", "update.txt", "environment.yaml"):
        (folder / name).touch()
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"language_info": {"name": "python"}}, "cells": []}
    (folder / "notebook.ipynb").write_text(json.dumps(notebook))
    (folder / "wrapper").mkdir()
    (folder / "wrapper/wrapper.py").touch()
    return head(folder, KINDS.replace("NAMES", repr([kind.split("+")[0] for kind in WHY])))


@pytest.mark.parametrize("kind", WHY)
def test_each_kind_that_is_not_plain_says_why(kinds, kind):
    _, _, script, why = kinds[kind]
    assert WHY[kind] in why
    assert (script is None, why == "") == (WHY[kind] != "", WHY[kind] == "")


ODD = {  # what is put in the place of a plain job's value, and the reason it gives
    "job.__class__.is_local": [(True, "it runs on the head")],
    "job.pipe_group": [(object(), "it is tied to a pipe or a service")],
    "job.pipe_or_service_output": [({"plain.txt"}, "it is tied to a pipe or a service")],
    "job._queue_input": [({object()}, "its inputs come from a queue")],
    "job.rule.is_handover": [(True, "it hands over to another system")],
    "workflow.deployment_settings.deployment_method": [
        ({DeploymentMethod.CONDA}, "it runs in a conda environment"),
        ({DeploymentMethod.APPTAINER}, "it runs in a container"),
        ({DeploymentMethod.ENV_MODULES}, "it loads environment modules"),
    ],
    "workflow.storage_settings.shared_fs_usage": [
        (SharedFSUsage.all() - {SharedFSUsage.SOURCES}, "head and nodes do not share sources"),
        (frozenset(), "head and nodes do not share input-output, persistence, "),
    ],
    "workflow.storage_settings.default_storage_provider": [("s3", "its files are in the default storage provider")],
    "workflow.workflow_settings.exec_mode": [(ExecMode.REMOTE, "this Snakemake is itself a job")],
    "workflow.remote_execution_settings.immediate_submit": [(True, "--immediate-submit leaves no head to finish it")],
    "workflow.remote_execution_settings.precommand": [("module load gcc", "--precommand is given")],
    "shell._process_prefix": [("set -e; ", "shell.prefix is set")],
    "shell._process_suffix": [("; true", "shell.suffix is set")],
    "shell._process_args": [
        ({"executable": "/bin/sh"}, "its shell is not the usual bash"),
        ({**shell._process_args, "cwd": "/"}, "its shell has arguments of its own"),
    ],
    "plain.snakemake_version": [("10.0.0", "Snakemake 10.0.0 is not known here")],
}


@pytest.mark.parametrize(("path", "value", "reason"), [(path, *odd) for path, found in ODD.items() for odd in found])
def test_each_circumstance_that_is_not_plain_says_why(kinds, monkeypatch, path, value, reason):
    job, workflow, _, _ = kinds["plain"]
    assert why_not_plain(job, workflow) == ""
    name, *middle, last = path.split(".")
    holder = {"job": job, "workflow": workflow, "shell": shell, "plain": plain}[name]
    monkeypatch.setattr(reduce(getattr, middle, holder), last, value)
    assert why_not_plain(job, workflow).startswith(reason)
    assert script_of_plain(job, workflow) is None


def test_a_shell_of_the_snakefile_and_an_environment_that_jobs_do_not_get_are_not_plain(kinds, monkeypatch):
    job, workflow, _, _ = kinds["plain"]
    monkeypatch.setenv("SBATCH_EXPORT", "NONE")
    assert why_not_plain(job, workflow) == "it has not the head's environment"
    monkeypatch.setenv("SBATCH_EXPORT", "ALL")
    assert why_not_plain(job, workflow) == ""
    monkeypatch.setitem(job.rule.run_func.__globals__, "shell", print)
    assert why_not_plain(job, workflow) == "its Snakefile has a shell() of its own"


@pytest.mark.parametrize(
    ("expression", "tmpdir"),
    [("system_tmpdir", None), ("/scratch/a-b", "/scratch/a-b"), ("'/scratch/x'", "/scratch/x"), ('"/s"', "/s")]
    + [
        (text, "")
        for text in ("'/scratch/' + wildcards.x", "$SCRATCH", "/scratch/$USER", "'~/x'", "choose_tmp(['/a'])")
    ],
)
def test_a_tmpdir_of_the_command_line_is_known_or_not_plain(kinds, monkeypatch, expression, tmpdir):
    job, workflow, _, _ = kinds["plain"]
    monkeypatch.setitem(job.rule.resources._data, "tmpdir", Resource.from_cli_expression("tmpdir", expression))
    assert why_not_plain(job, workflow) == ("its tmpdir is an expression" if tmpdir == "" else "")
    assert not tmpdir or f"\nsubmitit_tmp={tmpdir} || exit 1\n" in script_of_plain(job, workflow)
